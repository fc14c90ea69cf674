/**
 * Reads the log of one session by parts. Opens the file for each call, so a log that was moved to the trash and back is found again.
 * Changes nothing.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { CancelledError, UserError } from '../../base/errors.ts';
import { logTooLarge, logUnreadable } from '../../core/session/sessionErrors.ts';
import type { LineRange, LogReader } from '../../core/session/storePort.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { splitLines } from './splitLines.ts';

/** Small enough that looking through one chunk does not block the thread for long (about 1 ms). */
const CHUNK_BYTES = 512 * 1024;
/** From 2 GB on, Node ends the process when it is asked to read as much, and finds no place in what was read. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BRACE = 0x7d;

/** `paths` are tried in order; the first that is there is read. */
export function createLogReader(paths: readonly string[]): LogReader {
	const withFile = async <T>(read: (file: FileHandle | undefined) => Promise<T>): Promise<T> => {
		let file: FileHandle | undefined;
		try {
			file = await openFirst(paths);
			return await read(file);
		} catch (error) {
			if (error instanceof CancelledError || error instanceof UserError) throw error;
			throw logUnreadable(error, describeFileError(error));
		} finally {
			await file?.close();
		}
	};
	return {
		size: () => withFile(async (file) => (file ? (await file.stat()).size : 0)),
		read: ({ start, end }) =>
			withFile(async (file) => {
				if (!file || end <= start) return { lines: [], tornTail: undefined };
				if (end - start > MAX_READ_BYTES) throw logTooLarge();
				return splitLines(await readRange(file, start, end), start);
			}),
		scan: ({ start, end }, headBytes, onLine, signal) =>
			withFile(async (file) => {
				if (!file) return;
				const lines = createLineCutter(start, headBytes, onLine);
				const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
				for (let at = start; at < end; ) {
					if (signal?.aborted) throw new CancelledError();
					const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
					if (bytesRead === 0) break;
					at += bytesRead;
					lines.take(chunk.subarray(0, bytesRead));
				}
				lines.end();
			}),
	};
}

/** Cuts a stream of chunks into lines and keeps no more of each than its head. */
function createLineCutter(
	offset: number,
	headBytes: number,
	onLine: (head: string, range: LineRange, isClosed: boolean) => void,
) {
	let lineStart = offset;
	let position = offset;
	/** The head of a line that began in an earlier chunk, and the last two bytes of that chunk. */
	let carried = '';
	let before: readonly (number | undefined)[] = [];
	const tell = (head: string, end: number, last: readonly (number | undefined)[]) => {
		const [byte, next] = last;
		const isClosed = (next === RETURN ? byte : next) === BRACE;
		// Behind a blank head there may be more.
		const isBlank = head.trim() === '' && end - lineStart - 1 <= head.length;
		if (!isBlank) onLine(head, { start: lineStart, end }, isClosed);
		lineStart = end;
		carried = '';
	};
	const lastTwo = (chunk: Buffer, end: number): readonly (number | undefined)[] =>
		end > 1 ? [chunk[end - 2], chunk[end - 1]] : end === 1 ? [before[1], chunk[0]] : before;
	return {
		take(chunk: Buffer) {
			let from = 0;
			for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
				const room = headBytes - carried.length;
				const head = carried + chunk.toString('latin1', from, Math.min(at, from + room));
				tell(head, position + at + 1, lastTwo(chunk, at));
				from = at + 1;
			}
			const room = headBytes - carried.length;
			carried += chunk.toString('latin1', from, Math.min(chunk.length, from + room));
			position += chunk.length;
			before = lastTwo(chunk, chunk.length);
		},
		end() {
			if (position > lineStart) tell(carried, position, before);
		},
	};
}

async function openFirst(paths: readonly string[]): Promise<FileHandle | undefined> {
	for (const path of paths) {
		try {
			return await open(path, 'r');
		} catch (error) {
			if (systemCode(error) !== 'ENOENT') throw error;
		}
	}
	return undefined;
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
	const bytes = Buffer.allocUnsafe(end - start);
	let filled = 0;
	while (filled < bytes.length) {
		const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
		if (bytesRead === 0) break;
		filled += bytesRead;
	}
	return bytes.subarray(0, filled);
}
