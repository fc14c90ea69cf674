/**
 * Cuts a typed search into words: `word`, `"a phrase"`, `key:value`. Both the search itself and the page that shows its
 * filters as controls read the text through this file. Knows no meaning of a filter's value.
 */

/** Filters that can be typed. Any other `key:` is a word like every other. */
export const SEARCH_FILTERS = ['file', 'tool', 'is', 'before', 'after', 'in'] as const;
export type SearchFilterKey = (typeof SEARCH_FILTERS)[number];

export type SearchWord = {
	/** `[start, end)` in the typed text, quotes and key included. */
	readonly start: number;
	readonly end: number;
	readonly key: SearchFilterKey | undefined;
	/** Without key and quotes. */
	readonly text: string;
};

/**
 * A quote opens a phrase at the start of a word only, and closes it before white space or at the end, so that `say("hi")` is one
 * word as it stands. Inside a phrase `\"` is a quote, and a backslash is itself unless it stands before a quote. A phrase that is still open goes to the end.
 */
export function searchWords(typed: string): readonly SearchWord[] {
	const words: SearchWord[] = [];
	for (let at = 0; at < typed.length; ) {
		if (isSpace(typed.charAt(at))) {
			at++;
			continue;
		}
		const start = at;
		const key = keyAt(typed, at);
		if (key !== undefined) at += key.length + 1;
		const phrase = typed.charAt(at) === '"' ? phraseAt(typed, at) : undefined;
		const end = phrase?.end ?? wordEnd(typed, at);
		words.push({ start, end, key, text: phrase?.text ?? typed.slice(at, end) });
		at = end;
	}
	return words;
}

/** The value of the last filter of this key; undefined when it is not typed. */
export function filterValue(typed: string, key: SearchFilterKey): string | undefined {
	return searchWords(typed).findLast((word) => word.key === key)?.text;
}

/** The typed text with this filter set, or taken out when `value` is undefined. Everything else stays as it was typed. */
export function withFilter(typed: string, key: SearchFilterKey, value: string | undefined): string {
	let rest = typed;
	for (const word of searchWords(typed).toReversed()) {
		if (word.key === key) rest = `${rest.slice(0, word.start)}${rest.slice(word.end).replace(/^\s+/, '')}`;
	}
	if (value === undefined || value === '') return rest;
	const isPlain = !/[\s"]/.test(value);
	const filter = `${key}:${isPlain ? value : quoted(value)}`;
	const before = rest.trimEnd();
	return before === '' ? `${filter} ` : `${before} ${filter} `;
}

/** `text` as a phrase. */
export function quoted(text: string): string {
	const inside = text.replaceAll(/\\*"/g, (run) => `${'\\'.repeat(2 * run.length - 1)}"`);
	return `"${inside.replace(/\\+$/, (run) => run + run)}"`;
}

function keyAt(typed: string, at: number): SearchFilterKey | undefined {
	const colon = typed.indexOf(':', at);
	if (colon < 0) return undefined;
	const name = typed.slice(at, colon).toLowerCase();
	return SEARCH_FILTERS.find((key) => key === name);
}

/** Undefined when the quote is nothing but a character: alone, or before another one. */
function phraseAt(typed: string, open: number): { readonly text: string; readonly end: number } | undefined {
	for (let at = open + 1; at < typed.length; at++) {
		const backslashes = /^\\+/.exec(typed.slice(at))?.[0].length ?? 0;
		at += backslashes;
		if (typed.charAt(at) !== '"' || backslashes % 2 === 1) continue;
		if (at + 1 < typed.length && !isSpace(typed.charAt(at + 1))) continue;
		const text = unescapeQuotes(typed.slice(open + 1, at), true).trim();
		return text === '' ? undefined : { text, end: at + 1 };
	}
	const text = unescapeQuotes(typed.slice(open + 1), false).trim();
	return text === '' ? undefined : { text, end: typed.length };
}

function unescapeQuotes(text: string, isClosed: boolean): string {
	const half = (run: string) => '\\'.repeat(run.length / 2);
	const inside = text.replaceAll(/(\\+)"/g, (_, run: string) => `${half(run)}"`);
	return isClosed ? inside.replace(/\\+$/, half) : inside;
}

function wordEnd(typed: string, from: number): number {
	let end = from;
	while (end < typed.length && !isSpace(typed.charAt(end))) end++;
	return end;
}

const isSpace = (char: string): boolean => /\s/.test(char);
