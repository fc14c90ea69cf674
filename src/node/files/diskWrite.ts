/** Writing a file of the disk: in place or whole, checked at the last moment, put back when it fails in the middle. */
import { constants, type Stats } from 'node:fs';
import { mkdir, open, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { WorkspaceRoot, WriteOptions } from '../../core/ports.ts';
import {
	type FileIdentity,
	identityAt,
	isAt,
	isRealPath,
	kindOf,
	requireFile,
	requireOpened,
	requireRealPath,
	statOf,
} from './diskPlace.ts';
import { hashOf, hashOnDisk, PERMISSION_BITS, READ_FLAGS, readAll, SMALL_BYTES, WRITE_FLAGS } from './diskRead.ts';
import { changedMeanwhile, damagedFailure, notAFile, pathMoved, readOnlyFile, writeFailure } from './fileErrors.ts';
import { linkBytes, placeLink, replaceLinkByFile } from './linkFiles.ts';
import { type OpenFile, openNow } from './openNow.ts';
import { wayBelow } from './realPath.ts';
import { systemCode } from './systemErrors.ts';

const OWNER_WRITE = 0o200;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** In place, so that hard links, owner and access lists stay. What was there is put back when it fails in the middle. */
export async function replaceContent(
	absolute: string,
	existing: Stats,
	bytes: Uint8Array,
	options: WriteOptions,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	requireFile(absolute, existing);
	const { mode, expected } = options;
	if (expected === 'absent') throw changedMeanwhile(absolute);
	const isReadOnly = (existing.mode & OWNER_WRITE) === 0;
	// The system lets root write it all the same, and containers run as root.
	if (isReadOnly && !options.ignoresReadOnly) throw readOnlyFile(absolute);
	const wanted = mode ?? existing.mode & PERMISSION_BITS;
	if (isReadOnly) await setFileMode(absolute, existing.mode | OWNER_WRITE, options, roots);
	const isSmall = Math.max(existing.size, bytes.length) <= SMALL_BYTES;
	const file = await openFile(absolute, WRITE_FLAGS, isSmall).catch((error: unknown) => {
		if (systemCode(error) === 'ENOENT') throw changedMeanwhile(absolute);
		throw writeFailure(absolute, error);
	});
	try {
		const stats = await file.stat();
		if (!stats.isFile()) throw notAFile(absolute, kindOf(stats));
		if ((stats.mode & OWNER_WRITE) === 0) throw readOnlyFile(absolute);
		await requireOpened(await file.stat({ bigint: true }), absolute, roots);
		const before = await readAll(file, stats.size, Number.POSITIVE_INFINITY);
		if (!before) throw changedMeanwhile(absolute);
		if (expected !== undefined && hashOf(before) !== expected) throw changedMeanwhile(absolute);
		await overwrite(file, absolute, before, bytes);
		if ((mode !== undefined || isReadOnly) && (stats.mode & PERMISSION_BITS) !== wanted) await file.chmod(wanted);
	} finally {
		await file.close();
	}
}

function openFile(absolute: string, flags: number, isSmall: boolean, mode?: number): Promise<OpenFile> {
	return isSmall ? openNow(absolute, flags, mode) : open(absolute, flags, mode);
}

/** Sets the permission bits of the very file that was checked. */
export async function setFileMode(
	absolute: string,
	mode: number,
	{ expected }: Pick<WriteOptions, 'expected'>,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	const handle = await open(absolute, READ_FLAGS).catch((error: unknown) => {
		if (systemCode(error) === 'ENOENT') throw changedMeanwhile(absolute);
		throw writeFailure(absolute, error);
	});
	try {
		const stats = await handle.stat();
		if (!stats.isFile()) throw notAFile(absolute, kindOf(stats));
		await requireOpened(await handle.stat({ bigint: true }), absolute, roots);
		if (expected !== undefined) {
			const content = await readAll(handle, stats.size, Number.POSITIVE_INFINITY);
			if (!content || hashOf(content) !== expected) throw changedMeanwhile(absolute);
		}
		if ((stats.mode & PERMISSION_BITS) === (mode & PERMISSION_BITS)) return;
		await handle.chmod(mode & PERMISSION_BITS).catch((error: unknown) => {
			throw writeFailure(absolute, error);
		});
	} finally {
		await handle.close();
	}
}

/** Puts a link, or a file, in the place of a link (`wasLink`) or of a file, which are checked first and never followed. */
export async function replaceLink(
	absolute: string,
	existing: Stats | undefined,
	bytes: Uint8Array,
	options: WriteOptions,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	const { expected } = options;
	if (!existing) {
		if (expected !== undefined && expected !== 'absent') throw changedMeanwhile(absolute);
		await makeFolder(absolute);
		await requireRealPath(absolute, roots);
		placeLink(absolute, bytes, { replaces: false, check: () => undefined });
		return;
	}
	if (existing.isSymbolicLink() !== (options.wasLink ?? false)) throw changedMeanwhile(absolute);
	if (!existing.isSymbolicLink()) requireFile(absolute, existing);
	if (expected !== undefined && (await contentHash(absolute, existing)) !== expected) throw changedMeanwhile(absolute);
	await requireRealPath(absolute, roots);
	const checked = identityAt(absolute);
	const check = () => {
		if (!checked || !isAt(absolute, checked)) throw changedMeanwhile(absolute);
		if (!isRealPath(absolute, roots)) throw pathMoved(absolute);
	};
	if (options.link) {
		placeLink(absolute, bytes, { replaces: true, check });
		return;
	}
	replaceLinkByFile(absolute, bytes, { mode: options.mode, check });
}

/** Of a link, of where it points. */
export async function contentHash(absolute: string, existing: Stats) {
	const link = existing.isSymbolicLink() ? linkBytes(absolute) : undefined;
	return link ? hashOf(link) : await hashOnDisk(absolute);
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
		if (bytes.length < before.length) await handle.truncate(bytes.length);
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

export async function createFile(
	absolute: string,
	bytes: Uint8Array,
	{ mode, expected }: WriteOptions,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	if (expected !== undefined && expected !== 'absent') throw changedMeanwhile(absolute);
	const firstMade = await makeFolder(absolute);
	let made: FileIdentity | undefined;
	try {
		// A folder may have been exchanged for a link while ours were made.
		await requireRealPath(absolute, roots);
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
		const handle = await openFile(absolute, flags, bytes.length <= SMALL_BYTES, mode ?? 0o666);
		try {
			made = await handle.stat({ bigint: true });
			await requireOpened(made, absolute, roots);
			await writeAll(handle, bytes);
			// The mask of the process has taken bits away that were asked for.
			if (mode !== undefined) await handle.chmod(mode);
		} finally {
			await handle.close();
		}
	} catch (error) {
		// Only the file made here: another one may have this name by now.
		if (made && isAt(absolute, made)) await unlink(absolute);
		if (firstMade !== undefined) await removeEmpty(dirname(absolute), firstMade);
		if (error instanceof UserError) throw error;
		throw systemCode(error) === 'EEXIST' ? changedMeanwhile(absolute) : writeFailure(absolute, error);
	}
}

/** The folders above a path; the outermost that had to be made is returned. */
async function makeFolder(absolute: string): Promise<string | undefined> {
	const folder = dirname(absolute);
	if (statOf(folder)?.isDirectory()) return undefined;
	return await mkdir(folder, { recursive: true }).catch((error: unknown) => {
		throw writeFailure(absolute, error);
	});
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
