/** Where the values of a text that is valid JSON stand in it. Pure; whether it is valid is the caller's to check. */

/** Where a value stands in a text that is valid JSON. */
export type Json = {
	readonly start: number;
	readonly end: number;
	readonly items?: readonly Json[];
	readonly entries?: readonly (readonly [key: string, value: Json])[];
};

/** As `JSON.parse` does, the last of several with one name. */
export const member = (json: Json | undefined, key: string): Json | undefined =>
	json?.entries?.findLast(([name]) => name === key)?.[1];

/** The whole document. */
export const jsonPlaces = (text: string): Json => scan(text, skipBlank(text, 0));

function scan(text: string, start: number): Json {
	const open = text.charAt(start);
	if (open === '"') return { start, end: stringEnd(text, start) };
	if (open !== '{' && open !== '[') {
		let end = start;
		while (end < text.length && !/[\s,\]}]/.test(text.charAt(end))) end++;
		return { start, end };
	}
	const items: Json[] = [];
	const entries: (readonly [string, Json])[] = [];
	let at = skipBlank(text, start + 1);
	while (at < text.length && text.charAt(at) !== '}' && text.charAt(at) !== ']') {
		let key: string | undefined;
		if (open === '{') {
			const end = stringEnd(text, at);
			key = String(JSON.parse(text.slice(at, end)));
			at = skipBlank(text, skipBlank(text, end) + 1);
		}
		const value = scan(text, at);
		if (key === undefined) items.push(value);
		else entries.push([key, value]);
		at = skipBlank(text, value.end);
		if (text.charAt(at) === ',') at = skipBlank(text, at + 1);
	}
	return { start, end: at + 1, ...(open === '{' ? { entries } : { items }) };
}

function skipBlank(text: string, start: number): number {
	let at = start;
	while (/[ \t\r\n]/.test(text.charAt(at))) at++;
	return at;
}

function stringEnd(text: string, start: number): number {
	for (let at = start + 1; at < text.length; at++) {
		const char = text.charAt(at);
		if (char === '\\') at++;
		else if (char === '"') return at + 1;
	}
	return text.length;
}
