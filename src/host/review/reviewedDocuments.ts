/**
 * The text a file would have with every pending change undone, as a read-only document: the left side of diffs and the original of the
 * change bars. The user's own edits stand in it as well, so they are no difference.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { joinLines, splitLines } from '../../core/edit/hunks.ts';
import { textOf } from '../../core/edit/pendingHunks.ts';
import type { Workspace } from '../../core/ports.ts';
import type { PendingReviews } from './pendingReviews.ts';
import { currentText, type FileReview, type ReviewFiles } from './reviewFiles.ts';

export const REVIEWED_SCHEME = 'retrace-reviewed';

export const reviewedUri = (uri: vscode.Uri): vscode.Uri => uri.with({ scheme: REVIEWED_SCHEME });
export const fileOf = (uri: vscode.Uri): vscode.Uri => uri.with({ scheme: 'file' });

export function createReviewedDocuments(input: {
	readonly reviews: PendingReviews;
	readonly files: ReviewFiles;
	readonly workspace: Workspace;
}): Disposable {
	const { reviews, files, workspace } = input;
	const store = new DisposableStore();
	const changed = store.add(new vscode.EventEmitter<vscode.Uri>());
	const shown = new Map<string, string>();

	const contentOf = async (uri: vscode.Uri): Promise<string> => {
		const own = files.of(uri);
		if (own.length > 0) return reviewedText(own);
		return textOf((await currentText(workspace, uri)) ?? 'absent');
	};

	store.add(
		vscode.workspace.registerTextDocumentContentProvider(REVIEWED_SCHEME, {
			onDidChange: changed.event,
			async provideTextDocumentContent(uri) {
				await reviews.settled();
				const text = await contentOf(fileOf(uri));
				shown.set(uri.toString(), text);
				return text;
			},
		}),
	);
	store.add(
		files.onDidChange(async () => {
			for (const { uri, isClosed } of vscode.workspace.textDocuments) {
				if (uri.scheme !== REVIEWED_SCHEME || isClosed) continue;
				if (shown.get(uri.toString()) !== (await contentOf(fileOf(uri)))) changed.fire(uri);
			}
		}),
	);
	store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => shown.delete(uri.toString())));
	return store;
}

/** With the pending changes of all sessions undone. What two of them changed at one place is undone once. */
function reviewedText(own: readonly FileReview[]): string {
	const [first] = own;
	if (!first) return '';
	if (own.length === 1) return first.pending.base;
	const lines = splitLines(textOf(first.state.text));
	const hunks = own
		.flatMap(({ state, pending }) => pending.hunks.map((hunk) => ({ hunk, state })))
		.toSorted((a, b) => b.hunk.currentStart - a.hunk.currentStart);
	let reached = Number.POSITIVE_INFINITY;
	for (const { hunk, state } of hunks) {
		if (hunk.currentEnd > reached) continue;
		const put = splitLines(textOf(state.base)).slice(hunk.baseStart, hunk.baseEnd);
		lines.splice(hunk.currentStart, hunk.currentEnd - hunk.currentStart, ...put);
		reached = hunk.currentStart;
	}
	return joinLines(lines);
}
