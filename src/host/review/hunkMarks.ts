/** How pending changes look in an editor: coloured lines, what was removed on hover, and the Keep and Undo lenses. Decides nothing. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { AgentHunk } from '../../core/edit/composeHunks.ts';
import type { PendingHunks } from '../../core/edit/pendingHunks.ts';
import type { PendingReview } from './pendingReviews.ts';

/** One pending change in a document. */
export type DocumentHunk = { readonly source: PendingReview; readonly pending: PendingHunks; readonly hunk: AgentHunk };
/** What the lenses hand to the commands. */
export type HunkArgument = { readonly uri: string; readonly lineIndex: number };

export type HunkMarks = Disposable & {
	/** Marks these editors as their documents are now. */
	show(editors: readonly vscode.TextEditor[]): void;
};

/** Removed lines shown on hover. */
const MAX_HOVER_LINES = 40;

export function createHunkMarks(hunksOf: (document: vscode.TextDocument) => readonly DocumentHunk[]): HunkMarks {
	const store = new DisposableStore();
	const inserted = store.add(
		vscode.window.createTextEditorDecorationType({
			isWholeLine: true,
			backgroundColor: new vscode.ThemeColor('diffEditor.insertedLineBackground'),
			// High contrast themes have no background for it, only this; other themes do not have it, which leaves the border transparent.
			borderColor: new vscode.ThemeColor('diffEditor.insertedTextBorder'),
			borderStyle: 'dashed',
			borderWidth: '1px',
			overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.addedForeground'),
			overviewRulerLane: vscode.OverviewRulerLane.Left,
		}),
	);
	const removed = store.add(
		vscode.window.createTextEditorDecorationType({
			isWholeLine: true,
			borderWidth: '2px 0 0 0',
			borderStyle: 'solid',
			borderColor: new vscode.ThemeColor('editorGutter.deletedBackground'),
			overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.deletedForeground'),
			overviewRulerLane: vscode.OverviewRulerLane.Left,
		}),
	);
	const onDidChangeCodeLenses = store.add(new vscode.EventEmitter<void>());
	const marked = new WeakSet<vscode.TextEditor>();

	store.add(
		vscode.languages.registerCodeLensProvider(
			{ scheme: 'file' },
			{
				onDidChangeCodeLenses: onDidChangeCodeLenses.event,
				provideCodeLenses: (document) => hunksOf(document).flatMap((found) => lensesOf(document, found)),
			},
		),
	);

	return {
		show(editors) {
			for (const editor of editors) {
				const hunks = hunksOf(editor.document);
				if (hunks.length === 0 && !marked.has(editor)) continue;
				marked.add(editor);
				editor.setDecorations(
					inserted,
					hunks
						.filter(({ hunk }) => hunk.currentEnd > hunk.currentStart)
						.map((found) => ({
							range: new vscode.Range(found.hunk.currentStart, 0, found.hunk.currentEnd - 1, 0),
							...hoverOf(editor.document, found),
						})),
				);
				editor.setDecorations(
					removed,
					hunks
						.filter(({ hunk }) => hunk.currentEnd === hunk.currentStart)
						.map((found) => ({
							range: editor.document.validateRange(
								new vscode.Range(found.hunk.currentStart, 0, found.hunk.currentStart, 0),
							),
							...hoverOf(editor.document, found),
						})),
				);
			}
			onDidChangeCodeLenses.fire();
		},
		dispose: () => store.dispose(),
	};
}

function lensesOf(document: vscode.TextDocument, { hunk }: DocumentHunk): vscode.CodeLens[] {
	const range = document.validateRange(new vscode.Range(hunk.currentStart, 0, hunk.currentStart, 0));
	const argument: HunkArgument = { uri: document.uri.toString(), lineIndex: hunk.currentStart };
	const counts = `+${hunk.currentEnd - hunk.currentStart} −${hunk.baseEnd - hunk.baseStart}`;
	return [
		new vscode.CodeLens(range, {
			...{ title: 'Keep', tooltip: `Keep this change of Retrace (${counts})` },
			...{ command: 'retrace.keepChange', arguments: [argument] },
		}),
		new vscode.CodeLens(range, {
			...{ title: 'Undo', tooltip: `Undo this change of Retrace (${counts})` },
			...{ command: 'retrace.undoChange', arguments: [argument] },
		}),
		new vscode.CodeLens(range, { title: counts, command: '' }),
	];
}

function hoverOf(
	document: vscode.TextDocument,
	{ pending, hunk }: DocumentHunk,
): { hoverMessage?: vscode.MarkdownString } {
	const lines = pending.base
		.split('\n')
		.slice(hunk.baseStart, Math.min(hunk.baseEnd, hunk.baseStart + MAX_HOVER_LINES));
	if (lines.length === 0) return {};
	const more = hunk.baseEnd - hunk.baseStart - lines.length;
	const hover = new vscode.MarkdownString('Retrace replaced:');
	hover.appendCodeblock(lines.join('\n'), document.languageId);
	if (more > 0) hover.appendText(`… and ${more} more lines`);
	return { hoverMessage: hover };
}
