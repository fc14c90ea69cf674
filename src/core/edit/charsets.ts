/**
 * Encodings beside UTF-8, there and exactly back: a byte nobody meant to change keeps its value. Pure. Names are those of VS Code.
 * Encodings with more than one byte per character, other than UTF-16, are not here: such files are refused, never guessed at.
 */
import { UserError } from '../../base/errors.ts';

export type Charset = {
	/** As in `files.encoding`. */
	readonly name: string;
	/** For a person. */
	readonly label: string;
	/** Undefined when the bytes are no text in it, or would not come back as they are. */
	decode(bytes: Uint8Array): string | undefined;
	/** Throws UserError `not-encodable` when it has no bytes for a character. */
	encode(text: string): Uint8Array<ArrayBuffer>;
};

/** How many characters are joined at once: more do not fit on the stack. */
const JOIN_CHARS = 8_192;
/** What Windows-1252 has at 0x80 to 0x9F; the five that it leaves open are control characters, as browsers read them. */
const WINDOWS_1252 = [
	...[
		0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
	],
	...[0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d],
	...[0x017e, 0x0178],
];
const REPLACEMENT = 0xfffd;

export const windows1252: Charset = singleByte('windows1252', 'Windows-1252', (byte) =>
	byte >= 0x80 && byte < 0xa0 ? (WINDOWS_1252[byte - 0x80] ?? REPLACEMENT) : byte,
);
export const utf16le: Charset = utf16('utf16le', 'UTF-16 LE', { low: 0, high: 1 });
export const utf16be: Charset = utf16('utf16be', 'UTF-16 BE', { low: 1, high: 0 });

const known = new Map<string, Charset | undefined>([
	[windows1252.name, windows1252],
	[utf16le.name, utf16le],
	[utf16be.name, utf16be],
	['iso88591', singleByte('iso88591', 'ISO 8859-1', (byte) => byte)],
]);

/** The encoding of this name; undefined for UTF-8 and for what is not supported. */
export function charsetNamed(name: string): Charset | undefined {
	if (!known.has(name)) known.set(name, tableOf(name));
	return known.get(name);
}

/** ISO 8859, Windows and KOI8 code pages, as the platform knows them. */
function tableOf(name: string): Charset | undefined {
	const [, family = '', number = ''] = /^(windows|iso8859|koi8|macroman|cp866)(\w*)$/.exec(name) ?? [];
	if (family === '') return undefined;
	const label = { macroman: 'macintosh', cp866: 'ibm866' }[family] ?? `${family.replace('8859', '-8859')}-${number}`;
	try {
		const decoder = new TextDecoder(label);
		const units = Array.from({ length: 256 }, (_, byte) => decoder.decode(new Uint8Array([byte])).charCodeAt(0));
		return units.every((unit, byte) => byte >= 0x80 || unit === byte)
			? singleByte(name, label.toUpperCase(), (byte) => units[byte] ?? REPLACEMENT)
			: undefined;
	} catch (error) {
		// The platform does not know it.
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}

function singleByte(name: string, label: string, unitOf: (byte: number) => number): Charset {
	const units = Array.from({ length: 256 }, (_, byte) => unitOf(byte));
	const bytes = new Map(units.flatMap((unit, byte) => (unit === REPLACEMENT ? [] : [[unit, byte] as const])));
	return {
		name,
		label,
		decode(from) {
			const text = joined(from.length, (index) => units[from[index] ?? 0] ?? REPLACEMENT);
			return text.includes('\uFFFD') ? undefined : text;
		},
		encode(text) {
			const to = new Uint8Array(text.length);
			for (let index = 0; index < text.length; index++) {
				const byte = bytes.get(text.charCodeAt(index));
				if (byte === undefined) throw notEncodable(text, index, label);
				to[index] = byte;
			}
			return to;
		},
	};
}

function utf16(name: string, label: string, { low, high }: { readonly low: number; readonly high: number }): Charset {
	return {
		name,
		label,
		decode(bytes) {
			if (bytes.length % 2 !== 0) return undefined;
			return joined(bytes.length / 2, (index) => (bytes[2 * index + low] ?? 0) | ((bytes[2 * index + high] ?? 0) << 8));
		},
		encode(text) {
			const bytes = new Uint8Array(text.length * 2);
			for (let index = 0; index < text.length; index++) {
				const unit = text.charCodeAt(index);
				bytes[2 * index + low] = unit & 0xff;
				bytes[2 * index + high] = unit >> 8;
			}
			return bytes;
		},
	};
}

function joined(length: number, unitAt: (index: number) => number): string {
	let text = '';
	for (let start = 0; start < length; start += JOIN_CHARS) {
		const size = Math.min(JOIN_CHARS, length - start);
		text += String.fromCharCode(...Array.from({ length: size }, (_, index) => unitAt(start + index)));
	}
	return text;
}

function notEncodable(text: string, index: number, label: string): UserError {
	const char = String.fromCodePoint(text.codePointAt(index) ?? 0);
	const code = (text.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0');
	return new UserError(
		'not-encodable',
		`The new text holds “${char}” (U+${code}), which the encoding of the file, ${label}, does not have. Nothing was written. Use other characters there, or convert the file to UTF-8 first.`,
	);
}
