/**
 * Every line of a log in file order, read slice by slice, so that a log of any size needs only the memory of one slice.
 * Reads by the reader it is given and changes nothing.
 */
import { CancelledError } from '../../base/errors.ts';
import type { LineRange, LogLine, LogReader } from './storePort.ts';

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
		const { lines, tornTail, blankLinesAfter = 0 } = await reader.read({ start, end });
		const isLonger = end !== sizeBytes && tornTail?.range.start === start;
		for (const line of lines) onLine(whole(line, numbers.next(line)));
		const isLast = end === sizeBytes;
		if (isLast) {
			if (tornTail) onLine({ ...whole(tornTail, numbers.next(tornTail)), isTorn: true });
			start = end;
		} else if (!isLonger) {
			// What begins behind them is read again.
			numbers.skip(tornTail?.blankLinesBefore ?? blankLinesAfter);
			start = tornTail?.range.start ?? end;
			length = wanted;
		} else if (length < MAX_LINE_BYTES) length *= 2;
		else {
			const past = await endOfLine(reader, start, sizeBytes);
			const range = { start, end: past };
			onLine({ text: undefined, range, lineNumber: numbers.next({}), isTorn: false });
			start = past;
			length = wanted;
		}
		options.onProgress?.(start);
	}
}

const whole = (line: LogLine, lineNumber: number): WalkedLine => ({ ...line, lineNumber, isTorn: false });

/** Blank lines are left out by readers and count. */
function createLineNumbers() {
	let lineNumber = 0;
	return {
		next(line: Pick<LogLine, 'blankLinesBefore'>): number {
			lineNumber += 1 + (line.blankLinesBefore ?? 0);
			return lineNumber;
		},
		skip(blankLines: number) {
			lineNumber += blankLines;
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
