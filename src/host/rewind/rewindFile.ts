/** One file of a rewind's plan: what would change in it for the dialog, both its sides for the native diff, and the result of the hunks that were chosen. */

import { UserError } from '../../base/errors.ts';
import { planHunks, restoredBytes } from '../../core/checkpoint/planHunks.ts';
import type { RestoreChoice } from '../../core/checkpoint/restore.ts';
import type { PlannedFile, RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import { type Hunk, splitLines } from '../../core/edit/hunks.ts';
import type { ComparedFiles } from '../../core/edit/keepHunks.ts';
import { toLf } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import type { FilePath } from '../../core/session/fileFields.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { KeptHunks } from '../../protocol/toHost.ts';
import type { RewindFile, RewindHunk, ToPanel } from '../../protocol/toPanel.ts';
import type { DiffLine } from '../../protocol/transcriptItem.ts';

type FileWorld = { readonly workspace: Workspace; readonly blobs: BlobStore };
type RewindFileMessage = Extract<ToPanel, { kind: 'rewind.file' }>;

/** More of them nobody decides one by one. */
const MAX_HUNKS = 100;
const MAX_LINES_OF_HUNK = 40;

/** The files of a plan as the dialog lists them. */
export function rewindFiles(files: readonly PlannedFile[], pathOf: (file: FilePath) => string): readonly RewindFile[] {
	const sourceId = ({ isUncertainAuthor, status }: PlannedFile, path: FilePath) =>
		`${isUncertainAuthor} ${status} ${pathKey(path)}`;
	const sources = new Map(
		files.flatMap((planned) =>
			planned.action === 'create' ? [[sourceId(planned, planned.file), planned.key] as const] : [],
		),
	);
	return files.map((planned) => {
		const { action, movedFrom } = planned;
		const row = rewindFile(planned, pathOf(planned.file));
		const id = action === 'delete' && movedFrom ? sourceId(planned, movedFrom) : undefined;
		const source = id === undefined ? undefined : sources.get(id);
		if (id === undefined || source === undefined) return row;
		// What was moved to two places comes back once.
		sources.delete(id);
		return { ...row, movedFrom: source };
	});
}

function rewindFile(planned: PlannedFile, path: string): RewindFile {
	const { key, action, addedLines, removedLines, status, note } = planned;
	const hasHunks = status !== 'blocked' && action === 'restore' && addedLines + removedLines > 0;
	return {
		key,
		path,
		action,
		isUnknownAuthor: planned.isUncertainAuthor,
		hasHunks,
		addedLines,
		removedLines,
		status,
		note,
	};
}

export async function describeFile(planned: PlannedFile, world: FileWorld): Promise<RewindFileMessage> {
	const message = { kind: 'rewind.file' as const, key: planned.key, version: '', hunks: [], moreHunks: 0 };
	const compared = await compareNow(planned, world);
	if (compared === 'changed') return { ...message, note: CHANGED_TEXT };
	if (!compared) return { ...message, note: 'There are no lines to compare.' };
	const { files, version } = compared;
	const shown = files.hunks.length > MAX_HUNKS ? files.hunks.slice(0, MAX_HUNKS) : files.hunks;
	const lines = { now: splitLines(files.now.text), restored: splitLines(files.restored.text) };
	const hunks = shown.map((hunk) => hunkView(hunk, lines));
	const note = hunks.length > 0 ? '' : 'Only its line ends or its byte order mark change.';
	return { ...message, version, hunks, moreHunks: files.hunks.length - shown.length, note };
}

/**
 * The hunks to keep, for a plan that was made anew. Numbers that were chosen for other texts mean nothing: those files are in `outdated`, and
 * have to stay as they are.
 */
export async function keptHunksFor(
	plan: RestorePlan,
	kept: readonly KeptHunks[],
	world: FileWorld,
): Promise<{ readonly keepHunks: NonNullable<RestoreChoice['keepHunks']>; readonly outdated: readonly PlannedFile[] }> {
	const keepHunks: Record<string, readonly number[]> = {};
	const outdated: PlannedFile[] = [];
	for (const { key, version, hunks } of kept) {
		const planned = plan.files.find((file) => file.key === key);
		if (!planned || planned.action === 'none' || planned.status === 'blocked') continue;
		const compared = await compareNow(planned, world);
		if (compared && compared !== 'changed' && compared.version === version) keepHunks[key] = hunks;
		else outdated.push(planned);
	}
	return { keepHunks, outdated };
}

/** Undefined when there are no lines to compare; `changed` when the file is not any more what the plan was made for. */
async function compareNow(
	planned: PlannedFile,
	world: FileWorld,
): Promise<{ readonly files: ComparedFiles; readonly version: string } | 'changed' | undefined> {
	try {
		const files = await planHunks(world, planned);
		const restored = files && (await restoredBytes(world, planned));
		return restored && { files, version: `${planned.current} ${world.blobs.hash(restored)}` };
	} catch (error) {
		if (error instanceof UserError && error.code === 'changed-meanwhile') return 'changed';
		throw error;
	}
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

const CHANGED_TEXT = 'It was changed after this preview. Close the dialog and open it again to see what would change.';
