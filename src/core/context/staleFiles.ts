/**
 * Whether what the context shows of a file differs from the file as it is now. Only what was shown is compared: a change elsewhere in the file
 * does not make it stale. Pure.
 */
import { cutText } from '../../base/text.ts';
import { maskSecrets } from '../agent/maskSecrets.ts';

/** What Read makes of a longer line. */
const MAX_LINE_CHARS = 2_000;
const ROW = /^(\d+)\t(.*)$/;

/** `shown` is what Read gave: line number, tab, text. Undefined when it shows no lines, so that nothing can be said. */
export function isReadStale(shown: string, fileText: string): boolean | undefined {
	const rows = shown.split('\n').map((line) => ROW.exec(line));
	const numbers = rows.flatMap((row) => (row ? [Number(row[1])] : []));
	const [first] = numbers;
	if (first === undefined) return undefined;
	const lines = linesOf(fileText);
	const now = lines.slice(first - 1, first - 1 + numbers.length).map((line, index) => `${first + index}\t${cut(line)}`);
	// What was shown had its secrets masked, so that only equal texts are compared.
	const before = rows.flatMap((row) => (row ? [row[0]] : [])).join('\n');
	return before !== maskSecrets(now.join('\n'));
}

/** `shown` is the whole text of the file, or lines `[start, end)` of it, below one line of introduction. */
export function isQuoteStale(shown: string, fileText: string, range?: { start: number; end: number }): boolean {
	const end = shown.indexOf('\n');
	const quoted = end < 0 ? '' : shown.slice(end + 1);
	const now = range ? fileText.split('\n').slice(range.start, range.end).join('\n') : fileText;
	return quoted !== now && quoted !== maskSecrets(now);
}

/** `shown` holds the memory file among other words. */
export function isMemoryStale(shown: string, fileText: string): boolean {
	return !shown.includes(fileText.trim());
}

function linesOf(text: string): readonly string[] {
	const lines = text.split('\n');
	if (lines.at(-1) === '') lines.pop();
	return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

const cut = (line: string): string =>
	line.length > MAX_LINE_CHARS ? `${cutText(line, MAX_LINE_CHARS)}… (line cut)` : line;
