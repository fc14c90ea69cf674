/**
 * Review of applied edits in the real editor: each pending change of the agent is marked in place, with Keep and Undo above it.
 * Edits of the user are never marked. A selection moves only when the user asks for the next or previous change.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import type { AgentHunk } from '../../core/edit/composeHunks.ts';
import { pendingOf } from '../../core/edit/pendingHunks.ts';
import { createHunkMarks, type DocumentHunk, type HunkArgument } from './hunkMarks.ts';
import type { PendingReviews } from './pendingReviews.ts';
import { fileOf, REVIEWED_SCHEME } from './reviewedDocuments.ts';
import type { ReviewFiles } from './reviewFiles.ts';
import type { ReviewVerdicts, Verdict } from './reviewVerdicts.ts';

export type HunkReview = Disposable & {
	/**
	 * `args` are what a lens hands over, or the editor's own change peek (address, changes, index); without any, the change at the cursor.
	 * Reject with UserError.
	 */
	keepChange(...args: readonly unknown[]): Promise<void>;
	undoChange(...args: readonly unknown[]): Promise<void>;
	nextChange(): Promise<void>;
	previousChange(): Promise<void>;
	/** Of the file in the active editor. */
	keepAllChanges(): Promise<void>;
	undoAllChanges(): Promise<void>;
};

type Place = { readonly document: vscode.TextDocument; readonly isChosen: (hunk: AgentHunk) => boolean };

export function createHunkReview(input: {
	readonly reviews: PendingReviews;
	readonly files: ReviewFiles;
	readonly verdicts: ReviewVerdicts;
}): HunkReview {
	const { reviews, files, verdicts } = input;
	const store = new DisposableStore();
	let generation = 0;
	const computed = new WeakMap<
		vscode.TextDocument,
		{ readonly version: number; readonly generation: number; readonly hunks: readonly DocumentHunk[] }
	>();

	/** Sorted by place; computed once per version of the document. */
	const hunksOf = (document: vscode.TextDocument): readonly DocumentHunk[] => {
		const sources = reviews.of(document.uri);
		if (sources.length === 0) return [];
		const known = computed.get(document);
		if (known?.version === document.version && known.generation === generation) return known.hunks;
		const hunks = sources
			.flatMap((source) => {
				const pending = pendingOf(files.stateIn(source, document));
				return pending.hunks.map((hunk) => ({ source, pending, hunk }));
			})
			.toSorted((a, b) => a.hunk.currentStart - b.hunk.currentStart);
		computed.set(document, { version: document.version, generation, hunks });
		return hunks;
	};
	const marks = store.add(createHunkMarks(hunksOf));

	let hadPending: boolean | undefined;
	const render = () => {
		marks.show(vscode.window.visibleTextEditors);
		const active = vscode.window.activeTextEditor;
		const hasPending = active !== undefined && hunksOf(active.document).length > 0;
		if (hasPending !== hadPending) {
			hadPending = hasPending;
			void vscode.commands.executeCommand('setContext', 'retrace.hasPendingChanges', hasPending);
		}
	};
	store.add(
		reviews.onDidChange(() => {
			generation++;
			render();
		}),
	);
	// After a pause in typing.
	store.add(files.onDidChange(render));
	store.add(vscode.window.onDidChangeVisibleTextEditors(render));
	store.add(vscode.window.onDidChangeActiveTextEditor(render));

	const placeOf = async (args: readonly unknown[]): Promise<Place | undefined> => {
		const [argument, changes, index] = args;
		if (argument instanceof vscode.Uri) {
			const change = lineChangeAt(changes, index);
			const document = await vscode.workspace.openTextDocument(argument);
			return change && { document, isChosen: (hunk) => isTouched(hunk, change) };
		}
		const editor = vscode.window.activeTextEditor;
		const document = isHunkArgument(argument)
			? await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri))
			: editor?.document;
		if (!document) return undefined;
		const lineIndex = isHunkArgument(argument) ? argument.lineIndex : (editor?.selection.active.line ?? 0);
		const found = hunkAt(hunksOf(document), lineIndex);
		return found && { document, isChosen: (hunk) => isSamePlace(hunk, found.hunk) };
	};
	const judgeChange = async (verdict: Verdict, args: readonly unknown[]) => {
		await reviews.settled();
		const place = await placeOf(args);
		const found = place ? hunksOf(place.document).filter(({ hunk }) => place.isChosen(hunk)) : [];
		if (!place || found.length === 0)
			throw new UserError('no-change-here', 'There is no change to review at the cursor. Go to one with Next Change.');
		// What one session's verdict moves is not looked for by line again.
		for (const source of new Set(found.map((one) => one.source))) {
			const chosen = found.filter((one) => one.source === source).map(({ hunk }) => hunk);
			await verdicts.judge(source, verdict, (hunk) => chosen.some((one) => isSamePlace(one, hunk)));
		}
		await reviews.settled();
	};
	const judgeFile = async (verdict: Verdict) => {
		await reviews.settled();
		const uri = vscode.window.activeTextEditor?.document.uri;
		if (!uri) return;
		for (const source of reviews.of(uri.scheme === REVIEWED_SCHEME ? fileOf(uri) : uri))
			await verdicts.judge(source, verdict);
		await reviews.settled();
	};
	const go = async (step: 1 | -1) => {
		await reviews.settled();
		const editor = vscode.window.activeTextEditor;
		const starts = editor ? hunksOf(editor.document).map(({ hunk }) => hunk.currentStart) : [];
		if (editor && starts.length > 0) {
			const cursor = editor.selection.active.line;
			const next = step === 1 ? starts.find((start) => start > cursor) : starts.findLast((start) => start < cursor);
			reveal(editor, next ?? (step === 1 ? starts[0] : starts.at(-1)) ?? 0);
			return;
		}
		await files.refresh();
		const file = files.pending().find(({ pending }) => pending.kind !== 'deleted');
		if (!file) return;
		const opened = await vscode.window.showTextDocument(file.source.uri);
		const [first] = hunksOf(opened.document);
		if (first) reveal(opened, first.hunk.currentStart);
	};

	return {
		keepChange: (...args) => judgeChange('keep', args),
		undoChange: (...args) => judgeChange('undo', args),
		nextChange: () => go(1),
		previousChange: () => go(-1),
		keepAllChanges: () => judgeFile('keep'),
		undoAllChanges: () => judgeFile('undo'),
		dispose: () => store.dispose(),
	};
}

