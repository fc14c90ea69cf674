/**
 * A PDF file as far as it must be known to send it: that it is one, that it is whole and open to everybody, and how many pages it says it
 * has. Reads nothing of its text. Pure.
 */

/** What the Messages API takes in one request. */
export const MAX_PDF_PAGES = 100;

export const isPdf = (bytes: Uint8Array): boolean =>
	bytes[0] === 0x25 && bytes[1] === 0x50 && bytes[2] === 0x44 && bytes[3] === 0x46 && bytes[4] === 0x2d;

/**
 * Undefined when its list of pages is compressed, so that only a reader of the whole format could tell. Of several lists, as a file that was
 * changed has them, the longest counts.
 */
export function pdfPages(bytes: Uint8Array): number | undefined {
	const text = latin1(bytes);
	const counts = [
		...text.matchAll(/\/Type\s*\/Pages\b[^>]{0,2000}?\/Count\s+(\d+)|\/Count\s+(\d+)[^>]{0,2000}?\/Type\s*\/Pages\b/g),
	];
	const linearized = /\/Linearized\s[^>]{0,300}?\/N\s+(\d+)/.exec(text);
	const known = [
		...counts.map((match) => Number(match[1] ?? match[2])),
		...(linearized ? [Number(linearized[1])] : []),
	];
	if (known.length > 0) return Math.max(...known);
	const single = text.match(/\/Type\s*\/Page(?![A-Za-z])/g)?.length ?? 0;
	return single === 0 ? undefined : single;
}

/** Where readers look for the mark of the end. */
const END_BYTES = 2_048;

/** What an endpoint would refuse it for, to go on behind “it ”; undefined when nothing is seen. */
export function pdfProblem(bytes: Uint8Array): string | undefined {
	const end = latin1(bytes.subarray(Math.max(0, bytes.length - END_BYTES)));
	if (!end.includes('%%EOF')) return 'breaks off before its end';
	// Stands in the trailer, which is never compressed.
	if (/\/Encrypt\s*(?:\d+\s+\d+\s+R|<<)/.test(latin1(bytes))) return 'is protected by a password';
	return pdfPages(bytes) === 0 ? 'has no pages' : undefined;
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
