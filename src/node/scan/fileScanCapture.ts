/**
 * Copies files into the blob store as they are, within what the budget allows. Never follows a link, never waits for a pipe. What it
 * cannot copy it names; it throws nothing.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { type CopyStore, type FileContent, type FileStat, isSameStat, statOf } from './fileScanTypes.ts';

/** As links may be on Windows, flags of POSIX are missing there. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** A file that is written all the time is read in the middle of a write at last. */
const READ_ATTEMPTS = 3;
const MEDIA_TYPE = 'application/octet-stream';

/** The file as it was in one moment. */
export type ReadFile =
	| { readonly kind: 'read'; readonly bytes: Uint8Array; readonly stat: FileStat }
	| { readonly kind: 'gone' }
	| { readonly kind: 'refused'; readonly reason: string; readonly stat: FileStat | undefined };

/** Reads a file, or where a link points. Synchronous, for a thread of its own. */
export function readWhole(path: string, maxBytes: number): ReadFile {
	try {
		const named = lstatSync(path, { throwIfNoEntry: false });
		if (!named) return { kind: 'gone' };
		const stat = statOf(named);
		if (named.isSymbolicLink()) return { kind: 'read', bytes: readlinkSync(path, 'buffer'), stat };
		if (!named.isFile()) return { kind: 'gone' };
		if (named.size > maxBytes) return { kind: 'refused', reason: largerThan(maxBytes), stat };
		const fd = openSync(path, OPEN_FLAGS);
		try {
			return readStable(fd, maxBytes);
		} finally {
			closeSync(fd);
		}
	} catch (error) {
		const code = systemCode(error);
		if (code === undefined) throw error;
		if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { kind: 'gone' };
		return { kind: 'refused', reason: `it cannot be read: ${describeFileError(error)}`, stat: undefined };
	}
}

/** Undefined when there is no file or link. */
export function lookAt(path: string): FileStat | undefined {
	try {
		const stats = lstatSync(path, { throwIfNoEntry: false });
		return stats && (stats.isFile() || stats.isSymbolicLink()) ? statOf(stats) : undefined;
	} catch (error) {
		if (systemCode(error) === undefined) throw error;
		return undefined;
	}
}

export const largerThan = (bytes: number): string => `larger than ${Math.round(bytes / 1_000_000)} MB`;

/** Reads until the file was the same before and after. */
function readStable(fd: number, maxBytes: number): ReadFile {
	for (let attempt = 1; ; attempt++) {
		const before = statOf(fstatSync(fd));
		if (before.size > maxBytes) return { kind: 'refused', reason: largerThan(maxBytes), stat: before };
		const bytes = Buffer.allocUnsafe(before.size);
		let filled = 0;
		while (filled < bytes.length) {
			const read = readSync(fd, bytes, filled, bytes.length - filled, filled);
			if (read === 0) break;
			filled += read;
		}
		const stat = statOf(fstatSync(fd));
		if ((isSameStat(before, stat) && filled === bytes.length) || attempt === READ_ATTEMPTS)
			return { kind: 'read', bytes: bytes.subarray(0, filled), stat };
	}
}

/** Stores bytes; a disk that is full, or any other failure, is a reason and no error. */
export async function store(blobs: CopyStore, bytes: Uint8Array): Promise<FileContent> {
	try {
		const ref = await blobs.put(bytes, MEDIA_TYPE);
		return { kind: 'blob', sha: ref.$blob, sizeBytes: ref.size };
	} catch (error) {
		const cause = error instanceof Error ? error.cause : undefined;
		const why = systemCode(cause) === undefined ? codeOf(error) : describeFileError(cause);
		return { kind: 'none', reason: `it could not be copied: ${why}` };
	}
}
