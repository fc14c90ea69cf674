/**
 * Who wrote each line of a file: origins of lines, carried through the session's operations by diff. Pure.
 * A line that only moved keeps its origin, and one whose text nobody has a copy of says so rather than guess.
 */
import { diffLines } from '../edit/diffText.ts';
import { splitLines } from '../edit/hunks.ts';

export type LineOrigin =
	/** The operation that wrote it, by its epoch. */
	| { readonly kind: 'operation'; readonly epoch: number }
	/** It was there before the session first changed the file. */
	| { readonly kind: 'start' }
	/** It came between two operations, or after the last one: the user's, as far as can be known. */
	| { readonly kind: 'between' }
	/** A text on the way to it has no copy. */
	| { readonly kind: 'unknown' };

/** A file on its way through the operations. */
export type OriginState = {
	/** Undefined while nothing is known of it. */
	readonly text: string | undefined;
	/** Of each line of `text`. */
	readonly lines: readonly LineOrigin[];
	readonly hasBegun: boolean;
};

/** One operation with its texts, with `\n` as line ends; undefined = no copy, or no text. No file is an empty text. */
export type TextOperation = {
	readonly epoch: number;
	readonly before: string | undefined;
	readonly after: string | undefined;
};

/** Before the first operation. */
export const FIRST_ORIGINS: OriginState = { text: undefined, lines: [], hasBegun: false };

/** The state after one more operation; they come in order. */
export function originsAfter(state: OriginState, { epoch, before, after }: TextOperation): OriginState {
	if (after === undefined) return { text: undefined, lines: [], hasBegun: true };
	// What came out of a text without a copy may have been there or not.
	if (before === undefined) return all(after, UNKNOWN);
	const found = foundBy(state, before);
	return { ...carry(found, after, { kind: 'operation', epoch }), hasBegun: true };
}

/** The origin of each line of the text as it is now; a line end at the end of the text begins no line. */
export function originsNow(state: OriginState, current: string): readonly LineOrigin[] {
	return foundBy(state, current).lines;
}

const START: LineOrigin = { kind: 'start' };
const BETWEEN: LineOrigin = { kind: 'between' };
const UNKNOWN: LineOrigin = { kind: 'unknown' };

/** The state with what happened to the file outside of the session's operations. */
function foundBy(state: OriginState, text: string): OriginState {
	if (!state.hasBegun) return all(text, START);
	return state.text === undefined ? all(text, UNKNOWN) : carry(state, text, BETWEEN);
}

function all(text: string, origin: LineOrigin): OriginState {
	return { text, lines: splitLines(closed(text)).map(() => origin), hasBegun: true };
}

function carry(state: OriginState, to: string, origin: LineOrigin): OriginState {
	const from = state.text ?? '';
	if (from === to) return state;
	const fromLines = splitLines(closed(from));
	const toLines = splitLines(closed(to));
	const lines: LineOrigin[] = [];
	const hunks = diffLines(closed(from), closed(to));
	// A line that is gone here and there again elsewhere was moved. A big change is one hunk, with lines in it that nobody touched.
	const removed = new Map<string, LineOrigin[]>();
	for (const { baseStart, baseEnd } of hunks) {
		for (let index = baseStart; index < baseEnd; index++) {
			const text = fromLines[index] ?? '';
			const known = removed.get(text) ?? [];
			known.push(state.lines[index] ?? UNKNOWN);
			removed.set(text, known);
		}
	}
	let taken = 0;
	for (const { baseStart, baseEnd, currentStart, currentEnd } of hunks) {
		for (const line of state.lines.slice(taken, baseStart)) lines.push(line);
		for (const text of toLines.slice(currentStart, currentEnd)) lines.push(removed.get(text)?.shift() ?? origin);
		taken = baseEnd;
	}
	for (const line of state.lines.slice(taken)) lines.push(line);
	return { ...state, text: to, lines };
}

/** So that a line does not change because another one follows it. */
const closed = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
