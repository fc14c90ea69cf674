/**
 * Bytes of a text file to text with `\n` line ends, and exactly back. UTF-8 only; what is not is said, never guessed.
 * A file with mixed line ends keeps them in its text: normalising them would change lines nobody touched.
 */
import type { FileMeta } from '../session/entry.ts';

export type TextFile = {
	readonly text: string;
	readonly eol: '\n' | '\r\n' | 'mixed';
	readonly bom: boolean;
};
export type DecodedFile =
	| { readonly kind: 'text'; readonly file: TextFile }
	| { readonly kind: 'binary' }
	| { readonly kind: 'notUtf8'; readonly reason: string };

/** Where a zero byte makes a file binary, in bytes: as git looks. */
const BINARY_PROBE_BYTES = 8_000;

export function decodeText(bytes: Uint8Array): DecodedFile {
	if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
		return { kind: 'notUtf8', reason: 'it is UTF-16, which is not supported: save it as UTF-8 first' };
	if (bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) return { kind: 'binary' };
	const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
	const raw = tryDecode(bom ? bytes.subarray(3) : bytes);
	if (raw === undefined) return { kind: 'notUtf8', reason: 'its bytes are not UTF-8' };
	const eol = eolOf(raw);
	return { kind: 'text', file: { text: eol === '\r\n' ? raw.replaceAll('\r\n', '\n') : raw, eol, bom } };
}

/** The inverse of `decodeText`: what came from bytes gives the same bytes. */
export function encodeText(file: TextFile): Uint8Array<ArrayBuffer> {
	const text = file.eol === '\r\n' ? file.text.replaceAll('\n', '\r\n') : file.text;
	return new TextEncoder().encode(file.bom ? `\uFEFF${text}` : text);
}

/** The text of any file with `\n` line ends, for comparing and showing; undefined when it is no text. */
export function plainText(bytes: Uint8Array): string | undefined {
	const decoded = decodeText(bytes);
	return decoded.kind === 'text' ? toLf(decoded.file.text) : undefined;
}

/** `\r\n` becomes `\n`; a lone `\r` stays. */
export const toLf = (text: string): string => text.replaceAll('\r\n', '\n');

export function textMeta(file: TextFile): FileMeta {
	return { ...(file.eol === 'mixed' ? {} : { eol: file.eol }), bom: file.bom, encoding: 'utf8' };
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
