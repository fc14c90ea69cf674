/**
 * A file handle whose every step is done at once. For a small file the trips to the thread pool cost ten times the work itself; what can
 * take long must not be done through it.
 */
import {
	type BigIntStats,
	closeSync,
	fchmodSync,
	fstatSync,
	ftruncateSync,
	openSync,
	readSync,
	type Stats,
	writeSync,
} from 'node:fs';

/** What reading and writing need of a file; a `FileHandle` of Node's has all of it too. */
export type OpenFile = {
	stat(): Promise<Stats>;
	stat(options: { bigint: true }): Promise<BigIntStats>;
	read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
	write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
	truncate(length: number): Promise<void>;
	chmod(mode: number): Promise<void>;
	close(): Promise<void>;
};

/** Rejects as `open` of `node:fs/promises` does. */
export const openNow = (absolute: string, flags: number, mode?: number): Promise<OpenFile> =>
	now(() => {
		const fd = openSync(absolute, flags, mode);
		function stat(): Promise<Stats>;
		function stat(options: { bigint: true }): Promise<BigIntStats>;
		function stat(options?: { bigint: true }): Promise<Stats | BigIntStats> {
			return now(() => fstatSync(fd, options));
		}
		return {
			stat,
			read: (buffer, offset, length, position) =>
				now(() => ({ bytesRead: readSync(fd, buffer, offset, length, position) })),
			write: (bytes, offset, length, position) =>
				now(() => ({ bytesWritten: writeSync(fd, bytes, offset, length, position) })),
			truncate: (length) => now(() => ftruncateSync(fd, length)),
			chmod: (bits) => now(() => fchmodSync(fd, bits)),
			close: () => now(() => closeSync(fd)),
		};
	});

/** What is thrown comes as a rejection, as from any other handle. */
function now<T>(work: () => T): Promise<T> {
	try {
		return Promise.resolve(work());
	} catch (error) {
		return Promise.reject(error);
	}
}
