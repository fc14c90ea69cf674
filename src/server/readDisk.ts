/**
 * Reads the texts of a workspace in one go each: in a process of its own nobody else waits, and the threads that reads in parallel need would
 * take more memory than the rest of the server. Nothing outside the given folders is read, be it by a link.
 */
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { isSecretPath } from '../core/permission/protectedPaths.ts';
import { wayBelow } from '../node/files/realPath.ts';
import { asSent } from '../node/instructions/memoryReader.ts';
import type { ReadText } from './surroundings.ts';

/** One more than a memory file may have, so that a longer one is known for one. */
const MOST_BYTES = 64 * 1024 + 1;

/** What tells that a file is still the same one. */
export type FileStamp = { readonly mtimeMs: number; readonly sizeBytes: number };

/** Undefined for what is no file, or may not be looked at. */
export function stampOf(path: string): FileStamp | 'folder' | undefined {
	try {
		const stat = statSync(path, { throwIfNoEntry: false });
		if (stat?.isDirectory()) return 'folder';
		return stat?.isFile() ? { mtimeMs: stat.mtimeMs, sizeBytes: stat.size } : undefined;
	} catch {
		return undefined;
	}
}

export function readDisk(path: string, { sizeBytes }: FileStamp, realRoots: readonly string[]): ReadText {
	const real = realPathOf(path);
	if (real === undefined) return { kind: 'missing' };
	if (!isBelow(real, realRoots)) return { kind: 'refused', reason: OUTSIDE };
	if (isSecretPath(real)) return { kind: 'refused', reason: 'may hold secrets, so it is not looked at here' };
	try {
		const bytes = startOf(real, Math.min(sizeBytes, MOST_BYTES));
		if (bytes.includes(0)) return { kind: 'refused', reason: 'is no text file' };
		return { kind: 'text', text: asSent(bytes).text, identity: real, sizeBytes };
	} catch {
		return { kind: 'refused', reason: 'could not be read' };
	}
}

export const OUTSIDE = 'is outside the workspace, so it is not looked at here';

export function listFolder(folder: string, realRoots: readonly string[]) {
	const real = realPathOf(folder);
	if (real === undefined || !isBelow(real, realRoots)) return [];
	try {
		return readdirSync(folder, { withFileTypes: true }).map((entry) => ({
			name: entry.name,
			isFolder: entry.isDirectory(),
		}));
	} catch {
		return [];
	}
}

export function realPathOf(path: string): string | undefined {
	try {
		return realpathSync.native(path);
	} catch {
		return undefined;
	}
}

function isBelow(real: string, realRoots: readonly string[]): boolean {
	return realRoots.some((root) => wayBelow(root, real) !== undefined);
}

function startOf(path: string, length: number): Uint8Array {
	const file = openSync(path, 'r');
	try {
		const bytes = new Uint8Array(length);
		let filled = 0;
		while (filled < length) {
			const read = readSync(file, bytes, filled, length - filled, filled);
			if (read === 0) break;
			filled += read;
		}
		return bytes.subarray(0, filled);
	} finally {
		closeSync(file);
	}
}
