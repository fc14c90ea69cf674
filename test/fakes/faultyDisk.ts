/**
 * A disk that forgets: records what src/node does to files, in order, and makes from it the folders that a power cut could have left.
 * Nothing is patched in the product: importing this file sends the `node:fs` of the recorded files to faultyDiskFs.ts, so the
 * product must be imported after it (dynamically).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Everything that writes logs, leases and contents. */
const RECORDED = /\/src\/node\/store\/(?:fileLog|fileBlobStore|lease)\.ts(?:\?.*)?$/;
const REPLACEMENT = new URL('./faultyDiskFs.ts', import.meta.url).href;

registerHooks({
	resolve(specifier, context, next) {
		if (specifier === 'node:fs' && RECORDED.test(context.parentURL ?? '')) return next(REPLACEMENT, context);
		return next(specifier, context);
	},
});

type Inode = { readonly id: number };
export type DiskEvent =
	| { readonly kind: 'folder'; readonly path: string }
	| { readonly kind: 'name'; readonly path: string; readonly inode: Inode }
	| { readonly kind: 'rename'; readonly from: string; readonly to: string }
	| { readonly kind: 'remove'; readonly path: string }
	| { readonly kind: 'write'; readonly inode: Inode; readonly at: number; readonly bytes: Buffer }
	/** What was there at `since` (an index of the trace) is safe now: of a file its bytes, of a folder its names. */
	| {
			readonly kind: 'flushed';
			readonly inode: Inode | undefined;
			readonly folder: string | undefined;
			readonly since: number;
	  }
	/** The test's own: what was promised at this point. */
	| { readonly kind: 'mark'; readonly mark: unknown };

type Flush = 'logFlush' | 'blobFlush' | 'folderFlush';

/** One for the process, since modules are. Paths are absolute. */
export const recorder = createRecorder();

function createRecorder() {
	let trace: DiskEvent[] = [];
	let inodes = new Map<string, Inode>();
	let forgotten: Flush | undefined;
	let isOn = false;
	const open = new Map<number, { readonly path: string; readonly inode: Inode | undefined }>();
	let count = 0;
	const name = (path: string): Inode => {
		const inode = { id: ++count };
		inodes.set(path, inode);
		trace.push({ kind: 'name', path, inode });
		return inode;
	};
	return {
		/** Starts anew. `forgets`: a flush of this kind is reported done and does nothing, as if the product had forgotten it. */
		start(forgets?: Flush) {
			trace = [];
			inodes = new Map();
			forgotten = forgets;
			isOn = true;
		},
		/** What comes from here on is not recorded, so that a folder that was left behind can be used. */
		stop() {
			isOn = false;
		},
		get trace(): readonly DiskEvent[] {
			return trace;
		},
		mark(mark: unknown) {
			trace.push({ kind: 'mark', mark });
		},
		opened(fd: number, path: string, isNew: boolean) {
			if (!isOn) return;
			const known = inodes.get(path);
			open.set(fd, { path, inode: known ?? (isNew ? name(path) : undefined) });
		},
		closed(fd: number) {
			open.delete(fd);
		},
		wrote(fd: number, at: number, bytes: Uint8Array) {
			if (!isOn) return;
			const inode = open.get(fd)?.inode;
			if (!inode) throw new Error('a write to a file that was there before the recording');
			trace.push({ kind: 'write', inode, at, bytes: Buffer.from(bytes) });
		},
		created(path: string, bytes: Buffer) {
			if (isOn) trace.push({ kind: 'write', inode: name(path), at: 0, bytes });
		},
		flush(fd: number, done: (error: null) => void) {
			const of = open.get(fd);
			const since = trace.length;
			const kind: Flush = !of?.inode ? 'folderFlush' : of.path.endsWith('.jsonl') ? 'logFlush' : 'blobFlush';
			setImmediate(() => {
				if (of && isOn && kind !== forgotten) {
					const folder = of.inode ? undefined : of.path;
					trace.push({ kind: 'flushed', inode: of.inode, folder, since });
				}
				done(null);
			});
		},
		renamed(from: string, to: string) {
			if (!isOn) return;
			const inode = inodes.get(from);
			inodes.delete(from);
			if (inode) inodes.set(to, inode);
			trace.push({ kind: 'rename', from, to });
		},
		removed(path: string) {
			if (!isOn) return;
			inodes.delete(path);
			trace.push({ kind: 'remove', path });
		},
		/** A folder that was there, and safe, before anything else. */
		hadFolder(path: string) {
			mkdirSync(path, { recursive: true });
			trace.push({ kind: 'folder', path });
			trace.push({ kind: 'flushed', inode: undefined, folder: dirname(path), since: trace.length });
		},
		madeFolders(first: string, last: string) {
			if (!isOn) return;
			for (let path = first; ; path = join(path, relative(path, last).split(/[\\/]/)[0] ?? '')) {
				trace.push({ kind: 'folder', path });
				if (path === last) return;
			}
		},
	};
}

