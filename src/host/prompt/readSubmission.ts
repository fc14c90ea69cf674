/** What the user sent, as the prompt it stands for: slash commands are read, attachments and mentions loaded. Sends nothing. */
import { makePrompt } from '../../core/agent/makePrompt.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { Workspace } from '../../core/ports.ts';
import type { InstructionPlace } from '../../core/skills/expandInstruction.ts';
import type { PromptAttachment } from '../../protocol/toHost.ts';
import type { ResourceReader } from '../mcp/mcpMentions.ts';
import { readAttachments } from './attachments.ts';
import type { CustomCommands } from './customCommands.ts';
import type { SessionDigests } from './sessionMentions.ts';

type Submission = {
	readonly text: string;
	readonly attached: readonly PromptAttachment[];
	/** A slash at its start means nothing. */
	readonly isLiteral: boolean;
};

type SubmissionWorld = {
	readonly workspace: Workspace;
	readonly cwd: string;
	/** What the variables of a command's file stand for. */
	readonly place?: InstructionPlace;
	readonly digests: SessionDigests;
	readonly customCommands?: Pick<CustomCommands, 'read'>;
	readonly readResource?: ResourceReader;
};

/** `unknown`: the name of a command that is not there. Nothing at all: the user left it. */
export async function readSubmission(
	{ text, attached, isLiteral }: Submission,
	{ workspace, cwd, place = {}, digests, customCommands, readResource }: SubmissionWorld,
): Promise<{ readonly prompt?: Prompt; readonly unknown?: string }> {
	const meaning = isLiteral ? undefined : await customCommands?.read(text, place, new AbortController().signal);
	if (meaning?.kind === 'cancelled') return {};
	if (meaning?.kind === 'unknown') return { unknown: meaning.name };
	const [words, mentioning] =
		meaning?.kind === 'prompt'
			? [meaning.text, meaning.isForeign ? meaning.command.argument : meaning.text]
			: [text, text];
	const attachments = await readAttachments(mentioning, attached, workspace, cwd, digests, readResource);
	const prompt = makePrompt(words, attachments);
	return { prompt: meaning?.kind === 'prompt' ? { ...prompt, command: meaning.command } : prompt };
}
