/** One line of a long text around the first place that matches, with the places that match in it. Pure. */

export type Snippet = {
	/** White space collapsed; `…` where it was cut. */
	readonly text: string;
	/** `[start, end)` in `text`, in order, none inside another. */
	readonly ranges: readonly (readonly [start: number, end: number])[];
};

/** A row of the side bar shows about 30 characters: the match must be among them. */
const CHARS_BEFORE = 12;
const CHARS_IN_ALL = 200;

/** `regexes` are global. Without a match, or without regexes, the start of the text. */
export function snippetOf(text: string, regexes: readonly RegExp[]): Snippet {
	let first = Number.POSITIVE_INFINITY;
	for (const regex of regexes) {
		regex.lastIndex = 0;
		first = Math.min(first, regex.exec(text)?.index ?? Number.POSITIVE_INFINITY);
	}
	const start = Number.isFinite(first) ? startBefore(text, first) : 0;
	const end = endAfter(text, start + CHARS_IN_ALL);
	const window = text.slice(start, end);
	const collapsed = collapse(window);
	const prefix = start > 0 ? '…' : '';
	const ranges = matchesIn(window, regexes)
		.map(([from, to]) => [collapsed.place(from) + prefix.length, collapsed.place(to) + prefix.length] as const)
		.filter(([from, to]) => to > from);
	return { text: `${prefix}${collapsed.text}${end < text.length ? '…' : ''}`, ranges };
}

/** At the start of a word when one is near; never inside a character. */
function startBefore(text: string, index: number): number {
	if (index <= CHARS_BEFORE) return 0;
	const from = index - CHARS_BEFORE;
	const space = text.slice(from, index).search(/\s\S/);
	if (space >= 0) return from + space + 1;
	return isLowSurrogate(text, from) ? from + 1 : from;
}

function endAfter(text: string, index: number): number {
	if (index >= text.length) return text.length;
	return isLowSurrogate(text, index) ? index - 1 : index;
}

function isLowSurrogate(text: string, index: number): boolean {
	const code = text.charCodeAt(index);
	return code >= 0xdc00 && code <= 0xdfff;
}

function matchesIn(text: string, regexes: readonly RegExp[]): readonly (readonly [number, number])[] {
	const found: [number, number][] = [];
	for (const regex of regexes) {
		regex.lastIndex = 0;
		for (const match of text.matchAll(regex)) found.push([match.index, match.index + match[0].length]);
	}
	found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
	const merged: [number, number][] = [];
	for (const range of found) {
		const last = merged.at(-1);
		if (last && range[0] < last[1]) last[1] = Math.max(last[1], range[1]);
		else merged.push([...range]);
	}
	return merged;
}

/** The text with each run of white space as one space, and where a place of the original is in it. */
function collapse(text: string): { readonly text: string; place(index: number): number } {
	const places = new Array<number>(text.length + 1).fill(0);
	let collapsed = '';
	for (let index = 0; index < text.length; index++) {
		places[index] = collapsed.length;
		const char = text.charAt(index);
		if (!/\s/.test(char)) collapsed += char;
		else if (collapsed !== '' && !collapsed.endsWith(' ')) collapsed += ' ';
	}
	places[text.length] = collapsed.length;
	return { text: collapsed, place: (index) => places[index] ?? collapsed.length };
}
