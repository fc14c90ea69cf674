/**
 * The files of a session in time, read from its entries. Pure; contents are hashes, their bytes are in the blob store.
 * Only operations that happened count; epochs are linear, whatever branch of the conversation they belong to.
 */
import type { EntryId, Sha256, ToolUseId } from '../../base/ids.ts';
import type { BlobRef } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { Author, FileMeta, FilePath, RecordedHash } from '../session/fileFields.ts';
import { atOnce, ITEMS_PER_STEP } from './loopTurns.ts';

/** A file operation with what it really left. */
export type TimelineOperation = {
	readonly epoch: number;
	readonly file: FilePath;
	readonly op: EntryOf<'fileOperation'>['op'];
	readonly before: RecordedHash;
	readonly after: RecordedHash;
	/** As the file was before, or as a new one was made. */
	readonly meta: FileMeta;
	/** As it was after. */
	readonly metaAfter: FileMeta;
	readonly author: Author;
	/** Why a side was not captured. */
	readonly reason: string | undefined;
	readonly toolUseId: ToolUseId | undefined;
	/** Of a rename: where the file was. */
	readonly from: FilePath | undefined;
	/** When it was announced, and when it was over; of a change that was found afterwards, when it was found. Unix ms. */
	readonly announcedAt: number;
	readonly endedAt: number;
	/** A crash left it unclear whether this content was ever on the disk. */
	readonly isUncertain: boolean;
};
/** Every file the session changed, by `pathKey`, with its operations in order. */
export type Timeline = ReadonlyMap<string, readonly TimelineOperation[]>;

/** An operation without its `fileOperationDone`, and what the next operation on that path found. */
export type OpenIntent = {
	readonly intent: EntryOf<'fileOperation'>;
	readonly nextBefore: RecordedHash | undefined;
	/** And the permissions it found. */
	readonly nextMeta: FileMeta | undefined;
};

/** One text per file; opaque, stable. */
export const pathKey = (file: FilePath): string => `${file.root}\n${file.rel}`;
export const hashOf = <T extends 'absent' | 'notCaptured'>(content: T | BlobRef): T | Sha256 =>
	typeof content === 'string' ? content : content.$blob;
export const isSameFile = (a: FilePath, b: FilePath): boolean => a.root === b.root && a.rel === b.rel;

/** Operations that changed nothing (failed, or formatted back to what was) are left out. */
export const readTimeline = (entries: readonly Entry[]): Timeline => atOnce(timelineSteps(entries));

/** The same in short steps. */
export function* timelineSteps(entries: readonly Entry[]): Generator<void, Timeline> {
	const done = new Map<number, EntryOf<'fileOperationDone'>>();
	for (const [index, entry] of entries.entries()) {
		if (entry.type === 'fileOperationDone') done.set(entry.epoch, entry);
		if (index % ITEMS_PER_STEP === 0) yield;
	}
	const timeline = new Map<string, TimelineOperation[]>();
	for (const [index, entry] of entries.entries()) {
		if (index % ITEMS_PER_STEP === 0) yield;
		if (entry.type !== 'fileOperation') continue;
		const end =
			entry.state === 'done'
				? { after: entry.after, metaAfter: undefined, isUncertain: false, timestamp: entry.timestamp }
				: done.get(entry.epoch);
		if (!end) continue;
		const before = hashOf(entry.before);
		const metaAfter = end.metaAfter ?? entry.metaAfter ?? entry.meta;
		const isOtherMode = entry.op === 'chmod' && entry.meta.mode !== metaAfter.mode;
		if (end.after === before && before !== 'notCaptured' && !isOtherMode && !isOtherKind(entry)) continue;
		const key = pathKey(entry.path);
		const operations = timeline.get(key) ?? [];
		operations.push({
			epoch: entry.epoch,
			file: entry.path,
			op: entry.op,
			before,
			after: end.after,
			meta: entry.meta,
			metaAfter,
			author: entry.author,
			reason: entry.reason,
			toolUseId: entry.toolUseId,
			from: entry.from,
			announcedAt: entry.timestamp,
			endedAt: end.timestamp,
			isUncertain: end.isUncertain ?? false,
		});
		timeline.set(key, operations);
	}
	return timeline;
}

