/**
 * What bringing the changes of a session's worktree into the workspace would do, as a plan like that of a restore: three ways, from what the
 * file was at the start (or at the last merge that still stands) to the worktree's and to the workspace's. Reads only, but for stored contents.
 * It is shown, carried out, undone, and left to the merge editor where lines conflict, as any restore.
 */
import { UserError } from '../../base/errors.ts';
import { countChanges } from '../edit/diffText.ts';
import { plainText } from '../edit/textFile.ts';
import type { Entry } from '../session/entry.ts';
import type { ContentHash, FileMeta, RecordedHash } from '../session/fileFields.ts';
import type { WorktreeChange, WorktreeSide } from '../worktree/worktreePort.ts';
import { currentFile } from './currentFile.ts';
import { inParallel } from './inParallel.ts';
import { FILE_MEDIA_TYPE } from './recordingWorkspace.ts';
import type { PlannedFile, RestorePlan, RestoreWorld } from './restorePlan.ts';
import { pathKey } from './timeline.ts';
import { judge, stateOf } from './userEdits.ts';

const MAX_AT_ONCE = 4;
/** Comparing more than this line by line would be felt. */
const MAX_COUNTED_BYTES = 4_000_000;
const EXECUTE = 0o111;
const OWNER_WRITE = 0o200;

/** Plans taking over what `changes` says of the worktree. What the workspace has already is in no plan. */
export async function planMergeBack(
	world: RestoreWorld & { readonly changes: readonly WorktreeChange[] },
	signal: AbortSignal,
): Promise<RestorePlan> {
	const merged = mergedContents(await world.session.history(['restore', 'fileOperation', 'fileOperationDone'], signal));
	const folds = new Map<string, number>();
	for (const { file } of world.changes) {
		const fold = pathKey(file).toLowerCase();
		folds.set(fold, (folds.get(fold) ?? 0) + 1);
	}
	const files = await inParallel(world.changes, MAX_AT_ONCE, async (change) => {
		signal.throwIfAborted();
		const key = pathKey(change.file);
		return await planOne(world, change, merged.get(key), (folds.get(key.toLowerCase()) ?? 0) > 1);
	});
	const planned = files.filter((file) => file !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1));
	return { toEpoch: world.session.newestEpoch, undoOf: undefined, isMergeBack: true, files: planned };
}

/** What a merge took from the worktree and left in the workspace; undefined when the user settled a conflict with the file as it was. */
type Merged = { readonly taken: ContentHash; after: ContentHash | undefined };

/**
 * The worktree's content that stands in the workspace through a merge, for each file: one that was undone or rewound counts no more. Where the
 * log cannot tell, none counts: then more is asked about, and nothing is passed over.
 */
function mergedContents(entries: readonly Entry[]): ReadonlyMap<string, ContentHash> {
	const done = new Map<number, ContentHash>();
	const takenBy = new Map<string, ReadonlyMap<string, ContentHash>>();
	for (const entry of entries) {
		if (entry.type === 'fileOperationDone') done.set(entry.epoch, entry.after);
		if (entry.type !== 'restore') continue;
		const taken = entry.files.flatMap(({ path, taken: hash }) =>
			hash === undefined ? [] : ([[pathKey(path), hash]] as const),
		);
		// Of a conflict that was settled later, what the merge wanted.
		const settled = entry.resolves === undefined ? undefined : takenBy.get(entry.resolves);
		takenBy.set(entry.id, settled ?? new Map(taken));
	}
	const stacks = new Map<string, Merged[]>();
	const stackOf = (key: string): Merged[] => {
		const stack = stacks.get(key) ?? [];
		stacks.set(key, stack);
		return stack;
	};
	let taken: ReadonlyMap<string, ContentHash> | undefined;
	for (const entry of entries) {
		if (entry.type === 'restore') {
			taken = takenBy.get(entry.id);
			if (entry.resolves !== undefined)
				for (const { path } of entry.files) {
					const wanted = taken?.get(pathKey(path));
					if (wanted !== undefined) stackOf(pathKey(path)).push({ taken: wanted, after: undefined });
				}
		}
		if (entry.type !== 'fileOperation' || entry.toolUseId !== undefined || entry.after === 'notCaptured') continue;
		const key = pathKey(entry.path);
		const before = entry.before === 'notCaptured' || entry.before === 'absent' ? entry.before : entry.before.$blob;
		const after = done.get(entry.epoch) ?? entry.after;
		if (after === before) continue;
		const stack = stackOf(key);
		const wanted = taken?.get(key);
		const last = stack.at(-1);
		if (wanted !== undefined && last && last.after === undefined) last.after = after;
		else if (wanted !== undefined) stack.push({ taken: wanted, after });
		else while (stack.length > 0 && stack.at(-1)?.after !== after) stack.pop();
	}
	return new Map(
		[...stacks].flatMap(([key, stack]) => {
			const last = stack.at(-1);
			return last ? [[key, last.taken] as const] : [];
		}),
	);
}

