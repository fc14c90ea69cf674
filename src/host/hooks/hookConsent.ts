/**
 * Whether hooks of a file may run: a project's are asked about by their content, again when that changes; the user's own file once, since
 * it was written for another program. Shows every command whole before anything is agreed to.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { type HookSet, hookLines } from '../../core/hooks/hookSets.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';

const KEY = 'retrace.hookAnswers';
/** By path: of which content, and what. */
const answersSchema = z.record(z.string(), z.object({ hash: z.string(), answer: z.enum(['yes', 'no']) })).catch({});
/** What a dialog can show whole. */
const MAX_SHOWN_LINES = 40;
const MAX_SHOWN_CHARS = 6_000;

const REVIEW = 'Review…';
const RUN = 'Run These Hooks';
const NEVER = 'Never Run Them';

export type HookConsent = {
	/** Undefined: nobody answered for this content. */
	answerFor(set: HookSet): 'yes' | 'no' | undefined;
	/** Once per content and window. Resolves with whether the answer is another one now; rejects when it cannot be kept. */
	ask(set: HookSet): Promise<boolean>;
	/** All that there are, with what was answered, to be changed. */
	review(sets: readonly HookSet[]): Promise<boolean>;
};

export type ConsentWorld = {
	readonly workspaceState: vscode.Memento;
	readonly globalState: vscode.Memento;
	hash(text: string): string;
	relativePath(path: string): string;
};

export function createHookConsent({ workspaceState, globalState, hash, relativePath }: ConsentWorld): HookConsent {
	const stateOf = (set: HookSet) => (set.source === 'user' ? globalState : workspaceState);
	const answersOf = (set: HookSet) => answersSchema.parse(stateOf(set).get(KEY, {}));
	/** The user's own file is asked about once, whatever it holds later. */
	const hashOf = (set: HookSet) => (set.source === 'user' ? 'once' : hash(set.content));
	const asked = new Set<string>();

	const answerFor: HookConsent['answerFor'] = (set) => {
		if (set.source === 'settings') return 'yes';
		const known = answersOf(set)[set.path];
		return known?.hash === hashOf(set) ? known.answer : undefined;
	};

	const keep = async (set: HookSet, answer: 'yes' | 'no') => {
		await stateOf(set).update(KEY, { ...answersOf(set), [set.path]: { hash: hashOf(set), answer } });
	};

	const decide = async (set: HookSet): Promise<boolean> => {
		const lines = hookLines(set.hooks);
		const detail = lines.join('\n');
		const name = relativePath(set.path);
		if (lines.length > MAX_SHOWN_LINES || detail.length > MAX_SHOWN_CHARS) {
			const text = `${name} has more hooks than can be shown at once, so they cannot be agreed to as a whole. Put those that you want into the setting retrace.hooks.`;
			const picked = await vscode.window.showWarningMessage(plainMessage(text), 'Open File');
			if (picked === 'Open File') await vscode.window.showTextDocument(vscode.Uri.file(set.path));
			return false;
		}
		const answer = await vscode.window.showWarningMessage(
			plainMessage(`Run the hooks of ${name}?`),
			{ modal: true, detail: `${detail}\n\n${ABOUT}` },
			RUN,
			NEVER,
		);
		if (answer === undefined) return false;
		await keep(set, answer === RUN ? 'yes' : 'no');
		return true;
	};

	return {
		answerFor,
		async ask(set) {
			const key = `${set.path} ${hashOf(set)}`;
			if (answerFor(set) !== undefined || asked.has(key)) return false;
			asked.add(key);
			const count = plural(set.hooks.length, 'hook');
			const text =
				set.source === 'user'
					? `Your ${relativePath(set.path)} has ${count} for another agent. Run them in Retrace as well?`
					: `${relativePath(set.path)} of this project wants to run ${count}: commands at fixed points of the agent’s work. None runs before you agree.`;
			const picked = await vscode.window.showInformationMessage(plainMessage(text), REVIEW);
			return picked === REVIEW ? await decide(set) : false;
		},
		async review(sets) {
			const items = sets.map((set) => ({
				label: set.source === 'settings' ? 'retrace.hooks' : plainLabel(relativePath(set.path)),
				description: WORDS[answerFor(set) ?? 'none'],
				detail: set.problems[0] ?? plural(set.hooks.length, 'hook'),
				set,
			}));
			const title = 'Hooks';
			const placeHolder = items.length === 0 ? 'No hooks are configured' : 'See the commands and decide again';
			const picked = await vscode.window.showQuickPick(items, { title, placeHolder });
			if (!picked) return false;
			if (picked.set.source !== 'settings') return await decide(picked.set);
			await vscode.commands.executeCommand('workbench.action.openSettings', 'retrace.hooks');
			return false;
		},
	};
}

const WORDS = { yes: 'they run', no: 'they do not run', none: 'not answered, so they do not run' } as const;
const ABOUT =
	'They run with your rights, without a further question, and are told what the agent does. When they change, you are asked again.';
