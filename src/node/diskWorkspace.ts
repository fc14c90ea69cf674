/**
 * The port Workspace on the bare disk: confined paths, capped reads, checked writes in place.
 * Knows no open documents; the editor's implementation stands on this one and adds them.
 */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink, realpath, rmdir, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { UserError } from '../base/errors.ts';
import { asSha256 } from '../base/ids.ts';
import type { FileSnapshot, ResolvedPath, Workspace, WorkspaceRoot } from '../core/ports.ts';
import type { ContentHash } from '../core/session/entry.ts';
import {
	badPath,
	changedMeanwhile,
	damagedFailure,
	notAFile,
	pathMoved,
	readFailure,
	readOnlyFile,
	writeFailure,
} from './fileErrors.ts';
import { realLocation, wayBelow } from './realPath.ts';
import { systemCode } from './systemErrors.ts';

const DEFAULT_MAX_BYTES = 10_000_000;
/** Absent on Windows, where links need rights that files do not. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NON_BLOCK = constants.O_NONBLOCK ?? 0;
const PERMISSION_BITS = 0o777;
const OWNER_WRITE = 0o200;

export function createDiskWorkspace(options: {
	readonly roots: () => readonly WorkspaceRoot[];
	readonly isTrusted: () => boolean;
}): Workspace {
	const requireTrust = () => {
		if (options.isTrusted()) return;
		throw new UserError('untrusted', 'This workspace is not trusted, so no file is changed. Trust it first.');
	};
	return {
		get roots() {
			return options.roots();
		},
		get isTrusted() {
			return options.isTrusted();
		},
		resolve: (path, cwd) => resolvePath(path, cwd, options.roots()),
		read: (absolute, { maxBytes = DEFAULT_MAX_BYTES } = {}) => readSnapshot(absolute, maxBytes),
		async write(absolute, bytes, { mode, expected }) {
			requireTrust();
			await requireRealPath(absolute, options.roots());
			const existing = await statOf(absolute);
			if (existing) await replaceContent(absolute, existing, bytes, mode, expected, options.roots());
			else await createFile(absolute, bytes, mode, expected, options.roots());
			return { after: hashOf(bytes), isSaved: true };
		},
		async delete(absolute, { expected }) {
			requireTrust();
			await requireRealPath(absolute, options.roots());
			const existing = await statOf(absolute);
			if (!existing) {
				if (expected === undefined || expected === 'absent') return;
				throw changedMeanwhile(absolute);
			}
			requireFile(absolute, existing);
			if (expected !== undefined && (await hashOnDisk(absolute)) !== expected) throw changedMeanwhile(absolute);
			// Reading took its time. A name can only be removed by its path, so this is the last moment to look.
			await requireRealPath(absolute, options.roots());
			await unlink(absolute).catch((error: unknown) => {
				throw writeFailure(absolute, error);
			});
		},
	};
}

/** Links in folders are followed before the path is judged, so neither `..` nor a link leads out unnoticed. */
async function resolvePath(path: string, cwd: string, roots: readonly WorkspaceRoot[]): Promise<ResolvedPath> {
	try {
		const location = realLocation(resolve(cwd, expandHome(path)));
		const realRoots = Promise.all(roots.map((root) => realpath(root.path).catch(() => undefined)));
		const real = await location;
		const own = await rootOf(real, roots, await realRoots);
		if (!own) return { kind: 'outside', absolute: real };
		// Named as the user opened the folder, so that the editor finds its open documents.
		const absolute = join(own.root.path, own.way);
		const isLink = own.way !== '' && ((await statOf(real))?.isSymbolicLink() ?? false);
		return { kind: 'inside', file: { root: own.root.path, rel: own.way.split(sep).join('/') }, absolute, isLink };
	} catch (error) {
		throw badPath(path, error);
	}
}

/** The innermost root that holds the real path. A root is often opened through a link itself, and may be the link's end. */
async function rootOf(
	real: string,
	roots: readonly WorkspaceRoot[],
	realRoots: readonly (string | undefined)[],
): Promise<{ readonly root: WorkspaceRoot; readonly way: string } | undefined> {
	let best: { root: WorkspaceRoot; way: string } | undefined;
	for (const [index, root] of roots.entries()) {
		const realRoot = realRoots[index];
		if (realRoot === undefined) continue;
		// The root itself may be given by its linked name, which is not followed as a last name.
		const isRootByLink = async () => (await realpath(real).catch(() => undefined)) === realRoot;
		const way = wayBelow(realRoot, real) ?? ((await isRootByLink()) ? '' : undefined);
		if (way !== undefined && (!best || way.length < best.way.length)) best = { root, way };
	}
	return best;
}