/** Undefined when there is nothing to take over. */
async function planOne(
	world: RestoreWorld,
	{ file, base, now }: WorktreeChange,
	merged: ContentHash | undefined,
	hasCaseTwin: boolean,
): Promise<PlannedFile | undefined> {
	const { workspace, blobs } = world;
	const targetMeta = metaOf(now);
	const target = await contentOf(world, now);
	const found = await currentFile(workspace, file, {
		hasCaseTwin,
		isLinkKnown: targetMeta.link === true || metaOf(base).link === true,
	}).catch((error: unknown) => {
		if (!(error instanceof UserError)) throw error;
		return { kind: 'blocked', absolute: `${file.root}/${file.rel}`, reason: 'it cannot be read now' } as const;
	});
	const snapshot = found.kind === 'found' ? found.snapshot : undefined;
	const currentMeta = snapshot?.kind === 'file' ? snapshot.meta : {};
	const left = merged ?? (await contentOf(world, base));
	const leftMeta = merged === undefined ? metaOf(base) : targetMeta;
	const planned = {
		...{ key: pathKey(file), file, absolute: found.absolute, isUncertainAuthor: false, currentMeta, hasCaseTwin },
		...{ movedFrom: undefined, made: [], merged: undefined, addedLines: 0, removedLines: 0, left },
		...{ target, meta: wantedMeta(targetMeta, metaOf(base), currentMeta) },
	};
	const blocked = (note: string): PlannedFile => ({
		...planned,
		...{ action: 'restore', status: 'blocked', note, current: undefined },
	});
	if (!snapshot) return blocked(found.kind === 'blocked' ? found.reason : '');
	if (target === 'notCaptured') return blocked('it could not be read in the worktree');
	const bytes = snapshot.kind === 'file' ? snapshot.bytes : undefined;
	const current: ContentHash = bytes ? blobs.hash(bytes) : 'absent';
	const states = {
		left: stateOf(left, leftMeta),
		target: stateOf(target, targetMeta),
		current: stateOf(current, currentMeta),
	};
	const { mode } = planned.meta;
	const isOtherMode = bytes !== undefined && mode !== undefined && mode !== currentMeta.mode;
	if (states.current === states.target)
		return isOtherMode ? { ...planned, action: 'mode', status: 'ok', note: '', current } : undefined;
	// The contents are as they were: only its permissions are other ones in the worktree.
	if (states.target === states.left)
		return isOtherMode ? { ...planned, action: 'mode', status: 'ok', note: '', current, target: current } : undefined;
	const targetBytes = target === 'absent' ? undefined : await blobs.get({ $blob: target });
	const isReadOnly = bytes !== undefined && currentMeta.mode !== undefined && (currentMeta.mode & OWNER_WRITE) === 0;
	if (isReadOnly) return { ...blocked('it is read-only'), current };
	const edits = states.current === states.left ? [] : [{ from: states.left, to: states.current }];
	const judged = { edits, left: states.left, current: states.current, isUncertain: false, others: 'worktree' } as const;
	const verdict = await judge(blobs, judged, bytes, targetBytes);
	if (verdict.action === 'none') return undefined;
	const isAnyLink = targetMeta.link === true || currentMeta.link === true;
	return { ...planned, ...verdict, ...(isAnyLink ? {} : lineCounts(bytes, verdict.merged ?? targetBytes)), current };
}

/** In the blob store from then on. */
async function contentOf({ blobs }: RestoreWorld, side: WorktreeSide): Promise<RecordedHash> {
	if (side.kind === 'absent') return 'absent';
	const bytes = await side.bytes();
	return bytes ? (await blobs.put(bytes, FILE_MEDIA_TYPE)).$blob : 'notCaptured';
}

const metaOf = (side: WorktreeSide): FileMeta => (side.kind === 'file' ? side.meta : {});

/** Whether it can be executed goes along when the worktree changed that; who may read a file is the workspace's. */
function wantedMeta(target: FileMeta, base: FileMeta, current: FileMeta): FileMeta {
	if (target.link || target.mode === undefined) return target;
	if (current.mode === undefined) return { mode: target.mode };
	const isExecutable = (target.mode & EXECUTE) !== 0;
	if (base.mode !== undefined && isExecutable === ((base.mode & EXECUTE) !== 0)) return {};
	return { mode: isExecutable ? current.mode | EXECUTE : current.mode & ~EXECUTE };
}

function lineCounts(from: Uint8Array | undefined, to: Uint8Array | undefined) {
	if ((from?.length ?? 0) + (to?.length ?? 0) > MAX_COUNTED_BYTES) return {};
	const [before, after] = [from ? plainText(from) : '', to ? plainText(to) : ''];
	return before === undefined || after === undefined ? {} : countChanges(before, after);
}
