/** Small text measures and cuts used by every layer. Pure. */
const encoder = new TextEncoder();

/** Length of `text` in UTF-8 bytes. */
export function utf8Length(text: string): number {
	let bytes = text.length;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code < 0x80) continue;
		if (code < 0x800) bytes += 1;
		else if (code >= 0xd800 && code <= 0xdbff && index + 1 < text.length) {
			bytes += 2;
			index++;
		} else bytes += 2;
	}
	return bytes;
}

export function utf8Encode(text: string): Uint8Array<ArrayBuffer> {
	return encoder.encode(text);
}

/** The longest start of `text` that has at most `maxChars` UTF-16 units and does not cut a surrogate pair. */
export function cutText(text: string, maxChars: number): string {
	if (text.length <= maxChars) return text;
	const last = text.charCodeAt(maxChars - 1);
	return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 1 : maxChars);
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string): string {
	return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** What somebody is asked to agree to: characters that nobody sees, or that turn the order of others, stand by their number. */
export function visibleLines(text: string): string {
	// What joins letters and emoji stays.
	return text.replace(/(?![\n\t\u200c\u200d])[\p{C}\u2028\u2029]/gu, numbered);
}

/** The same on one line, with nothing left out. */
export function visibleText(text: string): string {
	return text.replace(/[\p{C}\u2028\u2029]/gu, (character) => (character === '\n' ? ' ⏎ ' : numbered(character)));
}

const numbered = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
