/**
 * Bytes of a text file to text with `\n` line ends, and exactly back, whatever the encoding. What is no text is said, never guessed.
 * A file with mixed line ends keeps them in its text: normalising them would change lines nobody touched.
 */
import type { FileMeta } from '../session/fileFields.ts';
import { type Charset, charsetNamed, utf16be, utf16le, windows1252 } from './charsets.ts';

export type TextFile = {
	readonly text: string;
	readonly eol: '\n' | '\r\n' | 'mixed';
	readonly bom: boolean;
	/** Absent for UTF-8. */
	readonly charset?: Charset;
	/** Nothing tells the encoding: its bytes are kept, but which characters they are is not known. */
	readonly isCharsetUnsure?: true;
};
export type DecodedFile =
	| { readonly kind: 'text'; readonly file: TextFile }
	| { readonly kind: 'binary' }
	| { readonly kind: 'notUtf8'; readonly reason: string };

/** Where a zero byte makes a file binary, in bytes: as git looks. */
const BINARY_PROBE_BYTES = 8_000;
/** Control characters that no text has. In bytes that are not UTF-8 they are a sign of a binary format. */
const BINARY_CONTROLS = /[\x00-\x06\x0e-\x1a\x1c-\x1f]/;
const ASCII = /^[\x00-\x7f]*$/;

/**
 * `encoding` is what the editor takes the file to be, by its name in VS Code. It counts only where the bytes do not tell: a byte order mark
 * and what is UTF-8 beyond ASCII tell by themselves.
 */
export function decodeText(bytes: Uint8Array, encoding = 'utf8'): DecodedFile {
	const wide =
		bytes[0] === 0xff && bytes[1] === 0xfe ? utf16le : bytes[0] === 0xfe && bytes[1] === 0xff ? utf16be : undefined;
	if (wide) return decodeWide(bytes, wide, true);
	const named = encoding === 'utf8' || encoding === 'utf8bom' ? undefined : charsetNamed(encoding);
	if (named === utf16le || named === utf16be) {
		const decoded = decodeWide(bytes, named, false);
		if (decoded.kind === 'text') return decoded;
	}
	if (bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) return { kind: 'binary' };
	const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
	const raw = tryDecode(bom ? bytes.subarray(3) : bytes);
	if (raw !== undefined) {
		const isNamed = named !== undefined && named !== utf16le && named !== utf16be && !bom && ASCII.test(raw);
		return textOf(raw, { bom, ...(isNamed ? { charset: named } : {}) });
	}
	if (encoding !== 'utf8' && encoding !== 'utf8bom' && !named)
		return { kind: 'notUtf8', reason: `its encoding is ${encoding}, which is not supported: save it as UTF-8 first` };
	const charset = named ?? windows1252;
	const text = charset.decode(bytes);
	if (text === undefined)
		return { kind: 'notUtf8', reason: `its bytes are neither UTF-8 nor ${charset.label}: save it as UTF-8 first` };
	if (BINARY_CONTROLS.test(text)) return { kind: 'binary' };
	return textOf(text, { bom: false, charset, ...(named ? {} : { isCharsetUnsure: true }) });
}

/** The inverse of `decodeText`: what came from bytes gives the same bytes. Throws UserError `not-encodable`, see `Charset`. */
export function encodeText(file: TextFile): Uint8Array<ArrayBuffer> {
	const text = file.eol === '\r\n' ? file.text.replaceAll('\n', '\r\n') : file.text;
	const whole = file.bom ? `\uFEFF${text}` : text;
	return file.charset ? file.charset.encode(whole) : new TextEncoder().encode(whole);
}

/** The text of any file with `\n` line ends, for comparing and showing; undefined when it is no text. */
export function plainText(bytes: Uint8Array, encoding?: string): string | undefined {
	const decoded = decodeText(bytes, encoding);
	return decoded.kind === 'text' ? toLf(decoded.file.text) : undefined;
}

/** `\r\n` becomes `\n`; a lone `\r` stays. */
export const toLf = (text: string): string => text.replaceAll('\r\n', '\n');

export function textMeta(file: TextFile): FileMeta {
	return { ...(file.eol === 'mixed' ? {} : { eol: file.eol }), bom: file.bom, encoding: file.charset?.name ?? 'utf8' };
}

function decodeWide(bytes: Uint8Array, charset: Charset, bom: boolean): DecodedFile {
	const raw = charset.decode(bom ? bytes.subarray(2) : bytes);
	if (raw === undefined) return { kind: 'notUtf8', reason: `it is ${charset.label} with half a character at its end` };
	return raw.includes('\0') ? { kind: 'binary' } : textOf(raw, { bom, charset });
}

function textOf(raw: string, more: Omit<TextFile, 'text' | 'eol'>): DecodedFile {
	const eol = eolOf(raw);
	return { kind: 'text', file: { text: eol === '\r\n' ? raw.replaceAll('\r\n', '\n') : raw, eol, ...more } };
}

function eolOf(raw: string): TextFile['eol'] {
	let crlf = 0;
	let lf = 0;
	for (let index = raw.indexOf('\n'); index >= 0; index = raw.indexOf('\n', index + 1)) {
		if (index > 0 && raw[index - 1] === '\r') crlf++;
		else lf++;
	}
	if (crlf === 0) return '\n';
	return lf === 0 ? '\r\n' : 'mixed';
}

function tryDecode(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (error) {
		if (error instanceof TypeError) return undefined;
		throw error;
	}
}