function expandHome(path: string): string {
	return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

async function readSnapshot(absolute: string, maxBytes: number): Promise<FileSnapshot> {
	try {
		const named = await statOf(absolute);
		if (!named) return { kind: 'absent' };
		if (named.isDirectory()) return { kind: 'directory' };
		if (named.isSymbolicLink()) return { kind: 'special', what: `a link to ${await readlink(absolute)}` };
		if (!named.isFile()) return { kind: 'special', what: kindOf(named) };
		const handle = await open(absolute, constants.O_RDONLY | NO_FOLLOW | NON_BLOCK);
		try {
			const stats = await handle.stat();
			if (!stats.isFile()) return { kind: 'special', what: kindOf(stats) };
			if (stats.size > maxBytes) return { kind: 'tooLarge', sizeBytes: stats.size };
			const bytes = await readAll(handle, stats.size, maxBytes);
			if (!bytes) return { kind: 'tooLarge', sizeBytes: maxBytes + 1 };
			return { kind: 'file', bytes, meta: { mode: stats.mode & PERMISSION_BITS }, isDirty: false };
		} finally {
			await handle.close();
		}
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return { kind: 'absent' };
		throw readFailure(absolute, error);
	}
}

/** Reads to the end, which may be another than the size said; undefined when there is more than `maxBytes`. */
async function readAll(
	handle: FileHandle,
	sizeBytes: number,
	maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	let buffer = new Uint8Array(sizeBytes + 1);
	let filled = 0;
	for (;;) {
		const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
		if (bytesRead === 0) return buffer.slice(0, filled);
		filled += bytesRead;
		if (filled > maxBytes) return undefined;
		if (filled < buffer.length) continue;
		const larger = new Uint8Array(buffer.length * 2);
		larger.set(buffer);
		buffer = larger;
	}
}

/** In place, so that hard links, owner and access lists stay. What was there is put back when it fails in the middle. */
async function replaceContent(
	absolute: string,
	existing: Stats,
	bytes: Uint8Array,
	mode: number | undefined,
	expected: ContentHash | undefined,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	requireFile(absolute, existing);
	if (expected === 'absent') throw changedMeanwhile(absolute);
	const handle = await open(absolute, constants.O_RDWR | NO_FOLLOW | NON_BLOCK).catch((error: unknown) => {
		if (systemCode(error) === 'ENOENT') throw changedMeanwhile(absolute);
		throw writeFailure(absolute, error);
	});
	try {
		const stats = await handle.stat();
		if (!stats.isFile()) throw notAFile(absolute, kindOf(stats));
		// The system lets root write it all the same, and containers run as root.
		if ((stats.mode & OWNER_WRITE) === 0) throw readOnlyFile(absolute);
		await requireOpened(handle, absolute, roots);
		const before = await readAll(handle, stats.size, Number.POSITIVE_INFINITY);
		if (!before) throw changedMeanwhile(absolute);
		if (expected !== undefined && hashOf(before) !== expected) throw changedMeanwhile(absolute);
		await overwrite(handle, absolute, before, bytes);
		if (mode !== undefined && (stats.mode & PERMISSION_BITS) !== mode) await handle.chmod(mode);
	} finally {
		await handle.close();
	}
}

/** What `overwrite` needs of a file handle. */
export type Overwritable = {
	write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
	truncate(length: number): Promise<void>;
};

/** Replaces the whole content. Rejects with UserError, having put `before` back where that was possible. */
export async function overwrite(
	handle: Overwritable,
	path: string,
	before: Uint8Array,
	bytes: Uint8Array,
): Promise<void> {
	try {
		await writeAll(handle, bytes);
		await handle.truncate(bytes.length);
	} catch (error) {
		try {
			await handle.truncate(Math.min(before.length, bytes.length));
			await writeAll(handle, before);
			await handle.truncate(before.length);
		} catch (worse) {
			throw damagedFailure(path, worse);
		}
		throw writeFailure(path, error);
	}
}

async function writeAll(handle: Overwritable, bytes: Uint8Array): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, done);
		done += bytesWritten;
	}
}

