/** Asks before a prompt with something doubtful in it is sent. Nothing has been sent or written by then. */
import * as vscode from 'vscode';
import { promptProblems } from '../../core/agent/promptChecks.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { plainMessage } from '../plainLabel.ts';

const SEND = 'Send Anyway';

/** Whether it is to be sent. */
export async function maySend(
	prompt: Prompt,
	model: string,
	{ choice }: { readonly choice: Pick<ModelChoice, 'isDemo' | 'infoFor' | 'modelFor'> },
): Promise<boolean> {
	const { windowTokens } = choice.infoFor(choice.modelFor(model));
	const problems = promptProblems(prompt, { windowTokens, isLocal: choice.isDemo });
	if (problems.length === 0) return true;
	const detail = plainMessage(problems.map(({ text }) => text).join('\n\n'));
	return (await vscode.window.showWarningMessage('Send this message?', { modal: true, detail }, SEND)) === SEND;
}
