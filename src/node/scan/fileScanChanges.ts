/**
 * Makes recorded changes of files that were touched: what each was before, what it is after, and which of them were moved. Contents
 * that only the repository has are copied into the blob store here.
 */

import type { BlobRef } from '../../core/session/content.ts';
import type { FileMeta, RecordedHash, RecordedRef } from '../../core/session/fileFields.ts';
import { store } from './fileScanCapture.ts';
import type { Folders } from './fileScanFolders.ts';
import {
	type CopyStore,
	type FileContent,
	type FileState,
	isLink,
	permissionBits,
	type ThreadChange,
} from './fileScanTypes.ts';

/** A path that was touched between two pictures; undefined = there was, or is, no file. */
export type Touched = {
	readonly path: string;
	readonly before: FileState | undefined;
	readonly after: FileState | undefined;
};
type Settled = Exclude<FileContent, { kind: 'git' | 'pending' }>;
/** Objects in memory at once. */
const OBJECT_BATCH_BYTES = 64_000_000;

/** Where files that are gone may have moved to. */
export type Moves = {
	/** The path it had before; undefined when it was made. Each path is given once. */
	takeSource(after: FileState): string | undefined;
};

/** `gone` are the touched files that are no more. */
export function findMoves(gone: Iterable<readonly [path: string, before: FileState]>): Moves {
	const sources = new Map<string, string[]>();
	for (const [path, before] of gone) {
		for (const key of keysOf(before)) {
			const paths = sources.get(key);
			if (paths) paths.push(path);
			else sources.set(key, [path]);
		}
	}
	const taken = new Set<string>();
	return {
		takeSource(after) {
			if (taken.size === 0 && sources.size === 0) return undefined;
			for (const key of keysOf(after)) {
				const paths = sources.get(key) ?? [];
				while (paths.length > 0) {
					const path = paths.shift();
					if (path === undefined || taken.has(path)) continue;
					taken.add(path);
					return path;
				}
			}
			return undefined;
		},
	};
}

/** What two files must share to be one. A number of the file system alone is given away again at once, so its birth goes with it. */
function keysOf({ stat, content }: FileState): string[] {
	const keys: string[] = [];
	if (stat.birthtimeMs > 0) keys.push(`${stat.ino} ${stat.birthtimeMs}`);
	// All empty files are the same.
	if (stat.size > 0 && content.kind === 'blob') keys.push(content.sha);
	if (stat.size > 0 && content.kind === 'blob' && content.oid !== undefined) keys.push(content.oid);
	if (stat.size > 0 && content.kind === 'git') keys.push(content.oid);
	return keys;
}

export type CopyWorld = {
	readonly blobs: CopyStore;
	/** Read ahead, by `readObjectsOf`. */
	readonly objects: Promise<ReadonlyMap<string, Buffer>>;
};

/** What of these only the repository has, as far as it should be in memory at once; the rest is read when it is needed. */
export async function readObjectsOf(
	states: readonly (FileState | undefined)[],
	folders: Folders,
): Promise<ReadonlyMap<string, Buffer>> {
	const byTop = new Map<string, string[]>();
	let bytes = 0;
	for (const state of states) {
		if (state?.content.kind !== 'git' || bytes + state.stat.size > OBJECT_BATCH_BYTES) continue;
		bytes += state.stat.size;
		const { top, oid } = state.content;
		const oids = byTop.get(top) ?? [];
		oids.push(oid);
		byTop.set(top, oids);
	}
	const objects = new Map<string, Buffer>();
	for (const [top, oids] of byTop) {
		const found = await folders.repositories.get(top)?.readObjects(oids);
		for (const [oid, object] of found ?? []) objects.set(`${top}\n${oid}`, object);
	}
	return objects;
}

