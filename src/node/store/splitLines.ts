/** Cuts the bytes of a log into lines with their places. Splits bytes, not text, so that places are exact. */
import type { LogLine, LogLines } from '../../core/session/storePort.ts';

const NEWLINE = 0x0a;
/** A text cannot be longer than 512 MB; no line that Retrace writes comes near this. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const SHOWN_BYTES = 1024;

/** Lines of white space only are left out. `offset` is where `bytes` starts in the file. */
export function splitLines(bytes: Buffer, offset: number): LogLines {
	const lines: LogLine[] = [];
	let blankLines = 0;
	const lineOf = (text: string, start: number, end: number): LogLine => {
		const range = { start: offset + start, end: offset + end };
		const line = blankLines === 0 ? { text, range } : { text, range, blankLinesBefore: blankLines };
		blankLines = 0;
		return line;
	};
	let start = 0;
	for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
		const text = textOf(bytes, start, end);
		if (text.trim() === '') blankLines++;
		else lines.push(lineOf(text, start, end + 1));
		start = end + 1;
	}
	const rest = textOf(bytes, start, bytes.length);
	const tornTail = start < bytes.length ? lineOf(rest, start, bytes.length) : undefined;
	return { lines, tornTail, ...(blankLines === 0 ? {} : { blankLinesAfter: blankLines }) };
}

function textOf(bytes: Buffer, start: number, end: number): string {
	const text = bytes.toString('utf8', start, end - start > MAX_LINE_BYTES ? start + SHOWN_BYTES : end);
	return text.endsWith('\r') ? text.slice(0, -1) : text;
}
