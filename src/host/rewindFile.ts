/** One file of a rewind's plan: what would change in it for the dialog, both its sides for the native diff, and the result of the hunks that were chosen. */

import type { PlannedFile } from '../core/checkpoint/restorePlan.ts';
import type { Hunk } from '../core/edit/hunks.ts';
import { splitLines } from '../core/edit/hunks.ts';
import { type ComparedFiles, compareFiles, keepHunks } from '../core/edit/keepHunks.ts';
import { toLf } from '../core/edit/textFile.ts';
import type { BlobStore, Workspace } from '../core/ports.ts';
import type { KeptHunks } from '../protocol/toHost.ts';
import type { RewindFile, RewindHunk, ToPanel } from '../protocol/toPanel.ts';
import type { DiffLine } from '../protocol/transcriptItem.ts';

type FileWorld = { readonly workspace: Workspace; readonly blobs: BlobStore };
type RewindFileMessage = Extract<ToPanel, { kind: 'rewind.file' }>;

/** More of them nobody decides one by one. */
const MAX_HUNKS = 100;
const MAX_LINES_OF_HUNK = 40;

/** A planned file as the dialog lists it. */
export function rewindFile(planned: PlannedFile, path: string): RewindFile {
	const { key, action, addedLines, removedLines, status, note } = planned;
	const hasHunks = status !== 'blocked' && action === 'restore' && addedLines + removedLines > 0;
	return { key, path, action, isUnknownAuthor: false, hasHunks, addedLines, removedLines, status, note };
}

/** What the file would be; undefined = it would be gone. Rejects with UserError when the store has lost it. */
export async function restoredBytes(
	planned: PlannedFile,
	blobs: BlobStore,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	if (planned.merged) return planned.merged;
	return planned.target === 'absent' || planned.target === 'notCaptured'
		? undefined
		: await blobs.get({ $blob: planned.target });
}

export async function describeFile(planned: PlannedFile, world: FileWorld): Promise<RewindFileMessage> {
	const message = { kind: 'rewind.file' as const, key: planned.key, version: '', hunks: [], moreHunks: 0 };
	if (planned.status === 'blocked') return { ...message, note: 'It stays as it is, so there is nothing to compare.' };
	const compared = await compareNow(planned, world);
	if (compared === 'changed') return { ...message, note: CHANGED_TEXT };
	if (!compared) return { ...message, note: 'It is not a text file.' };
	const { files, version } = compared;
	const shown = files.hunks.length > MAX_HUNKS ? files.hunks.slice(0, MAX_HUNKS) : files.hunks;
	const lines = { now: splitLines(files.now.text), restored: splitLines(files.restored.text) };
	const hunks = shown.map((hunk) => hunkView(hunk, lines));
	const note = hunks.length > 0 ? '' : 'Only its line ends or its byte order mark change.';
	return { ...message, version, hunks, moreHunks: files.hunks.length - shown.length, note };
}

/** The file with the kept hunks left as they are. Says why not when the file is not the one that the choice was made for. */
export async function withKeptHunks(
	planned: PlannedFile,
	kept: KeptHunks,
	world: FileWorld,
): Promise<{ readonly merged: Uint8Array<ArrayBuffer> } | { readonly reason: string }> {
	const compared = await compareNow(planned, world);
	if (!compared || compared === 'changed' || compared.version !== kept.version)
		return { reason: 'it was changed after the preview' };
	return { merged: keepHunks(compared.files, new Set(kept.hunks)) };
}

/** Undefined when a side is no text; `changed` when the file is not any more what the plan was made for. */
async function compareNow(
	planned: PlannedFile,
	{ workspace, blobs }: FileWorld,
): Promise<{ readonly files: ComparedFiles; readonly version: string } | 'changed' | undefined> {
	const snapshot = await workspace.read(planned.absolute);
	const now = snapshot.kind === 'file' ? snapshot.bytes : NOTHING;
	const hash = snapshot.kind === 'file' ? blobs.hash(now) : 'absent';
	if (hash !== planned.current) return 'changed';
	const restored = (await restoredBytes(planned, blobs)) ?? NOTHING;
	const files = compareFiles(now, restored);
	return files && { files, version: `${hash} ${blobs.hash(restored)}` };
}

function hunkView(
	hunk: Hunk,
	lines: { readonly now: readonly string[]; readonly restored: readonly string[] },
): RewindHunk {
	const { baseStart, baseEnd, currentStart, currentEnd } = hunk;
	const shown = (kind: DiffLine['kind'], from: readonly string[], start: number, end: number): DiffLine[] =>
		from.slice(start, end).map((text, index) => ({
			kind,
			lineNumber: start + index + 1,
			text: toLf(text).replace(/\n$/, ''),
		}));
	const all = [
		...shown('-', lines.now, baseStart, Math.min(baseEnd, baseStart + MAX_LINES_OF_HUNK)),
		...shown('+', lines.restored, currentStart, Math.min(currentEnd, currentStart + MAX_LINES_OF_HUNK)),
	];
	const addedLines = currentEnd - currentStart;
	const removedLines = baseEnd - baseStart;
	return {
		...{ startLine: baseStart + 1, addedLines, removedLines },
		...{ lines: all, isTruncated: all.length < addedLines + removedLines },
	};
}

const NOTHING = new Uint8Array();
const CHANGED_TEXT = 'It was changed after this preview. Close the dialog and open it again to see what would change.';
