/**
 * Lines and hunks: the words in which two texts are compared. Pure.
 * Finding the hunks is the job of `diffText.ts`.
 */

/** One changed place: lines `[baseStart, baseEnd)` of the base became `[currentStart, currentEnd)`. 0-based, end-exclusive. */
export type Hunk = {
	readonly baseStart: number;
	readonly baseEnd: number;
	readonly currentStart: number;
	readonly currentEnd: number;
};

/** The lines of `text`, each with its own line end; joined again they are `text`. An empty text has no line. */
export function splitLines(text: string): string[] {
	if (text === '') return [];
	const lines = text.split('\n');
	const last = lines.pop() ?? '';
	const whole = lines.map((line) => `${line}\n`);
	if (last !== '') whole.push(last);
	return whole;
}

/** The base with `hunk` applied: its lines taken from `current`. */
export function applyHunk(base: string, current: string, hunk: Hunk): string {
	const lines = splitLines(base);
	lines.splice(
		hunk.baseStart,
		hunk.baseEnd - hunk.baseStart,
		...splitLines(current).slice(hunk.currentStart, hunk.currentEnd),
	);
	return joinLines(lines);
}

/** The current text with `hunk` taken back: its lines taken from `base`. */
export function revertHunk(base: string, current: string, hunk: Hunk): string {
	return applyHunk(current, base, {
		baseStart: hunk.currentStart,
		baseEnd: hunk.currentEnd,
		currentStart: hunk.baseStart,
		currentEnd: hunk.baseEnd,
	});
}

/** Lines from different texts may meet: one that ended its text without a newline gets one when another follows it. */
export function joinLines(lines: readonly string[]): string {
	const last = lines.length - 1;
	return lines.map((line, index) => (index === last || line.endsWith('\n') ? line : `${line}\n`)).join('');
}

/**
 * Carries what the user did to a text over to its base: `edits` lead from the agent's text to the user's, `hunks` from the base to the
 * agent's text. An edit outside every hunk is made in the base as well, so that it is no difference any more;
 * an edit that reaches into a hunk stays with the hunk. The result is the base that current text is to be compared with.
 */
export function carryEdits(base: string, current: string, hunks: readonly Hunk[], edits: readonly Hunk[]): string {
	const baseLines = splitLines(base);
	const currentLines = splitLines(current);
	const result: string[] = [];
	let taken = 0;
	for (const edit of edits) {
		const inserted = currentLines.slice(edit.currentStart, edit.currentEnd).join('');
		const isTakenBack = (hunk: Hunk) =>
			isTouching(edit, hunk) && inserted === baseLines.slice(hunk.baseStart, hunk.baseEnd).join('');
		if (hunks.some((hunk) => isInside(edit, hunk) || isTakenBack(hunk))) continue;
		const start = baseIndex(hunks, edit.baseStart, edit.baseStart === edit.baseEnd ? 'before' : 'after');
		const end = baseIndex(hunks, edit.baseEnd, 'before');
		// Two edits may meet at a place where the agent deleted lines; the order of the result is then theirs.
		if (start < taken || end < start) continue;
		result.push(...baseLines.slice(taken, start), ...splitLines(inserted));
		taken = end;
	}
	result.push(...baseLines.slice(taken));
	return joinLines(result);
}

/** Whether an edit of the agent's text reaches into what the hunk put (or took away) there. Touching is not reaching. */
function isInside(edit: Hunk, hunk: Hunk): boolean {
	const isInsertion = edit.baseStart === edit.baseEnd;
	const isDeletion = hunk.currentStart === hunk.currentEnd;
	if (isInsertion && isDeletion) return false;
	return edit.baseStart < hunk.currentEnd && edit.baseEnd > hunk.currentStart;
}

const isTouching = (edit: Hunk, hunk: Hunk): boolean =>
	edit.baseStart <= hunk.currentEnd && edit.baseEnd >= hunk.currentStart;

/** The place in the base of line index `index` of the agent's text, which lies at the edge of hunks at most. */
function baseIndex(hunks: readonly Hunk[], index: number, side: 'before' | 'after'): number {
	let shift = 0;
	for (const hunk of hunks) {
		if (hunk.currentStart > index) break;
		if (hunk.currentStart === index && side === 'before') return hunk.baseStart;
		if (hunk.currentEnd > index) break;
		shift = hunk.baseEnd - hunk.currentEnd;
	}
	return index + shift;
}