/** The hunk that holds the line, or begins there. */
function hunkAt(hunks: readonly DocumentHunk[], lineIndex: number): DocumentHunk | undefined {
	return (
		hunks.find(({ hunk }) => hunk.currentStart === lineIndex) ??
		hunks.find(({ hunk }) => lineIndex >= hunk.currentStart && lineIndex < hunk.currentEnd) ??
		hunks.find(({ hunk }) => hunk.currentStart === hunk.currentEnd && hunk.currentStart === lineIndex + 1)
	);
}

const isSamePlace = (a: AgentHunk, b: AgentHunk): boolean =>
	a.currentStart === b.currentStart && a.currentEnd === b.currentEnd && a.baseStart === b.baseStart;

function isHunkArgument(value: unknown): value is HunkArgument {
	return (
		typeof value === 'object' &&
		value !== null &&
		'uri' in value &&
		typeof value.uri === 'string' &&
		'lineIndex' in value &&
		typeof value.lineIndex === 'number'
	);
}

/** A change as the editor's peek numbers it: lines from 1, the last one included; an end of 0 means that nothing stands there. */
type LineChange = { readonly start: number; readonly end: number };

function lineChangeAt(changes: unknown, index: unknown): LineChange | undefined {
	const change: unknown = Array.isArray(changes) && typeof index === 'number' ? changes[index] : undefined;
	if (typeof change !== 'object' || change === null) return undefined;
	if (!('modifiedStartLineNumber' in change) || !('modifiedEndLineNumber' in change)) return undefined;
	const { modifiedStartLineNumber: start, modifiedEndLineNumber: end } = change;
	return typeof start === 'number' && typeof end === 'number' ? { start, end } : undefined;
}

/** The editor may put a removal at the other end of lines that are alike, and several changes into one. */
function isTouched({ currentStart, currentEnd }: AgentHunk, { start, end }: LineChange): boolean {
	// Where nothing stands, `start` is the line before.
	if (end === 0) return currentStart <= start && currentEnd >= start;
	if (currentStart === currentEnd) return currentStart >= start - 1 && currentStart <= end;
	return currentStart < end && currentEnd > start - 1;
}

function reveal(editor: vscode.TextEditor, lineIndex: number): void {
	const place = editor.document.validatePosition(new vscode.Position(lineIndex, 0));
	editor.selection = new vscode.Selection(place, place);
	editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