async function createFile(
	absolute: string,
	bytes: Uint8Array,
	mode: number | undefined,
	expected: ContentHash | undefined,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	if (expected !== undefined && expected !== 'absent') throw changedMeanwhile(absolute);
	const firstMade = await mkdir(dirname(absolute), { recursive: true }).catch((error: unknown) => {
		throw writeFailure(absolute, error);
	});
	let made: FileIdentity | undefined;
	try {
		// A folder may have been exchanged for a link while ours were made.
		await requireRealPath(absolute, roots);
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
		const handle = await open(absolute, flags, mode ?? 0o666);
		try {
			made = await handle.stat({ bigint: true });
			await requireOpened(handle, absolute, roots);
			await writeAll(handle, bytes);
			// The mask of the process has taken bits away that were asked for.
			if (mode !== undefined) await handle.chmod(mode);
		} finally {
			await handle.close();
		}
	} catch (error) {
		// Only the file made here: another one may have this name by now.
		if (made && (await isAt(absolute, made))) await unlink(absolute);
		if (firstMade !== undefined) await removeEmpty(dirname(absolute), firstMade);
		if (error instanceof UserError) throw error;
		throw systemCode(error) === 'EEXIST' ? changedMeanwhile(absolute) : writeFailure(absolute, error);
	}
}

/** Removes the folders made for a file that could not be, from the innermost up to `first`, as far as they are empty. */
async function removeEmpty(folder: string, first: string): Promise<void> {
	for (let current = folder; wayBelow(first, current) !== undefined; current = dirname(current)) {
		try {
			await rmdir(current);
		} catch (error) {
			const code = systemCode(error);
			if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return;
			throw error;
		}
	}
}

/** A path that was judged must still lead to the same place: below its root, or as it stands outside of all. */
async function requireRealPath(absolute: string, roots: readonly WorkspaceRoot[]): Promise<void> {
	let expected = absolute;
	let longest = -1;
	for (const root of roots) {
		const way = wayBelow(root.path, absolute);
		if (way === undefined || root.path.length <= longest) continue;
		longest = root.path.length;
		expected = join(await realpath(root.path).catch(() => root.path), way);
	}
	const real = await realLocation(absolute).catch((error: unknown) => {
		throw badPath(absolute, error);
	});
	if (real !== expected) throw pathMoved(absolute);
}

/**
 * A folder on the way may have been exchanged for a link between the check and the opening: what was opened must be what the checked
 * path names. Nothing is written before.
 */
async function requireOpened(handle: FileHandle, absolute: string, roots: readonly WorkspaceRoot[]): Promise<void> {
	const opened = await handle.stat({ bigint: true });
	await requireRealPath(absolute, roots);
	if (!(await isAt(absolute, opened))) throw pathMoved(absolute);
}

type FileIdentity = { readonly dev: bigint; readonly ino: bigint };

async function isAt(absolute: string, file: FileIdentity): Promise<boolean> {
	const named = await lstat(absolute, { bigint: true }).catch(() => undefined);
	return named !== undefined && named.dev === file.dev && named.ino === file.ino;
}

function requireFile(absolute: string, stats: Stats): void {
	if (!stats.isFile()) throw notAFile(absolute, kindOf(stats));
}

function kindOf(stats: Stats): string {
	if (stats.isSymbolicLink()) return 'a link';
	if (stats.isDirectory()) return 'a folder';
	if (stats.isFIFO()) return 'a named pipe';
	if (stats.isSocket()) return 'a socket';
	return 'a device';
}

async function statOf(path: string): Promise<Stats | undefined> {
	try {
		return await lstat(path);
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw writeFailure(basename(path), error);
	}
}

async function hashOnDisk(absolute: string): Promise<ContentHash> {
	const snapshot = await readSnapshot(absolute, Number.POSITIVE_INFINITY);
	return snapshot.kind === 'file' ? hashOf(snapshot.bytes) : 'absent';
}

function hashOf(bytes: Uint8Array): ContentHash {
	return asSha256(createHash('sha256').update(bytes).digest('hex'));
}
