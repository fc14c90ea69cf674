/** Reading what stands at a path of the disk, without following a link or waiting on a pipe. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { asSha256 } from '../../base/ids.ts';
import type { FileSnapshot } from '../../core/ports.ts';
import type { ContentHash } from '../../core/session/fileFields.ts';
import { kindOf, statOf } from './diskPlace.ts';
import { readFailure } from './fileErrors.ts';
import { linkBytes } from './linkFiles.ts';
import type { OpenFile } from './openNow.ts';
import { systemCode } from './systemErrors.ts';

/** Absent on Windows, where links need rights that files do not. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NON_BLOCK = constants.O_NONBLOCK ?? 0;
export const READ_FLAGS = constants.O_RDONLY | NO_FOLLOW | NON_BLOCK;
export const WRITE_FLAGS = constants.O_RDWR | NO_FOLLOW | NON_BLOCK;
/** Up to here one go takes less time than a trip to the thread pool. */
export const SMALL_BYTES = 512 * 1024;
export const PERMISSION_BITS = 0o777;

/** What a process was started with, keys among it, and what it holds: no tool reads these, whatever was allowed. */
const OF_A_PROCESS = /^\/proc\/[^/]+\/(?:task\/[^/]+\/)?(?:environ|mem)$/;

export async function readSnapshot(absolute: string, maxBytes: number, links = false): Promise<FileSnapshot> {
	try {
		const named = statOf(absolute);
		if (!named) return { kind: 'absent' };
		if (named.isDirectory()) return { kind: 'directory' };
		if (named.isSymbolicLink()) {
			const bytes = linkBytes(absolute);
			if (!bytes) return { kind: 'absent' };
			if (links) return { kind: 'file', bytes, meta: { link: true }, isDirty: false };
			return { kind: 'special', what: `a link to ${new TextDecoder().decode(bytes)}` };
		}
		if (!named.isFile()) return { kind: 'special', what: kindOf(named) };
		if (OF_A_PROCESS.test(absolute)) return { kind: 'special', what: 'the environment or memory of a process' };
		const small = named.size <= SMALL_BYTES ? readSmall(absolute, maxBytes) : undefined;
		if (small) return small;
		const handle = await open(absolute, READ_FLAGS);
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

/** In one go: a small read takes a tenth of a trip to the thread pool. Undefined when it is not small after all. */
function readSmall(absolute: string, maxBytes: number): FileSnapshot | undefined {
	const fd = openSync(absolute, READ_FLAGS);
	try {
		const stats = fstatSync(fd);
		if (!stats.isFile()) return { kind: 'special', what: kindOf(stats) };
		if (stats.size > SMALL_BYTES) return undefined;
		if (stats.size > maxBytes) return { kind: 'tooLarge', sizeBytes: stats.size };
		const bytes = readDescriptor(fd, stats);
		return bytes && { kind: 'file', bytes, meta: { mode: stats.mode & PERMISSION_BITS }, isDirty: false };
	} finally {
		closeSync(fd);
	}
}

/** The whole content of a small file; undefined when there is more than its size says. */
function readDescriptor(fd: number, stats: Stats): Uint8Array<ArrayBuffer> | undefined {
	const buffer = new Uint8Array(stats.size + 1);
	let filled = 0;
	while (filled < buffer.length) {
		const bytesRead = readSync(fd, buffer, filled, buffer.length - filled, filled);
		if (bytesRead === 0) return buffer.slice(0, filled);
		filled += bytesRead;
	}
	return undefined;
}

/** Reads to the end, which may be another than the size said; undefined when there is more than `maxBytes`. */
export async function readAll(
	handle: Pick<OpenFile, 'read'>,
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

export async function hashOnDisk(absolute: string): Promise<ContentHash> {
	const snapshot = await readSnapshot(absolute, Number.POSITIVE_INFINITY);
	return snapshot.kind === 'file' ? hashOf(snapshot.bytes) : 'absent';
}

export function hashOf(bytes: Uint8Array): ContentHash {
	return asSha256(createHash('sha256').update(bytes).digest('hex'));
}
