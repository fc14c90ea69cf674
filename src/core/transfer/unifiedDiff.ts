/** Two texts as a unified diff, the form that `patch` and every code host read. Pure. */
import { diffLines } from '../edit/diffText.ts';
import { type Hunk, splitLines } from '../edit/hunks.ts';

const CONTEXT_LINES = 3;

/** Empty when the texts are equal. At most `maxLines` lines of hunks; what is left out is said. */
export function unifiedDiff(
	path: string,
	before: string | undefined,
	after: string | undefined,
	maxLines = 400,
): string {
	const from = splitLines(before ?? '');
	const to = splitLines(after ?? '');
	const lines: string[] = [];
	for (const group of groups(diffLines(before ?? '', after ?? ''))) lines.push(...hunkLines(group, from, to));
	if (lines.length === 0) return '';
	const shown = lines.slice(0, maxLines);
	if (shown.length < lines.length) shown.push(`… ${lines.length - shown.length} more lines`);
	const left = before === undefined ? '/dev/null' : `a/${path}`;
	const right = after === undefined ? '/dev/null' : `b/${path}`;
	return [`--- ${left}`, `+++ ${right}`, ...shown].join('\n');
}

/** Changes whose context would touch stand in one hunk. */
function groups(hunks: readonly Hunk[]): readonly (readonly Hunk[])[] {
	const made: Hunk[][] = [];
	for (const hunk of hunks) {
		const last = made.at(-1);
		const end = last?.at(-1)?.baseEnd;
		if (last && end !== undefined && hunk.baseStart - end <= 2 * CONTEXT_LINES) last.push(hunk);
		else made.push([hunk]);
	}
	return made;
}

function hunkLines(group: readonly Hunk[], from: readonly string[], to: readonly string[]): string[] {
	const [first] = group;
	const last = group.at(-1);
	if (!first || !last) return [];
	const before = Math.min(CONTEXT_LINES, first.baseStart);
	const after = Math.min(CONTEXT_LINES, from.length - last.baseEnd);
	const fromStart = first.baseStart - before;
	const toStart = first.currentStart - before;
	const body: string[] = [];
	let at = fromStart;
	for (const hunk of group) {
		body.push(...marked(' ', from.slice(at, hunk.baseStart)));
		body.push(...marked('-', from.slice(hunk.baseStart, hunk.baseEnd)));
		body.push(...marked('+', to.slice(hunk.currentStart, hunk.currentEnd)));
		at = hunk.baseEnd;
	}
	body.push(...marked(' ', from.slice(at, at + after)));
	const fromSize = last.baseEnd + after - fromStart;
	const toSize = last.currentEnd + after - toStart;
	return [`@@ -${range(fromStart, fromSize)} +${range(toStart, toSize)} @@`, ...body];
}

/** Line numbers count from 1; an empty range names the line before it. */
const range = (start: number, size: number): string =>
	size === 1 ? String(start + 1) : `${size === 0 ? start : start + 1},${size}`;

function marked(mark: string, lines: readonly string[]): string[] {
	return lines.flatMap((line) =>
		line.endsWith('\n') ? [mark + line.slice(0, -1).replace(/\r$/, '')] : [mark + line, '\\ No newline at end of file'],
	);
}
