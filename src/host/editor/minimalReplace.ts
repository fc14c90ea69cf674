/** The smallest single replacement that turns one text into another, so that cursors and marks elsewhere stay where they are. Pure. */

/** Offsets in UTF-16 units; `[start, end)` of the old text is replaced. */
export type Replacement = { readonly start: number; readonly end: number; readonly text: string };

/** Undefined when the texts are equal. Never cuts a surrogate pair or a `\r\n` in two. */
export function minimalReplace(from: string, to: string): Replacement | undefined {
	if (from === to) return undefined;
	const shorter = Math.min(from.length, to.length);
	let start = 0;
	while (start < shorter && from.charCodeAt(start) === to.charCodeAt(start)) start++;
	while (start > 0 && isInsideUnit(from, to, start)) start--;
	let tail = 0;
	while (tail < shorter - start && from.charCodeAt(from.length - 1 - tail) === to.charCodeAt(to.length - 1 - tail))
		tail++;
	while (tail > 0 && isCut(from, from.length - tail, to, to.length - tail)) tail--;
	return { start, end: from.length - tail, text: to.slice(start, to.length - tail) };
}

const isInsideUnit = (from: string, to: string, offset: number): boolean => isCut(from, offset, to, offset);
const isCut = (from: string, fromOffset: number, to: string, toOffset: number): boolean =>
	joins(from, fromOffset) || joins(to, toOffset);

function joins(text: string, offset: number): boolean {
	if (offset <= 0 || offset >= text.length) return false;
	const before = text.charCodeAt(offset - 1);
	const after = text.charCodeAt(offset);
	if (before === 0x0d && after === 0x0a) return true;
	return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
