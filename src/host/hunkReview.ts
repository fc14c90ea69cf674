/**
 * Review of applied edits in the real editor: each pending change of the agent is marked in place, with Keep and Undo above it.
 * Edits of the user are never marked. A selection moves only when the user asks for the next or previous change.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { UserError } from '../base/errors.ts';
import { type Hunk, splitLines } from '../core/edit/hunks.ts';
import { keepHunk, type PendingHunks, pendingHunks } from '../core/edit/pendingHunks.ts';
import { recordVerdict } from '../core/edit/reviewLog.ts';
import { toLf } from '../core/edit/textFile.ts';
import type { BlobStore } from '../core/ports.ts';
import type { Session } from '../core/session/sessionTypes.ts';
import { applyEdits, editsTo, withLineEndsOf } from './documentEdits.ts';
import { createHunkMarks, type DocumentHunk, type HunkArgument } from './hunkMarks.ts';
import { createPendingReviews, type PendingReview } from './pendingReviews.ts';

export type HunkReview = Disposable & {
	/** Every open session, shown or not. */
	attach(session: Session): Disposable;
	/** `argument` is what a lens hands over; without it, the change at the cursor. Reject with UserError. */
	keepChange(argument?: unknown): Promise<void>;
	undoChange(argument?: unknown): Promise<void>;
	nextChange(): Promise<void>;
	previousChange(): Promise<void>;
	/** Of the file in the active editor. */
	keepAllChanges(): Promise<void>;
	undoAllChanges(): Promise<void>;
	/** Files with changes to review; the count is as the agent left them. */
	readonly pendingFiles: readonly { readonly uri: vscode.Uri; readonly hunkCount: number }[];
	readonly onDidChange: Event<void>;
};

/** Typing goes on undisturbed; marks follow when it pauses. */
const RENDER_DELAY_MS = 120;

