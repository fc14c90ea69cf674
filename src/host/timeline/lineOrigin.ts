/**
 * Says who wrote a line: on hover, where the agent or a command did, and by the command *Show Who Wrote This Line*. Both lead to the
 * message and to the change.
 */
import * as vscode from 'vscode';
import { isCancelled, UserError } from '../../base/errors.ts';
import type { Author } from '../../core/session/fileFields.ts';
import { ago } from '../branch/branchRow.ts';
import { plainLabel } from '../plainLabel.ts';
import { setting } from '../settings.ts';
import { type AskedText, type LineAnswer, originMessage, type Provenance, type WrittenLine } from './provenance.ts';
import { activeKey, type TimelineCommandWorld } from './timelineCommands.ts';
import { compareWithNow, showChange } from './timelineFiles.ts';
import { authorIcon, authorText } from './timelineRow.ts';

export type LineOriginWorld = TimelineCommandWorld & {
	readonly provenance: Provenance;
	onError(event: string, error: unknown): void;
};

/** Of these a hover says nothing: the user knows what they typed. */
const OWN: ReadonlySet<Author> = new Set(['editor', 'save']);

/** Registers the hover; it is asked for files alone, and only when a person rests on a line. */
export function registerLineHover(world: LineOriginWorld): vscode.Disposable {
	return vscode.languages.registerHoverProvider(
		{ scheme: 'file' },
		{
			async provideHover(document, position, token) {
				if (!setting('lineOrigin.hover')) return undefined;
				const stop = new AbortController();
				const listening = token.onCancellationRequested(() => stop.abort());
				try {
					const key = activeKey(world, document.uri);
					const answer = key === undefined ? undefined : await ask(world, key, document, position.line, stop.signal);
					if (typeof answer !== 'object' || OWN.has(answer.author)) return undefined;
					return new vscode.Hover(hoverText(answer, position.line), document.lineAt(position.line).range);
				} catch (error) {
					// Its own barrier: a hover that fails is no hover.
					if (!isCancelled(error) && !stop.signal.aborted) world.onError('lineOrigin', error);
					return undefined;
				} finally {
					listening.dispose();
				}
			},
		},
	);
}

/** Of the line the cursor is in, or that the argument names. */
export async function showLineOrigin(argument: unknown, world: LineOriginWorld): Promise<void> {
	const editor = vscode.window.activeTextEditor;
	const key = editor && activeKey(world, editor.document.uri);
	if (!editor || key === undefined)
		throw new UserError('no-line', 'Put the cursor into a line of a file of this workspace first.');
	const line = lineOf(argument) ?? editor.selection.active.line;
	const answer = await ask(world, key, editor.document, line, new AbortController().signal);
	if (typeof answer !== 'object') {
		const text = answer === undefined ? UNTOUCHED : answer === 'other' ? OTHER : LOST;
		void vscode.window.showInformationMessage(`Line ${line + 1}: ${text}`);
		return;
	}
	await offer(answer, line, world);
}

const UNTOUCHED = 'this session has not changed the file.';
const OTHER = 'it was there before the session changed the file, or you wrote it.';
const LOST = 'it is not known who wrote it, since there is no copy of an earlier content of the file.';

/** The shown session first, then the others that are open here. */
async function ask(
	world: LineOriginWorld,
	key: string,
	text: AskedText,
	line: number,
	signal: AbortSignal,
): Promise<LineAnswer | undefined> {
	const shown = world.shown();
	let best: LineAnswer | undefined;
	for (const open of [shown, ...world.sessions.all.filter((one) => one !== shown)]) {
		const answer = await world.provenance.ask(open.session, key, text, line, signal);
		if (typeof answer === 'object') return answer;
		best ??= answer;
	}
	return best;
}

function hoverText(answer: WrittenLine, line: number): vscode.MarkdownString {
	const text = new vscode.MarkdownString(undefined, true);
	// The only command it may run; all words of others are appended as text.
	text.isTrusted = { enabledCommands: ['retrace.showLineOrigin'] };
	text.appendMarkdown(`$(${authorIcon([answer.author])}) `);
	text.appendText(sentence(answer));
	const link = vscode.Uri.parse(`command:retrace.showLineOrigin?${encodeURIComponent(JSON.stringify([line]))}`);
	text.appendMarkdown(` · [Show…](${link.toString()})`);
	if (answer.prompt) {
		text.appendMarkdown('\n\n');
		text.appendText(`“${answer.prompt.label}”`);
	}
	return text;
}

/** `Retrace: written by the agent with Edit, 5 min ago`. */
function sentence({ author, tool, point }: WrittenLine): string {
	const who = author === 'unknown' ? 'changed by something unknown' : `written by the ${authorText(author)}`;
	const how = tool === undefined ? '' : ` with ${tool}`;
	const when = point === undefined ? '' : `, ${ago(point.at, Date.now())}`;
	return `Retrace: ${who}${how}${when}`;
}

async function offer(answer: WrittenLine, line: number, world: LineOriginWorld): Promise<void> {
	const { timeline, key, point } = answer;
	const message = originMessage(answer);
	const items: (vscode.QuickPickItem & { readonly run: () => Promise<void> })[] = [];
	if (message !== undefined)
		items.push({
			label: '$(comment) Show in Chat',
			description: plainLabel(answer.prompt?.label ?? ''),
			run: () => world.reveal(timeline.session.id, message),
		});
	if (point) {
		const file = { timeline, point, key };
		const at = new Date(point.at).toLocaleString();
		items.push(
			{ label: '$(diff) Show Change', description: at, run: () => showChange(file) },
			{ label: '$(compare-changes) Compare with Now', description: at, run: () => compareWithNow(file) },
		);
	}
	const title = `Line ${line + 1} · ${sentence(answer).replace('Retrace: ', '')}`;
	const picked = await vscode.window.showQuickPick(items, { title, placeHolder: 'What to show' });
	await picked?.run();
}

function lineOf(argument: unknown): number | undefined {
	if (typeof argument === 'number') return argument;
	// The menu of a line number gives its 1-based number.
	if (typeof argument !== 'object' || argument === null || !('lineNumber' in argument)) return undefined;
	return typeof argument.lineNumber === 'number' ? argument.lineNumber - 1 : undefined;
}
