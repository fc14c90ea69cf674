/**
 * Line diffs. The only file that imports `diff`.
 * Texts are compared line by line, line ends included; a last line without a newline differs from the same line with one.
 */
import { diffArrays } from 'diff';
import { type Hunk, splitLines } from './hunks.ts';

/**
 * Above this many changed lines the middle of the texts counts as one hunk: the search costs the square of it,
 * and nobody reviews such a change line by line.
 */
const MAX_EDIT_LENGTH = 1_000;
/** Unchanged lines shown around a change. */
const CONTEXT_LINES = 2;

/** A line of a small diff. `lineNumber` is 1-based: in the new text for `+` and ` `, in the old one for `-`. */
export type DisplayLine = { readonly kind: '+' | '-' | ' '; readonly lineNumber: number; readonly text: string };

/** The changed places in order; empty when the texts are equal. */
export function diffLines(base: string, current: string): Hunk[] {
	if (base === current) return [];
	const from = splitLines(base);
	const to = splitLines(current);
	let start = 0;
	while (start < from.length && start < to.length && from[start] === to[start]) start++;
	let tail = 0;
	while (
		tail < from.length - start &&
		tail < to.length - start &&
		from[from.length - 1 - tail] === to[to.length - 1 - tail]
	)
		tail++;
	const changes = diffArrays(from.slice(start, from.length - tail), to.slice(start, to.length - tail), {
		maxEditLength: MAX_EDIT_LENGTH,
	});
	if (!changes)
		return [{ baseStart: start, baseEnd: from.length - tail, currentStart: start, currentEnd: to.length - tail }];
	const hunks: Hunk[] = [];
	let baseLine = start;
	let currentLine = start;
	let open: Hunk | undefined;
	for (const change of changes) {
		if (!change.added && !change.removed) {
			if (open) hunks.push(open);
			open = undefined;
			baseLine += change.count;
			currentLine += change.count;
			continue;
		}
		const begun = open ?? {
			baseStart: baseLine,
			baseEnd: baseLine,
			currentStart: currentLine,
			currentEnd: currentLine,
		};
		if (change.removed) baseLine += change.count;
		else currentLine += change.count;
		open = { ...begun, baseEnd: baseLine, currentEnd: currentLine };
	}
	if (open) hunks.push(open);
	return hunks;
}

export function countChanges(before: string, after: string): { addedLines: number; removedLines: number } {
	let addedLines = 0;
	let removedLines = 0;
	for (const hunk of diffLines(before, after)) {
		addedLines += hunk.currentEnd - hunk.currentStart;
		removedLines += hunk.baseEnd - hunk.baseStart;
	}
	return { addedLines, removedLines };
}

/** The changes with a little context, for a card: at most `maxLines` lines, without their line ends. */
export function displayLines(
	before: string,
	after: string,
	maxLines = 12,
): { readonly lines: readonly DisplayLine[]; readonly isTruncated: boolean } {
	const from = splitLines(before);
	const to = splitLines(after);
	const lines: DisplayLine[] = [];
	const push = (kind: DisplayLine['kind'], source: readonly string[], start: number, end: number) => {
		for (let index = Math.max(0, start); index < Math.min(end, source.length); index++)
			lines.push({ kind, lineNumber: index + 1, text: (source[index] ?? '').replace(/\r?\n$/, '') });
	};
	let shownUntil = 0;
	const hunks = diffLines(before, after);
	for (const [position, hunk] of hunks.entries()) {
		if (lines.length > maxLines) break;
		push(' ', to, Math.max(shownUntil, hunk.currentStart - CONTEXT_LINES), hunk.currentStart);
		push('-', from, hunk.baseStart, hunk.baseEnd);
		push('+', to, hunk.currentStart, hunk.currentEnd);
		const next = hunks[position + 1]?.currentStart ?? to.length;
		shownUntil = Math.min(hunk.currentEnd + CONTEXT_LINES, next);
		push(' ', to, hunk.currentEnd, shownUntil);
	}
	return { lines: lines.slice(0, maxLines), isTruncated: lines.length > maxLines };
}