export function createHunkReview(input: {
	readonly blobs: BlobStore;
	readonly onError: (error: unknown) => void;
}): HunkReview {
	const { blobs, onError } = input;
	const store = new DisposableStore();
	const reviews = store.add(createPendingReviews(input));
	const onDidChange = store.add(new Emitter<void>(onError));
	let generation = 0;
	const computed = new WeakMap<
		vscode.TextDocument,
		{ readonly version: number; readonly generation: number; readonly hunks: readonly DocumentHunk[] }
	>();

	/** Sorted by place; computed once per version of the document. */
	const hunksOf = (document: vscode.TextDocument): readonly DocumentHunk[] => {
		const known = computed.get(document);
		if (known?.version === document.version && known.generation === generation) return known.hunks;
		const sources = reviews.of(document.uri);
		const text = sources.length === 0 ? '' : toLf(document.getText());
		const hunks = sources
			.flatMap((source) => {
				const pending = pendingHunks(source.state, text);
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
	let timer: ReturnType<typeof setTimeout> | undefined;
	const renderSoon = () => {
		clearTimeout(timer);
		timer = setTimeout(render, RENDER_DELAY_MS);
	};
	store.add({ dispose: () => clearTimeout(timer) });
	store.add(
		reviews.onDidChange(() => {
			generation++;
			render();
			onDidChange.fire();
		}),
	);
	store.add(
		vscode.workspace.onDidChangeTextDocument(({ document }) => {
			if (reviews.of(document.uri).length > 0) renderSoon();
		}),
	);
	store.add(vscode.window.onDidChangeVisibleTextEditors(render));
	store.add(vscode.window.onDidChangeActiveTextEditor(render));

	const atCursor = (): { document: vscode.TextDocument; lineIndex: number } | undefined => {
		const editor = vscode.window.activeTextEditor;
		return editor && { document: editor.document, lineIndex: editor.selection.active.line };
	};
	const placeOf = async (argument: unknown) => {
		if (!isHunkArgument(argument)) return atCursor();
		const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri));
		return { document, lineIndex: argument.lineIndex };
	};
	const chosen = async (argument: unknown): Promise<{ document: vscode.TextDocument; found: DocumentHunk }> => {
		await reviews.settled();
		const place = await placeOf(argument);
		const found = place && hunkAt(hunksOf(place.document), place.lineIndex);
		if (!place || !found)
			throw new UserError('no-change-here', 'There is no change to review at the cursor. Go to one with Next Change.');
		return { document: place.document, found };
	};
	const keep = async (document: vscode.TextDocument, { source, pending, hunk }: DocumentHunk) => {
		const text = toLf(document.getText());
		const base = keepHunk(pending, text, hunk);
		await recordVerdict({ ...source, blobs, verdict: 'keep', pending, hunks: [hunk], base, text });
	};
	/** Takes the hunks back, all of them or one; `text` is what the document becomes. */
	const undo = async (
		document: vscode.TextDocument,
		source: PendingReview,
		pending: PendingHunks,
		hunks: readonly Hunk[],
	) => {
		const isRemoval = pending.isNewFile && hunks.length === pending.hunks.length;
		if (isRemoval) await deleteFile(document.uri);
		else await takeBack(document, pending, hunks);
		await recordVerdict({
			...{ ...source, blobs, verdict: 'undo', pending, hunks },
			base: pending.isNewFile ? 'absent' : pending.base,
			text: isRemoval ? 'absent' : toLf(document.getText()),
		});
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
		const [file] = reviews.all();
		if (!file) return;
		const opened = await vscode.window.showTextDocument(file.uri);
		const [first] = hunksOf(opened.document);
		if (first) reveal(opened, first.hunk.currentStart);
	};
	const activeDocument = () => vscode.window.activeTextEditor?.document;

	return {
		attach: (session) => reviews.attach(session),
		async keepChange(argument) {
			const { document, found } = await chosen(argument);
			await keep(document, found);
			await reviews.settled();
		},
		async undoChange(argument) {
			const { document, found } = await chosen(argument);
			await undo(document, found.source, found.pending, [found.hunk]);
			await reviews.settled();
		},
		nextChange: () => go(1),
		previousChange: () => go(-1),
		async keepAllChanges() {
			await reviews.settled();
			const document = activeDocument();
			if (!document) return;
			const text = toLf(document.getText());
			for (const source of reviews.of(document.uri)) {
				const pending = pendingHunks(source.state, text);
				const { hunks } = pending;
				await recordVerdict({ ...source, blobs, verdict: 'keep', pending, hunks, base: text, text });
			}
			await reviews.settled();
		},
		async undoAllChanges() {
			await reviews.settled();
			const document = activeDocument();
			if (!document) return;
			for (const source of reviews.of(document.uri)) {
				const pending = pendingHunks(source.state, toLf(document.getText()));
				await undo(document, source, pending, pending.hunks);
			}
			await reviews.settled();
		},
		get pendingFiles() {
			const counts = new Map<string, { uri: vscode.Uri; hunkCount: number }>();
			for (const { uri, state } of reviews.all()) {
				const hunkCount =
					(counts.get(uri.toString())?.hunkCount ?? 0) + pendingHunks(state, state.agentText).hunks.length;
				if (hunkCount > 0) counts.set(uri.toString(), { uri, hunkCount });
			}
			return [...counts.values()];
		},
		onDidChange: onDidChange.event,
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

function reveal(editor: vscode.TextEditor, lineIndex: number): void {
	const place = editor.document.validatePosition(new vscode.Position(lineIndex, 0));
	editor.selection = new vscode.Selection(place, place);
	editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Through the document, so that the editor's own undo takes it back; saved when it was saved before. */
async function takeBack(document: vscode.TextDocument, pending: PendingHunks, hunks: readonly Hunk[]): Promise<void> {
	const wasDirty = document.isDirty;
	const baseLines = splitLines(pending.base);
	const edits =
		hunks.length === pending.hunks.length
			? editsTo(document, withLineEndsOf(document, pending.base))
			: hunks.map((hunk) =>
					vscode.TextEdit.replace(
						document.validateRange(new vscode.Range(hunk.currentStart, 0, hunk.currentEnd, 0)),
						withLineEndsOf(document, baseLines.slice(hunk.baseStart, hunk.baseEnd).join('')),
					),
				);
	if (!(await applyEdits(document, edits)))
		throw new UserError('changed-meanwhile', 'The file was changed meanwhile. Nothing was undone. Try again.');
	if (!wasDirty) await document.save();
}

/** The agent created the file, so without its change there is none. The editor's undo brings it back, and so does a rewind. */
async function deleteFile(uri: vscode.Uri): Promise<void> {
	const edit = new vscode.WorkspaceEdit();
	edit.deleteFile(uri, { ignoreIfNotExists: true });
	if (!(await vscode.workspace.applyEdit(edit)))
		throw new UserError('write-failed', `${uri.fsPath} could not be deleted. It is as it was.`);
}
