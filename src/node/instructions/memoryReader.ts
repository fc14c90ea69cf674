/**
 * Reads one memory file as it may be sent: a text, not too long, credentials masked, and really where it seems to be. Says of what it
 * does not read why; follows no import.
 */
import { realpath, stat } from 'node:fs/promises';
import { maskSecrets } from '../../core/agent/maskSecrets.ts';
import { isSecretPath } from '../../core/permission/protectedPaths.ts';
import { wayBelow } from '../files/realPath.ts';
import { systemCode } from '../files/systemErrors.ts';
import { decode, readStart } from '../store/readStart.ts';
import { isThere } from './memoryPlaces.ts';

/** About 16,000 tokens: more would leave too little for the work, in every request. */
const MAX_FILE_KB = 64;

export type ReadMemory =
	| {
			readonly kind: 'text';
			readonly text: string;
			/** The real path: the same for every name of one file. */
			readonly identity: string;
			readonly sizeBytes: number;
			readonly isCut: boolean;
	  }
	| { readonly kind: 'missing'; readonly isFolder?: boolean }
	| { readonly kind: 'refused'; readonly reason: string }
	/** There, and nobody said yet whether it may be read. */
	| { readonly kind: 'unasked'; readonly identity: string; readonly reason: string };

export type MayImport = (realPath: string) => 'yes' | 'no' | undefined;

/** Reads `path` if it really is in one of the `areas` (real paths). What it is elsewhere is not told, let alone read. */
export async function readMemory(path: string, areas: readonly string[]): Promise<ReadMemory> {
	const real = await realPathOf(path);
	if (real === undefined) return { kind: 'missing' };
	if (!isInside(real, areas)) return { kind: 'refused', reason: 'is a link that leads out of its folder' };
	// Under another name, secrets would be sent without a question.
	if (isSecretPath(real)) return { kind: 'refused', reason: 'is a link to a file that may hold secrets' };
	return await readReal(real);
}

/** As `readMemory`, and what is elsewhere or may hold secrets if the user allowed it. */
export async function readImport(path: string, areas: readonly string[], mayImport: MayImport): Promise<ReadMemory> {
	const real = await realPathOf(path);
	if (real === undefined) return { kind: 'missing' };
	const reason = !isInside(real, areas)
		? 'is outside the workspace'
		: isSecretPath(real)
			? 'may hold secrets'
			: undefined;
	if (reason === undefined) return await readReal(real);
	const answer = mayImport(real);
	if (answer === 'yes') return await readReal(real);
	return answer === 'no'
		? { kind: 'refused', reason: `${reason}, so it is not read` }
		: { kind: 'unasked', identity: real, reason };
}

export async function realPathOf(path: string): Promise<string | undefined> {
	return isThere(path) ? await realpath(path).catch(() => undefined) : undefined;
}

function isInside(real: string, areas: readonly string[]): boolean {
	return areas.some((area) => wayBelow(area, real) !== undefined);
}

async function readReal(real: string): Promise<ReadMemory> {
	const maxBytes = MAX_FILE_KB * 1024;
	const start = await readStart(real, maxBytes).catch((error: unknown) => systemCode(error) ?? 'unknown');
	// A folder of that name is no memory file, and opening one fails on some systems.
	if (start === 'special' || start === 'EISDIR') return { kind: 'missing', isFolder: await isFolder(real) };
	if (start === 'ENOENT' || start === 'ENOTDIR') return { kind: 'missing' };
	if (typeof start === 'string') return { kind: 'refused', reason: `could not be read (${start})` };
	const { bytes, sizeBytes } = start;
	if (bytes.includes(0)) return { kind: 'refused', reason: 'is no text file' };
	return { kind: 'text', ...asSent(bytes), identity: real, sizeBytes };
}

/** The text of a memory file as it is sent: its first part when it is long, and without credentials. */
export function asSent(bytes: Uint8Array): { readonly text: string; readonly isCut: boolean } {
	const maxBytes = MAX_FILE_KB * 1024;
	const isCut = bytes.length > maxBytes;
	const text = isCut
		? `${decode(bytes.subarray(0, maxBytes), { stream: true })}\n[The rest of this file is left out: only its first ${MAX_FILE_KB} KB are read.]`
		: decode(bytes);
	return { text: maskSecrets(text), isCut };
}

async function isFolder(real: string): Promise<boolean> {
	return await stat(real).then(
		(found) => found.isDirectory(),
		() => false,
	);
}

/** For a person. */
export function cutNotice(shown: string, sizeBytes: number): string {
	return `${shown} is ${Math.round(sizeBytes / 1024)} KB: the first ${MAX_FILE_KB} KB were taken.`;
}
