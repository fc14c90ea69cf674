/**
 * Carries out what the user decided on changes of the agent: changes the file for an undo, and writes the verdict to the log.
 * Asks nobody, opens no editor and moves no cursor.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { type AgentHunk, rewrittenPlaces } from '../../core/edit/composeHunks.ts';
import { splitLines } from '../../core/edit/hunks.ts';
import { carried, keepHunks, pendingOf, type ReviewState, textOf, undoHunks } from '../../core/edit/pendingHunks.ts';
import { deletedFile, recordVerdict } from '../../core/edit/reviewLog.ts';
import { toLf } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { rewriteUnfaithful } from '../editor/documentBytes.ts';
import { applyEdits, editsTo, withLineEndsOf } from '../editor/documentEdits.ts';
import type { PendingReview } from './pendingReviews.ts';
import { currentText, documentOf } from './reviewFiles.ts';

export type Verdict = 'keep' | 'undo';
export type ReviewVerdicts = {
	/**
	 * Judges the hunks for which `isChosen` holds, in the file as it is now; all without it. Does nothing when none does. Rejects with
	 * UserError when the session cannot be written or the file cannot be changed; then nothing is.
	 */
	judge(source: PendingReview, verdict: Verdict, isChosen?: (hunk: AgentHunk) => boolean): Promise<void>;
	/** Records where the user rewrote pending changes since the last verdict, so that the model can be told. */
	recordEdited(source: PendingReview): Promise<void>;
};

export function createReviewVerdicts(input: {
	readonly blobs: BlobStore;
	readonly workspace: Workspace;
}): ReviewVerdicts {
	const { blobs, workspace } = input;
	const stateNow = async (source: PendingReview): Promise<ReviewState | undefined> => {
		const text = await currentText(workspace, source.uri, source.review.encoding);
		return text === undefined ? undefined : carried(source.state, text);
	};

	const recordEdited: ReviewVerdicts['recordEdited'] = async (source) => {
		if (source.session.readOnlyReason !== undefined) return;
		const before = source.state;
		const after = await stateNow(source);
		// A file that the agent deleted has no lines to rewrite.
		if (!after || before.text === 'absent' || after.text === before.text) return;
		const hunks = rewrittenPlaces(before.hunks, before.text, textOf(after.text));
		if (hunks.length === 0) return;
		const epochs = [...new Set(hunks.flatMap((hunk) => hunk.epochs))];
		await recordVerdict({ ...source, blobs, verdict: 'edited', hunks, before, after, epochs });
	};

	return {
		async judge(source, verdict, isChosen) {
			assertWritable(source);
			await recordEdited(source);
			const before = await stateNow(source);
			if (!before || !pendingOf(before).isPending) return;
			const hunks = isChosen ? before.hunks.filter(isChosen) : before.hunks;
			if (hunks.length === 0 && isChosen) return;
			const chosen = isChosen && hunks.length < before.hunks.length ? new Set(hunks) : undefined;
			const epochs = [...new Set(hunks.flatMap((hunk) => hunk.epochs))];
			if (verdict === 'keep') {
				const after = keepHunks(before, chosen);
				await recordVerdict({ ...source, blobs, verdict, hunks, before, after, epochs });
				return;
			}
			const wanted = undoHunks(before, chosen);
			const text = await changeFile(source, before, wanted, hunks, { blobs, workspace });
			const after = carried(wanted, text);
			await recordVerdict({ ...source, blobs, verdict, hunks, before, after, epochs });
		},
		recordEdited,
	};
}

function assertWritable({ session }: PendingReview): void {
	if (session.readOnlyReason === undefined) return;
	throw new UserError(
		'read-only-session',
		`${session.readOnlyReason} Its changes can be reviewed where it can be written.`,
	);
}

type Stores = { readonly blobs: BlobStore; readonly workspace: Workspace };

/** Takes the hunks back and returns what the file is then. */
async function changeFile(
	source: PendingReview,
	before: ReviewState,
	wanted: ReviewState,
	hunks: readonly AgentHunk[],
	{ blobs, workspace }: Stores,
): Promise<ReviewState['text']> {
	const { uri, review } = source;
	if (wanted.text === 'absent') {
		await deleteFile(uri);
		return 'absent';
	}
	if (before.text === 'absent') {
		const old = await deletedFile(review, wanted.text, blobs);
		const bytes = old?.bytes ?? new TextEncoder().encode(wanted.text);
		await workspace.write(uri.fsPath, bytes, {
			expected: 'absent',
			...(old?.mode === undefined ? {} : { mode: old.mode }),
		});
		return wanted.text;
	}
	const document = await documentOf(source);
	if (toLf(document.getText()) !== before.text) throw changedMeanwhile();
	const to = textOf(wanted.text);
	if (await rewriteUnfaithful(document, workspace, { from: before.text, to, hash: (bytes) => blobs.hash(bytes) }))
		return to;
	const wasDirty = document.isDirty;
	if (!(await applyEdits(document, undoEdits(document, before, wanted, hunks)))) throw changedMeanwhile();
	if (!wasDirty) await document.save();
	return toLf(document.getText());
}

/** One edit for each hunk, so that cursors and marks between them stay; at a last line without newline one for all. */
function undoEdits(
	document: vscode.TextDocument,
	{ base, text }: ReviewState,
	wanted: ReviewState,
	hunks: readonly AgentHunk[],
): vscode.TextEdit[] {
	const whole = () => editsTo(document, withLineEndsOf(document, textOf(wanted.text)));
	const last = hunks.at(-1);
	if (hunks.length < 2 || !last || last.currentEnd >= splitLines(textOf(text)).length) return whole();
	const baseLines = splitLines(textOf(base));
	return hunks.map((hunk) =>
		vscode.TextEdit.replace(
			new vscode.Range(hunk.currentStart, 0, hunk.currentEnd, 0),
			withLineEndsOf(document, baseLines.slice(hunk.baseStart, hunk.baseEnd).join('')),
		),
	);
}

const changedMeanwhile = () =>
	new UserError('changed-meanwhile', 'The file was changed meanwhile. Nothing was undone. Try again.');

/** The agent created the file, so without its change there is none. The editor's undo brings it back, and so does a rewind. */
async function deleteFile(uri: vscode.Uri): Promise<void> {
	const edit = new vscode.WorkspaceEdit();
	edit.deleteFile(uri, { ignoreIfNotExists: true });
	if (!(await vscode.workspace.applyEdit(edit)))
		throw new UserError('write-failed', `${uri.fsPath} could not be deleted. It is as it was.`);
}