/**
 * How names and sizes reach the disk. `journal`: in order, and every flush takes along all that came before it (ext4, xfs, NTFS, APFS).
 * `loose`: each on its own, safe only when its own folder is flushed, which is all that POSIX promises.
 */
export type NameOrder = 'journal' | 'loose';

export type PowerCut = {
	/** Index in the trace: what comes from here on never happened. */
	readonly at: number;
	readonly order: NameOrder;
	readonly random: () => number;
};

const SECTOR_BYTES = 512;

/** Writes into `to` one of the folders that the cut could have left of `from`. */
export function leaveBehind(trace: readonly DiskEvent[], from: string, to: string, cut: PowerCut) {
	const past = trace.slice(0, cut.at);
	const { names, folders } = namesAfter(past, cut);
	const kept = cut.order === 'journal' ? names.upTo : past.length;
	const isThere = (path: string): boolean => path === from || (folders.has(path) && isThere(dirname(path)));
	mkdirSync(to, { recursive: true });
	for (const path of [...folders].sort()) {
		if (isThere(path)) mkdirSync(join(to, relative(from, path)), { recursive: true });
	}
	for (const [path, inode] of names.map) {
		if (!isThere(dirname(path))) continue;
		writeFileSync(join(to, relative(from, path)), contentAfter(past, inode, kept, cut.random));
	}
}

/** A number generator that a property can shrink. */
export function randomFrom(seed: number): () => number {
	let state = seed >>> 0 || 1;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

function namesAfter(past: readonly DiskEvent[], { order, random }: PowerCut) {
	// In a journal, all up to a point between the last flush and the cut.
	const committed = past.reduce((most, event) => (event.kind === 'flushed' ? Math.max(most, event.since) : most), 0);
	const upTo = committed + Math.floor(random() * (past.length - committed + 1));
	const flushedFolders = (path: string, index: number) =>
		past.some((event) => event.kind === 'flushed' && event.folder === path && event.since > index);
	const isKept = (path: string, index: number) =>
		order === 'journal' ? index < upTo : flushedFolders(dirname(path), index) || random() < 0.5;
	const map = new Map<string, Inode>();
	const folders = new Set<string>();
	/** Also names that did not last: a rename that lasts gives its file the new one. */
	const meant = new Map<string, Inode>();
	for (const [index, event] of past.entries()) {
		if (event.kind === 'folder') {
			if (isKept(event.path, index)) folders.add(event.path);
		} else if (event.kind === 'name') {
			meant.set(event.path, event.inode);
			if (isKept(event.path, index)) map.set(event.path, event.inode);
		} else if (event.kind === 'rename') {
			const inode = meant.get(event.from);
			meant.delete(event.from);
			if (!inode) continue;
			meant.set(event.to, inode);
			if (!isKept(event.to, index)) continue;
			map.delete(event.from);
			map.set(event.to, inode);
		} else if (event.kind === 'remove') {
			meant.delete(event.path);
			if (!isKept(event.path, index)) continue;
			map.delete(event.path);
			folders.delete(event.path);
		}
	}
	return { names: { map, upTo }, folders };
}

/** What was flushed, and of the rest any length, each sector written or still zero. */
function contentAfter(past: readonly DiskEvent[], inode: Inode, sizesUpTo: number, random: () => number): Buffer {
	const safeUpTo = past.reduce(
		(most, event) => (event.kind === 'flushed' && event.inode === inode ? Math.max(most, event.since) : most),
		0,
	);
	let safe = Buffer.alloc(0);
	let full = Buffer.alloc(0);
	let sized = 0;
	for (const [index, event] of past.entries()) {
		if (event.kind !== 'write' || event.inode !== inode) continue;
		full = Buffer.concat([full.subarray(0, event.at), event.bytes]);
		if (index < safeUpTo) safe = full;
		if (index < sizesUpTo) sized = full.length;
	}
	const longest = Math.max(safe.length, sized);
	const length = random() < 0.3 ? longest : safe.length + Math.floor(random() * (longest - safe.length + 1));
	const left = Buffer.alloc(length);
	safe.copy(left);
	for (let start = safe.length; start < length; ) {
		const end = Math.min(length, (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES);
		if (random() < 0.7) full.copy(left, start, start, end);
		start = end;
	}
	return left;
}