/** A link was to become a file with the bytes of where it pointed, or the other way round. */
const isOtherKind = ({ before, after, meta, metaAfter = meta }: EntryOf<'fileOperation'>): boolean =>
	hashOf(before) === after && (meta.link ?? false) !== (metaAfter.link ?? false);

/**
 * Whether it is known that the session did it. Of anything else (the editor or another session wrote the file while a command ran) a restore
 * takes back only what the user ticks. A `save` only gave another form to what the session had left (see `recordSave`).
 */
export const isOwn = ({ author }: Pick<TimelineOperation, 'author'>): boolean =>
	author === 'agent' || author === 'subagent' || author === 'shell' || author === 'save';

/**
 * The session's operations on a file after `epoch`. The `before` of the first is the file's state at `epoch`, and holds what the user did
 * in between as well. Empty when the session did nothing to the file since: then whatever is there now belongs there.
 */
export function operationsAfter(operations: readonly TimelineOperation[], epoch: number): readonly TimelineOperation[] {
	return operations.filter((operation) => operation.epoch > epoch);
}

/** The highest epoch, happened or not; 0 = none yet. What a stale window wrote late stands behind higher ones. */
export function newestEpoch(entries: readonly Entry[]): number {
	let newest = 0;
	for (const entry of entries) if (entry.type === 'fileOperation') newest = Math.max(newest, entry.epoch);
	return newest;
}

/**
 * The epoch to restore to when rewinding to this prompt: that of its checkpoint, else that of the last operation before it in the log.
 */
export function epochBefore(entries: readonly Entry[], prompt: EntryId): number {
	const checkpoint = entries.findLast((entry) => entry.type === 'checkpoint' && entry.prompt === prompt);
	if (checkpoint?.type === 'checkpoint') return checkpoint.epoch;
	const index = entries.findIndex((entry) => entry.id === prompt);
	return newestEpoch(index < 0 ? entries : entries.slice(0, index));
}

type UndoableRestore = { readonly restore: EntryId; readonly safety: number };

/** The newest restore that can be undone: it is in force (made, or made again), and nothing was restored after it. */
export function undoableRestore(entries: readonly Entry[]): UndoableRestore | undefined {
	return newestRestore(entries, 'inForce');
}

/** The newest restore when it is an undo: undoing that one makes the undone restore again. */
export function redoableRestore(entries: readonly Entry[]): UndoableRestore | undefined {
	return newestRestore(entries, 'undone');
}

/** Undo, redo, undo, …: each is a restore that undoes the one before, so every second one brings the files back. */
function newestRestore(entries: readonly Entry[], wanted: 'inForce' | 'undone'): UndoableRestore | undefined {
	const restores = entries.filter((entry) => entry.type === 'restore');
	const newest = restores.at(-1);
	if (!newest) return undefined;
	const byId = new Map(restores.map((restore) => [restore.id, restore]));
	let undoings = 0;
	for (let of = newest.undoOf; of !== undefined; of = byId.get(of)?.undoOf) undoings++;
	return (undoings % 2 === 0) === (wanted === 'inForce') ? { restore: newest.id, safety: newest.safety } : undefined;
}

/** Operations that were announced and never closed, in order. */
export function openIntents(entries: readonly Entry[]): OpenIntent[] {
	const closed = new Set<number>();
	for (const entry of entries) {
		if (entry.type === 'fileOperationDone') closed.add(entry.epoch);
		if (entry.type === 'fileOperation' && entry.state === 'done') closed.add(entry.epoch);
	}
	const open: OpenIntent[] = [];
	const next = new Map<string, EntryOf<'fileOperation'>>();
	for (const entry of entries.toReversed()) {
		if (entry.type !== 'fileOperation') continue;
		const key = pathKey(entry.path);
		const after = next.get(key);
		if (!closed.has(entry.epoch))
			open.unshift({ intent: entry, nextBefore: after && hashOf(after.before), nextMeta: after?.meta });
		next.set(key, entry);
	}
	return open;
}
