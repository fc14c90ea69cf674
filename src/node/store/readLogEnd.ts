/**
 * The row of a session from the end of its log file, reading as little as possible: a tail is nearly always in the last few KB.
 * Synchronous, for callers that work in time slices. Changes nothing.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { BugError } from '../../base/errors.ts';
import { asUnixMs, type SessionId } from '../../base/ids.ts';
import type { LogLine } from '../../core/session/storePort.ts';
import { type LogEnd, lastTail, readRow, readRowFromTail, type SessionRow } from '../../core/session/summary.ts';
import { splitLines } from './splitLines.ts';

/** By these a file is known to be as it was: a log only grows, and whatever else changes it changes its times or its number. */
export type FileStamp = {
	readonly sizeBytes: number;
	readonly mtimeMs: number;
	readonly ctimeMs: number;
	readonly inode: number;
};

/** Undefined when there is no file, or something else in its place. Throws the system's error. */
export function stampOf(path: string): FileStamp | undefined {
	return stampFrom(statSync(path, { throwIfNoEntry: false }));
}

function stampFrom(stats: Stats | undefined): FileStamp | undefined {
	if (!stats?.isFile()) return undefined;
	return { sizeBytes: stats.size, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, inode: stats.ino };
}

/**
 * A turn ends with its tail, so the first step nearly always does. A session writes a tail at least every 32 KB, which the second holds.
 * The last is for logs that ended with a crash after a very long line; in a longer one without a tail a row shows what its end says.
 */
const STEPS_BYTES = [4 * 1024, 64 * 1024, 4 * 1024 * 1024] as const;
/** From here on a tail need not stand where it was meant to: what another window wrote in between would have been seen. */
const CERTAIN_BYTES = STEPS_BYTES[1];
const LAST_STEP_BYTES = STEPS_BYTES[2];
/** Reused: nothing that is made of it outlives a call. */
const scratch = Buffer.allocUnsafeSlow(CERTAIN_BYTES);

/** `stamp` says how much of the file counts; without it, it is taken when the file is open. Throws the system's error. */
export function readLogEnd(path: string, id: SessionId, known?: FileStamp): ReadEnd {
	const fd = openSync(path, 'r');
	try {
		const stamp = known ?? stampFrom(fstatSync(fd));
		if (!stamp) throw new Error(`${path} is not a file`);
		return { stamp, row: readEnd(fd, id, stamp) };
	} finally {
		closeSync(fd);
	}
}

export type ReadEnd = { readonly stamp: FileStamp; readonly row: SessionRow };

function readEnd(fd: number, id: SessionId, { sizeBytes, mtimeMs }: FileStamp): SessionRow {
	for (const stepBytes of STEPS_BYTES) {
		const start = Math.max(0, sizeBytes - stepBytes);
		const bytes = readAt(fd, start, sizeBytes);
		const quick = fromTail(bytes, start, { id, sizeBytes });
		if (quick) return quick;
		const lines = linesOf(bytes, start);
		const tail = lastTail(lines);
		const isCertain = tail.index !== -1 && (tail.isCertain || stepBytes >= CERTAIN_BYTES);
		if (isCertain || start === 0 || stepBytes === LAST_STEP_BYTES) {
			return readRow({ id, lines, sizeBytes, modifiedAt: asUnixMs(mtimeMs) });
		}
	}
	throw new BugError('the last step is always enough');
}

/** The first line of a log, or as much of it as a header can have. Throws the system's error. */
export function readFirstLine(path: string): string {
	const fd = openSync(path, 'r');
	try {
		const bytes = readAt(fd, 0, CERTAIN_BYTES);
		const end = bytes.indexOf(0x0a);
		return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
	} finally {
		closeSync(fd);
	}
}

/** Nearly every log ends with its tail: nothing before that is made into text. */
function fromTail(bytes: Buffer, start: number, log: Pick<LogEnd, 'id' | 'sizeBytes'>): SessionRow | undefined {
	const mark = bytes.lastIndexOf(TAIL_MARK);
	const from = mark === -1 ? 0 : bytes.lastIndexOf(0x0a, mark) + 1;
	// Cut somewhere, or the whole file.
	if (from === 0) return undefined;
	const { lines, tornTail } = splitLines(bytes.subarray(from), start + from);
	return readRowFromTail({ ...log, lines: tornTail ? [...lines, tornTail] : lines });
}

const TAIL_MARK = Buffer.from('"type":"tail"');

function linesOf(bytes: Buffer, start: number): readonly LogLine[] {
	// Unless it is the whole file, the first line is cut somewhere.
	const from = start === 0 ? 0 : bytes.indexOf(0x0a) + 1;
	if (start > 0 && from === 0) return [];
	const { lines, tornTail } = splitLines(bytes.subarray(from), start + from);
	return tornTail ? [...lines, tornTail] : lines;
}

function readAt(fd: number, start: number, end: number): Buffer {
	const length = end - start;
	const bytes = length <= scratch.length ? scratch : Buffer.allocUnsafe(length);
	let read = 0;
	while (read < length) {
		const count = readSync(fd, bytes, read, length - read, start + read);
		if (count === 0) break;
		read += count;
	}
	return bytes.subarray(0, read);
}
