/**
 * A planned file in detail, on demand: the places of its text that would change, the file with some of them left as they are, and the three
 * texts of a conflict. Reads only. Everything is computed from the content that the plan was made for; when the file is another one by now,
 * these reject with UserError `changed-meanwhile`.
 */
import { UserError } from '../../base/errors.ts';
import { type ComparedFiles, compareFiles, keepHunks } from '../edit/keepHunks.ts';
import { mergeText } from '../edit/merge.ts';
import { currentFile } from './currentFile.ts';
import type { PlannedFile, RestoreWorld } from './restorePlan.ts';
import { type MergeableTexts, mergeableTexts } from './userEdits.ts';

type FilesWorld = Pick<RestoreWorld, 'workspace' | 'blobs'>;

/**
 * What restoring the file would change, from now (`base` of the hunks) to then (`current`). The index of a hunk names it in `keepHunks`.
 * Undefined when it cannot be kept in parts: it comes or goes as a whole, or is no text.
 */
export async function planHunks(world: FilesWorld, planned: PlannedFile): Promise<ComparedFiles | undefined> {
	if (planned.action !== 'restore' || planned.status === 'blocked') return undefined;
	if (planned.currentMeta.link || planned.meta.link) return undefined;
	const restored = await restoredBytes(world, planned);
	const now = await bytesNow(world, planned);
	return restored && now && compareFiles(now, restored);
}

/** The bytes to write; undefined: no file. With some hunks kept, those lines are as they are now. */
export async function restoredBytes(
	world: FilesWorld,
	planned: PlannedFile,
	kept: readonly number[] = [],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	const { merged, target } = planned;
	if (kept.length > 0) {
		const compared = await planHunks(world, planned);
		return compared && keepHunks(compared, new Set(kept));
	}
	if (merged || target === 'absent' || target === 'notCaptured') return merged;
	return await world.blobs.get({ $blob: target });
}

export type ConflictTexts = {
	/** As the session left it. */
	readonly ancestor: string;
	/** As it is now. */
	readonly ours: string;
	/** As it is to be restored. */
	readonly theirs: string;
	/** The three as one text, with diff3 markers around what conflicts. */
	readonly mergedWithMarkers: string;
	/** How many places conflict; the rest is merged. */
	readonly conflicts: number;
};

/** Undefined when there is nothing to merge: a file that is gone or comes or goes as a whole, is no text, or of which there is no copy. */
export async function conflictTexts(world: FilesWorld, planned: PlannedFile): Promise<ConflictTexts | undefined> {
	const texts = await conflictFiles(world, planned);
	if (!texts) return undefined;
	const { ancestor, ours, theirs } = texts;
	const { text, conflicts } = mergeText(texts);
	return { ancestor, ours, theirs, mergedWithMarkers: text, conflicts };
}

/** The same with the way back to bytes. */
export async function conflictFiles(world: FilesWorld, planned: PlannedFile): Promise<MergeableTexts | undefined> {
	const { left, target } = planned;
	if (planned.status === 'blocked' || planned.currentMeta.link || planned.meta.link) return undefined;
	if (left === 'absent' || left === 'notCaptured' || target === 'absent' || target === 'notCaptured') return undefined;
	const ours = await bytesNow(world, planned);
	if (!ours) return undefined;
	return mergeableTexts(await world.blobs.get({ $blob: left }), ours, await world.blobs.get({ $blob: target }));
}

async function bytesNow({ workspace, blobs }: FilesWorld, planned: PlannedFile): Promise<Uint8Array | undefined> {
	const now = await currentFile(workspace, planned.file, planned);
	const bytes = now.kind === 'found' && now.snapshot.kind === 'file' ? now.snapshot.bytes : undefined;
	if ((bytes ? blobs.hash(bytes) : 'absent') !== planned.current)
		throw new UserError(
			'changed-meanwhile',
			`${planned.file.rel} was changed after the preview. Nothing was restored. Open the preview again.`,
		);
	return bytes;
}