/** The changes among `touched`; files that turn out to be as they were are left out. */
export async function changesOf(
	touched: readonly Touched[],
	moves: Moves,
	folders: Folders,
	world: CopyWorld,
): Promise<ThreadChange[]> {
	const different = touched.filter(({ before, after }) => !isSame(before, after));
	const copies = await copyObjects(different, folders, world);
	const settle = (content: FileContent): Settled => {
		if (content.kind === 'pending') return { kind: 'none', reason: 'it was not copied in time' };
		return content.kind === 'git' ? (copies.get(keyOf(content)) ?? noObject) : content;
	};
	const changes: ThreadChange[] = [];
	for (const { path, before, after } of different) {
		const root = folders.rootOf(path);
		if (!root) continue;
		const file = { root: root.path, rel: path.slice(root.real.length + 1) };
		const was = before && settle(before.content);
		const is = after && settle(after.content);
		const reasons = [was, is].flatMap((content) => (content?.kind === 'none' ? [content.reason] : []));
		const common = {
			file,
			before: was ? refOf(was) : ('absent' as const),
			after: is ? hashOf(is) : ('absent' as const),
			...(reasons[0] === undefined ? {} : { reason: reasons[0] }),
		};
		if (!before) {
			if (!after) continue;
			const source = moves.takeSource(after);
			const sourceRoot = source === undefined ? undefined : folders.rootOf(source);
			const meta = metaOf(after);
			if (source !== undefined && sourceRoot)
				changes.push({
					...common,
					op: 'rename',
					meta,
					from: { root: sourceRoot.path, rel: source.slice(sourceRoot.real.length + 1) },
				});
			else changes.push({ ...common, op: 'create', meta });
			continue;
		}
		const meta = metaOf(before);
		if (!after) {
			changes.push({ ...common, op: 'delete', meta });
			continue;
		}
		const metaAfter = metaOf(after);
		const isMetaSame = meta.mode === metaAfter.mode && meta.link === metaAfter.link;
		const isContentSame =
			was?.kind === 'blob' && is?.kind === 'blob' ? was.sha === is.sha : hasSameTimes(before, after);
		if (isContentSame && isMetaSame) continue;
		const isKindSame = meta.link === metaAfter.link;
		changes.push({
			...common,
			op: isContentSame && isKindSame ? 'chmod' : 'change',
			meta,
			...(isMetaSame ? {} : { metaAfter }),
		});
	}
	return changes;
}

const noObject: Settled = { kind: 'none', reason: 'its object is not in the repository any more' };
const keyOf = ({ top, oid }: Extract<FileContent, { kind: 'git' }>) => `${top}\n${oid}`;

function isSame(before: FileState | undefined, after: FileState | undefined): boolean {
	if (!before || !after) return before === after;
	if (permissionBits(before.stat.mode) !== permissionBits(after.stat.mode)) return false;
	if (isLink(before.stat.mode) !== isLink(after.stat.mode)) return false;
	const [was, is] = [before.content, after.content];
	if (was.kind === 'blob' && is.kind === 'blob') return was.sha === is.sha;
	const oids = [was, is].map((content) => ('oid' in content ? content.oid : undefined));
	if (oids[0] !== undefined && oids[0] === oids[1]) return true;
	return (was.kind === 'none' || is.kind === 'none') && hasSameTimes(before, after);
}

/** All that can be said of a file that was not copied. */
const hasSameTimes = (before: FileState, after: FileState): boolean =>
	before.stat.size === after.stat.size && before.stat.mtimeMs === after.stat.mtimeMs;

async function copyObjects(
	touched: readonly Touched[],
	folders: Folders,
	{ blobs, objects }: CopyWorld,
): Promise<ReadonlyMap<string, Settled>> {
	const wanted = new Map<string, { top: string; oid: string; sizeBytes: number }>();
	for (const { before, after } of touched) {
		for (const state of [before, after]) {
			if (state?.content.kind !== 'git') continue;
			const { top, oid } = state.content;
			wanted.set(keyOf(state.content), { top, oid, sizeBytes: state.stat.size });
		}
	}
	const copies = new Map<string, Settled>();
	const keep = async (found: Iterable<readonly [key: string, bytes: Buffer]>) => {
		await Promise.all(
			[...found].map(async ([key, bytes]) => {
				const content = await store(blobs, bytes);
				if (content.kind === 'blob' || content.kind === 'none') copies.set(key, content);
			}),
		);
	};
	const isRead = await objects;
	await keep([...isRead].filter(([key]) => wanted.delete(key)));
	for (const [top, repository] of folders.repositories) {
		const own = [...wanted.values()].filter((one) => one.top === top);
		while (own.length > 0) {
			const batch: string[] = [];
			for (let bytes = 0; own.length > 0 && bytes < OBJECT_BATCH_BYTES; ) {
				const next = own.pop();
				if (next) batch.push(next.oid);
				bytes += next?.sizeBytes ?? 0;
			}
			const found = await repository.readObjects(batch);
			await keep([...found].map(([oid, bytes]) => [`${top}\n${oid}`, bytes]));
		}
	}
	return copies;
}

/** `store` names only what it holds, so the reference is whole. */
function refOf(content: Settled): RecordedRef {
	if (content.kind === 'none') return 'notCaptured';
	const ref: BlobRef = {
		$blob: content.sha,
		size: content.sizeBytes,
		mediaType: 'application/octet-stream',
		head: '',
	};
	return ref;
}

const hashOf = (content: Settled): RecordedHash => (content.kind === 'none' ? 'notCaptured' : content.sha);

function metaOf({ stat }: FileState): FileMeta {
	return isLink(stat.mode) ? { link: true } : { mode: permissionBits(stat.mode) };
}
