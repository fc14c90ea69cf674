/**
 * What the files of src/node get in the place of `node:fs` in tests of power cuts: the real functions, with every change told to the recorder.
 * Loaded through faultyDisk.ts only.
 */
import * as fs from 'node:fs';
import { recorder } from './faultyDisk.ts';

// What only reads is the real thing.
// biome-ignore lint/performance/noReExportAll: it stands in for the whole module.
// biome-ignore lint/performance/noBarrelFile: it stands in for the whole module.
export * from 'node:fs';

type Done = (error: NodeJS.ErrnoException | null) => void;

export function openSync(path: string, flags: string, mode?: number): number {
	const isNew = !fs.existsSync(path);
	const fd = fs.openSync(path, flags, mode);
	recorder.opened(fd, path, isNew);
	return fd;
}

export function closeSync(fd: number) {
	fs.closeSync(fd);
	recorder.closed(fd);
}

export function writeSync(fd: number, bytes: Uint8Array, offset = 0): number {
	const at = fs.fstatSync(fd).size;
	const written = fs.writeSync(fd, bytes, offset);
	recorder.wrote(fd, at, bytes.subarray(offset, offset + written));
	return written;
}

export function writeFileSync(path: string, text: string, options: { readonly flag: 'wx'; readonly mode: number }) {
	fs.writeFileSync(path, text, options);
	recorder.created(path, Buffer.from(text));
}

export const fdatasync = (fd: number, done: Done) => recorder.flush(fd, done);
export const fsync = (fd: number, done: Done) => recorder.flush(fd, done);

export function renameSync(from: string, to: string) {
	fs.renameSync(from, to);
	recorder.renamed(from, to);
}

export function unlinkSync(path: string) {
	fs.unlinkSync(path);
	recorder.removed(path);
}

export function rmdirSync(path: string) {
	fs.rmdirSync(path);
	recorder.removed(path);
}

export function mkdirSync(path: string, options: { readonly recursive: true; readonly mode: number }) {
	const first = fs.mkdirSync(path, options);
	if (first !== undefined) recorder.madeFolders(first, path);
	return first;
}
