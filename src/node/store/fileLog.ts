/**
 * The append-only file of one session, written under its lease. Nothing here truncates or rewrites.
 * Writing is synchronous (a fact is the kernel's before anyone is told); flushing is not.
 */
import { closeSync, fdatasync, fstatSync, fsync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../base/errors.ts';
import { CutWriteError, leaseLost, logWriteFailed } from '../../core/session/sessionErrors.ts';
import type { LineRange, LogFile } from '../../core/session/storePort.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { claimLease, type Lease, readOwner } from './lease.ts';

export type FileLogOptions = {
	readonly path: string;
	readonly leaseFolder: string;
	readonly window: string;
	/** Size of the file when it was read; the lease is refused when it has grown since. */
	readonly readBytes: number;
	/** Highest generation found in the file. */
	readonly readGeneration: number;
	/** A lease that was taken before the file was read. */
	readonly lease?: Lease;
	readonly onBeatFailed: (error: unknown) => void;
};

/** Creates no file before the first append. `append` throws UserError `lease-lost` or `log-write-failed`. */
export function createFileLog(options: FileLogOptions): LogFile {
	const { path, leaseFolder } = options;
	let lease = options.lease;
	let fd: number | undefined;
	/** Where the file ended after our last write, and that it ended with a newline then. */
	let knownEnd = -1;
	let isClosed = false;
	let isFolderSynced = false;
	let writes = 0;
	let syncedWrites = 0;
	let running: Promise<void> | undefined;

	const claim = (): Lease => {
		const owner = readOwner(leaseFolder, options.window);
		if (owner?.isAlive && !owner.isOurs) throw leaseLost(`Another window (${owner.window}) writes this session now.`);
		const { window, onBeatFailed } = options;
		const claimed = claimLease(leaseFolder, { window, onBeatFailed, minGeneration: options.readGeneration + 1 });
		if (sizeOf(path) !== options.readBytes) {
			claimed.release();
			throw leaseLost('The session went on in another window after it was opened here.');
		}
		return claimed;
	};

	const write = (lines: readonly string[]): LineRange[] => {
		fd ??= openLog(path);
		const { size, nlink } = fstatSync(fd);
		if (nlink === 0) throw leaseLost("The session's file was removed.");
		const needsNewline = size !== knownEnd && !endsWithNewline(fd, size);
		const bytes = Buffer.from(`${needsNewline ? '\n' : ''}${lines.join('\n')}\n`);
		let start = size + (needsNewline ? 1 : 0);
		const ranges = lines.map((line) => {
			const range = { start, end: start + Buffer.byteLength(line) + 1 };
			start = range.end;
			return range;
		});
		knownEnd = -1;
		const { written, error } = writeAll(fd, bytes);
		if (written > 0) writes++;
		if (error !== undefined) {
			// A line that lacks nothing but its newline is read as a line, too.
			const landed = ranges.filter((range) => range.end - 1 <= size + written);
			if (landed.length > 0) throw new CutWriteError(error, describeFileError(error), landed);
			throw error;
		}
		knownEnd = size + bytes.length;
		return ranges;
	};

	const flush = async (openFd: number) => {
		const upTo = writes;
		await fdatasyncAsync(openFd);
		// The name of a new file is safe only when its folder is.
		if (!isFolderSynced) {
			await syncFolder(dirname(path));
			// The first log of a workspace makes the folder, too.
			await syncFolder(dirname(dirname(path)));
		}
		isFolderSynced = true;
		syncedWrites = upTo;
	};

	const sync = async (): Promise<void> => {
		while (syncedWrites < writes && fd !== undefined) {
			// Whoever comes while a flush runs waits for it, and then once more for what that one did not see.
			running ??= flush(fd).finally(() => {
				running = undefined;
			});
			await asWriteFailure(running);
		}
	};

	return {
		get generation() {
			return lease?.generation ?? 0;
		},
		append(lines) {
			if (isClosed) throw leaseLost('This session was closed here.');
			try {
				lease ??= claim();
				lease.assertHeld();
				return lines.length === 0 ? [] : write(lines);
			} catch (error) {
				throw error instanceof UserError ? error : logWriteFailed(error, describeFileError(error));
			}
		},
		sync,
		async close() {
			if (isClosed) return;
			isClosed = true;
			try {
				await sync();
			} finally {
				if (fd !== undefined) closeSync(fd);
				fd = undefined;
				lease?.release();
			}
		},
	};
}

const fdatasyncAsync = promisify(fdatasync);
const fsyncAsync = promisify(fsync);

function openLog(path: string): number {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
	return openSync(path, 'a+', 0o600);
}

function endsWithNewline(fd: number, size: number): boolean {
	if (size === 0) return true;
	const last = Buffer.alloc(1);
	readSync(fd, last, 0, 1, size - 1);
	return last[0] === 0x0a;
}

/** One write; more only when the system takes a part. With an `error`, only the first `written` bytes are in the file. */
function writeAll(fd: number, bytes: Buffer): { readonly written: number; readonly error?: unknown } {
	let written = 0;
	try {
		while (written < bytes.length) written += writeSync(fd, bytes, written);
	} catch (error) {
		return { written, error };
	}
	return { written };
}

function sizeOf(path: string): number {
	try {
		return statSync(path).size;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return 0;
		throw error;
	}
}

async function syncFolder(folder: string): Promise<void> {
	// Windows cannot open a folder, and keeps names safe by itself.
	if (process.platform === 'win32') return;
	const fd = openSync(folder, 'r');
	try {
		await fsyncAsync(fd);
	} finally {
		closeSync(fd);
	}
}

async function asWriteFailure(flushed: Promise<void>): Promise<void> {
	try {
		await flushed;
	} catch (error) {
		throw logWriteFailed(error, describeFileError(error));
	}
}
