/** Cuts the bytes of a log into lines with their places. Splits bytes, not text, so that places are exact. */
import type { LogLine } from '../core/ports.ts';

const NEWLINE = 0x0a;

/** Lines of white space only are left out. `offset` is where `bytes` starts in the file. */
export function splitLines(
	bytes: Buffer,
	offset: number,
): { readonly lines: readonly LogLine[]; readonly tornTail: LogLine | undefined } {
	const lines: LogLine[] = [];
	let start = 0;
	for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
		const text = textOf(bytes, start, end);
		if (text.trim() !== '') lines.push({ text, range: { start: offset + start, end: offset + end + 1 } });
		start = end + 1;
	}
	const rest = textOf(bytes, start, bytes.length);
	const range = { start: offset + start, end: offset + bytes.length };
	return { lines, tornTail: start < bytes.length ? { text: rest, range } : undefined };
}

function textOf(bytes: Buffer, start: number, end: number): string {
	const text = bytes.toString('utf8', start, end);
	return text.endsWith('\r') ? text.slice(0, -1) : text;
}
