/**
 * Line diffs. The only file that imports `diff`.
 * Texts are compared line by line, line ends included; a last line without a newline differs from the same line with one.
 */
import { diffArrays } from 'diff';
import { type Hunk, splitLines } from './hunks.ts';
import { lineAnchors } from './lineAnchors.ts';

/**
 * Above this many changed lines the middle of the texts counts as one hunk: the search costs the square of it,
 * and nobody reviews such a change line by line.
 */
const MAX_EDIT_LENGTH = 1_000;
/** Longer texts are compared between the lines they surely share: many changes in a long file are found in milliseconds. */
const MIN_ANCHORED_LINES = 400;
/** Unchanged lines shown around a change. */
const CONTEXT_LINES = 2;

/** A line of a small diff. `lineNumber` is 1-based: in the new text for `+` and ` `, in the old one for `-`. */
export type DisplayLine = { readonly kind: '+' | '-' | ' '; readonly lineNumber: number; readonly text: string };

/** The changed places in order; empty when the texts are equal. */
export function diffLines(base: string, current: string): Hunk[] {
	if (base === current) return [];
	const from = splitLines(base);
	const to = splitLines(current);
	const whole = trimmed(from, to, { baseStart: 0, baseEnd: from.length, currentStart: 0, currentEnd: to.length });
	const { baseStart, baseEnd, currentStart, currentEnd } = whole;
	const isLong = baseEnd - baseStart + currentEnd - currentStart > MIN_ANCHORED_LINES;
	const anchors = isLong ? lineAnchors(from.slice(baseStart, baseEnd), to.slice(currentStart, currentEnd)) : [];
	const hunks: Hunk[] = [];
	let [baseLine, currentLine] = [baseStart, currentStart];
	for (const anchor of anchors) {
		const ends = { baseEnd: baseStart + anchor.baseLine, currentEnd: currentStart + anchor.currentLine };
		diffPart(from, to, { baseStart: baseLine, currentStart: currentLine, ...ends }, hunks);
		[baseLine, currentLine] = [ends.baseEnd + 1, ends.currentEnd + 1];
	}
	diffPart(from, to, { ...whole, baseStart: baseLine, currentStart: currentLine }, hunks);
	return hunks;
}

/**
 * As `diffLines`, but whether the last line ends with a newline is no difference: who writes behind a last line without one
 * does not write that line.
 */
export const diffWholeLines = (base: string, current: string): Hunk[] => diffLines(ended(base), ended(current));
/** With a newline at the end, unless it is empty. */
export const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** Without the lines that both begin or end with. */
function trimmed(from: readonly string[], to: readonly string[], part: Hunk): Hunk {
	let { baseStart, baseEnd, currentStart, currentEnd } = part;
	while (baseStart < baseEnd && currentStart < currentEnd && from[baseStart] === to[currentStart]) {
		baseStart++;
		currentStart++;
	}
	while (baseEnd > baseStart && currentEnd > currentStart && from[baseEnd - 1] === to[currentEnd - 1]) {
		baseEnd--;
		currentEnd--;
	}
	return { baseStart, baseEnd, currentStart, currentEnd };
}

/** Adds the hunks of a part whose ends meet. */
function diffPart(from: readonly string[], to: readonly string[], part: Hunk, hunks: Hunk[]): void {
	const whole = trimmed(from, to, part);
	const { baseEnd, currentEnd } = whole;
	let { baseStart: baseLine, currentStart: currentLine } = whole;
	if (baseLine === baseEnd && currentLine === currentEnd) return;
	const isOneSided = baseLine === baseEnd || currentLine === currentEnd;
	const changes = isOneSided
		? undefined
		: diffArrays(from.slice(baseLine, baseEnd), to.slice(currentLine, currentEnd), { maxEditLength: MAX_EDIT_LENGTH });
	if (!changes) {
		hunks.push(whole);
		return;
	}
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
