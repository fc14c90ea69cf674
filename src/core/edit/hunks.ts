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
