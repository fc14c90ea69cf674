/** Quotes, backticks and code fences in a sentence: what is inside them is taken literally. */

export type Span = { readonly start: number; readonly end: number };

/** Fences first, then the quotes outside of them. An apostrophe inside a word is no quote. */
export function quotedSpans(text: string): Span[] {
	const spans: Span[] = [];
	const pattern = /```[\s\S]*?```|`[^`\n]+`|"[^"\n]*"|“[^”\n]*”|(?<=^|[\s(:])'[^'\n]+'(?=$|[\s).,;:!?])/g;
	for (const match of text.matchAll(pattern)) spans.push({ start: match.index, end: match.index + match[0].length });
	return spans;
}

/** The pieces between the cuts, which are in order. */
export function splitAt(text: string, cuts: readonly Span[]): string[] {
	const parts: string[] = [];
	let from = 0;
	for (const cut of cuts) {
		parts.push(text.slice(from, cut.start));
		from = cut.end;
	}
	parts.push(text.slice(from));
	return parts;
}

/** The text without the quotes or the fence around the whole of it. */
export function unquote(text: string): string {
	const trimmed = text.trim();
	const fence = /^```[^\n`]*\n([\s\S]*?)\n?```$/.exec(trimmed);
	if (fence) return `${fence[1] ?? ''}\n`;
	const [span, ...others] = quotedSpans(trimmed);
	const isWhole = span !== undefined && others.length === 0 && span.start === 0 && span.end === trimmed.length;
	if (!isWhole) return trimmed;
	const width = trimmed.startsWith('```') ? 3 : 1;
	return trimmed.slice(width, -width);
}
