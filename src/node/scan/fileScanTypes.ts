/** The words that the parts of the file scanner share: what is known of a file, and what the threads tell each other. No behaviour but comparing. */
import type { Stats } from 'node:fs';
import type { ResourceLimits } from 'node:worker_threads';
import type { Sha256 } from '../../base/ids.ts';
import type { FoundChange, ScanLimits } from '../../core/checkpoint/fileScanner.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobRef } from '../../core/session/content.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

/** What the file system says of a file or link, without following it. Times in ms with their fraction. */
export type FileStat = {
	readonly size: number;
	readonly mtimeMs: number;
	readonly ctimeMs: number;
	readonly ino: number;
	readonly mode: number;
	readonly birthtimeMs: number;
};

/** Where the bytes of a file are. */
export type FileContent =
	| { readonly kind: 'blob'; readonly sha: Sha256; readonly sizeBytes: number; readonly oid?: string }
	/** In the repository, byte for byte. */
	| { readonly kind: 'git'; readonly top: string; readonly oid: string }
	/** Not copied yet. */
	| { readonly kind: 'pending' }
	/** `isForNow`: worth another try. */
	| { readonly kind: 'none'; readonly reason: string; readonly isForNow?: true };
export type FileState = { readonly stat: FileStat; readonly content: FileContent };

/** How much is copied. The numbers, and why, are with the scanner. */
export type ScanBudget = {
	/** The largest file that is copied in a git repository. */
	readonly repositoryFileBytes: number;
	/** The largest file that is copied elsewhere. */
	readonly plainFileBytes: number;
	/** All copies of the files as they are now, together. */
	readonly totalBytes: number;
	readonly totalFiles: number;
	/** A command waits at most so long for copies; what is not copied then is named. */
	readonly copyWaitMs: number;
};

/** What the scanning thread does for the one that asked. */
export type ScanCalls = {
	prepare(world: ScanWorld): Promise<void>;
	/** `goesOn`: what the last look saw is taken as it is, unless the picture must be made anew. */
	begin(run: number, session: string, world: ScanWorld, goesOn: boolean): Promise<ScanLimits>;
	/** How many paths were touched; they are told by `next`. */
	finish(run: number): Promise<number>;
	/** Undefined = that was all. */
	next(run: number): Promise<readonly ThreadChange[] | undefined>;
	cancel(run: number): Promise<void>;
};
/** What may change between two commands. */
export type ScanWorld = {
	readonly roots: readonly WorkspaceRoot[];
	/** Undefined: git is not asked. */
	readonly gitPath: string | undefined;
	readonly budget: ScanBudget;
};
/** What the scanning thread asks back, where copies are kept in memory. */
export type BlobCalls = { put(bytes: Uint8Array, mediaType: string): Promise<BlobRef> };
export type CopyStore = Pick<BlobStore, 'put'>;
export type ThreadRole =
	| {
			readonly kind: 'picture';
			/** This thread's own file, for the second thread. */
			readonly file: string;
			/** The storage folder; undefined = copies go back to where the blobs are. */
			readonly blobFolder: string | undefined;
	  }
	| { readonly kind: 'shard' };
/** What is found, but for its author, which the thread does not know. */
export type ThreadChange = Omit<FoundChange, 'author'>;

/** A folder with the files in it that are watched over. Six numbers of `stats` per name. */
export type ShardFolder = {
	readonly id: number;
	readonly path: string;
	/** NaN = may have changed within one tick of the clock; read it again. */
	mtimeMs: number;
	names: string[];
	stats: number[];
};
export type EntryKind = 'file' | 'folder' | 'link' | 'other';
/** What is different in one folder. */
export type FolderDelta = {
	readonly id: number;
	readonly changed: readonly { readonly name: string; readonly was: FileStat; readonly now: FileStat }[];
	readonly gone: readonly { readonly name: string; readonly was: FileStat }[];
	/** What is in the folder and not among its names; undefined when the folder did not change. */
	readonly others: readonly (readonly [name: string, kind: EntryKind])[] | undefined;
	/** It is no folder any more; `gone` has all that was in it. */
	readonly isGone: boolean;
	readonly isUnreadable: boolean;
};
/** A part of the folders, looked at by one thread. */
export type ShardCalls = {
	put(folders: readonly ShardFolder[]): void;
	/** Adds files to a folder, or takes what is known of them anew. */
	patch(id: number, names: readonly string[], stats: readonly number[]): void;
	/** Takes folders out and gives back what was known of them. */
	drop(ids: readonly number[]): readonly ShardFolder[];
	restat(): readonly FolderDelta[];
	clear(): void;
};

/**
 * Looking at many files makes much garbage, and by default a thread lets a multiple of what it keeps pile up before it looks for some. With less
 * room for what is new the same work takes no longer and 100 MB less.
 */
export const SCAN_THREAD_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 8 };

export const STAT_COLUMNS = 6;
const FILE_TYPE = 0o170000;
const LINK_TYPE = 0o120000;
/** The clock of a file system ticks every 1 to 10 ms: what was written within one tick cannot be told apart by its times. */
const TICK_MS = 20;
/** Some file systems keep whole seconds, FAT every other one. */
const COARSE_TICK_MS = 2_000;

/** Paths are compared and cut as text, so that all have the same separator. */
export const slashed = (path: string): string => (process.platform === 'win32' ? path.replaceAll('\\', '/') : path);

export const isLink = (mode: number): boolean => (mode & FILE_TYPE) === LINK_TYPE;
export const permissionBits = (mode: number): number => mode & 0o777;

/** True when something could be written after `nowMs` without this time showing it. */
export function isFresh(timeMs: number, nowMs: number): boolean {
	return timeMs > nowMs - (timeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS);
}

export const statOf = (stats: Stats): FileStat => ({
	size: stats.size,
	mtimeMs: stats.mtimeMs,
	ctimeMs: stats.ctimeMs,
	ino: stats.ino,
	mode: stats.mode,
	birthtimeMs: stats.birthtimeMs,
});

export function isSameStat(a: FileStat, b: FileStat): boolean {
	return (
		a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino && a.mode === b.mode
	);
}
