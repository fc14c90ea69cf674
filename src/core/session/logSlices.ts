/**
 * Every line of a log in file order, read slice by slice, so that a log of any size needs only the memory of one slice.
 * Reads by the reader it is given and changes nothing.
 */
import { CancelledError } from '../../base/errors.ts';
import type { LineRange, LogLine, LogReader } from '../ports.ts';

/** Parsing this much takes about 20 ms, for which nothing else in the window is done. */
const SLICE_BYTES = 1024 * 1024;
/** A text cannot be longer than 512 MB; no line that Retrace writes comes near this. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

export type WalkedLine = {
	/** `text` is undefined for a line that is too long to be read. */
	readonly text: string | undefined;
	readonly range: LineRange;
	readonly lineNumber: number;
	/** The last line, without a newline. */
	readonly isTorn: boolean;
};

/**
 * Calls `onLine` for each line of the first `sizeBytes` bytes, and `onProgress` with the bytes that are behind it.
 * Rejects with UserError `log-unreadable` or CancelledError.
 */
export async function walkLog(
	reader: LogReader,
	sizeBytes: number,
	onLine: (line: WalkedLine) => void,
	options: { readonly onProgress?: (bytes: number) => void; readonly sliceBytes?: number } = {},
	signal?: AbortSignal,
): Promise<void> {
	const wanted = options.sliceBytes ?? SLICE_BYTES;
	const numbers = createLineNumbers();
	let length = wanted;
	for (let start = 0; start < sizeBytes; ) {
		if (signal?.aborted) throw new CancelledError();
		const end = Math.min(sizeBytes, start + length);
		const { lines, tornTail } = await reader.read({ start, end });
		for (const line of lines) onLine(whole(line, numbers.next(line.range)));
		const isLast = end === sizeBytes;
		if (isLast) {
			if (tornTail) onLine({ ...whole(tornTail, numbers.next(tornTail.range)), isTorn: true });
			start = end;
		} else if (!tornTail || tornTail.range.start > start) {
			start = tornTail?.range.start ?? end;
			length = wanted;
		} else if (length < MAX_LINE_BYTES) length *= 2;
		else {
			const past = await endOfLine(reader, start, sizeBytes);
			const range = { start, end: past };
			onLine({ text: undefined, range, lineNumber: numbers.next(range), isTorn: false });
			start = past;
			length = wanted;
		}
		options.onProgress?.(start);
	}
}

const whole = (line: LogLine, lineNumber: number): WalkedLine => ({ ...line, lineNumber, isTorn: false });

/** Blank lines are left out by readers; each is counted as one byte of the gap that it leaves. */
function createLineNumbers() {
	let lineNumber = 0;
	let end = 0;
	return {
		next(range: LineRange): number {
			lineNumber += 1 + Math.max(0, range.start - end);
			end = range.end;
			return lineNumber;
		},
	};
}

async function endOfLine(reader: LogReader, start: number, sizeBytes: number): Promise<number> {
	const place: { end?: number } = {};
	await reader.scan({ start, end: sizeBytes }, 1, (_head, range) => {
		place.end ??= range.end;
	});
	return place.end ?? sizeBytes;
}
