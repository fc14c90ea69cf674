/** What the bytes of a page are: text or not, and in which encoding. Knows nothing of HTML but where it names its encoding. */

const META_BYTES = 2_048;
/** Bytes that no text has. */
const SNIFFED_BYTES = 4_096;

/** `text/html; charset=x` → `text/html`; without a type, bytes. */
export function mediaTypeOf(header: string | undefined): string {
	return header?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
}

/** By its start where that is plain, since types lie; else by its type, and for types that say nothing by what bytes it has. */
export function isText(header: string | undefined, bytes: Uint8Array): boolean {
	const mediaType = mediaTypeOf(header);
	const isWide = /charset\s*=\s*["']?(?:utf-?16|utf-?32|ucs-?2)/i.test(header ?? '');
	if (!isWide && isBinary(bytes)) return false;
	if (
		/^text\/|[/+](?:json|xml|yaml|javascript|ecmascript)$|\/(?:x-)?(?:javascript|sh|toml|yaml|ndjson|sql|graphql)$/.test(
			mediaType,
		)
	)
		return true;
	if (mediaType === 'application/octet-stream') return true;
	// An image, an archive or a PDF that is a page of words, most likely of an error or a sign-in.
	return looksLikeHtml(bytes);
}

/** Bytes that no text has in UTF-8 or an older encoding. UTF-16 has them, and says so by its mark. */
function isBinary(bytes: Uint8Array): boolean {
	const start = bytes.subarray(0, SNIFFED_BYTES);
	const isPdf = start[0] === 0x25 && start[1] === 0x50 && start[2] === 0x44 && start[3] === 0x46 && start[4] === 0x2d;
	return isPdf || (markOf(bytes) === undefined && start.includes(0));
}

/** Of a page whose type does not say it. */
export function looksLikeHtml(bytes: Uint8Array): boolean {
	const start = new TextDecoder('latin1').decode(bytes.subarray(0, META_BYTES));
	return /^(?:\xef\xbb\xbf)?\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(start);
}

/** A byte order mark wins over the header, the header over what the page says itself. What is not known is read as UTF-8. */
export function decodePage(bytes: Uint8Array, header: string | undefined): string {
	const start = new TextDecoder('latin1').decode(bytes.subarray(0, META_BYTES));
	const named =
		markOf(bytes) ??
		/charset\s*=\s*["']?([\w:.-]+)/i.exec(header ?? '')?.[1] ??
		/<meta[^>]+charset\s*=\s*["']?([\w:.-]+)/i.exec(start)?.[1] ??
		/^<\?xml[^>]+encoding\s*=\s*["']([\w:.-]+)/i.exec(start)?.[1] ??
		'utf-8';
	return decoderFor(named).decode(bytes);
}

function markOf(bytes: Uint8Array): string | undefined {
	if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
	if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
	return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : undefined;
}

function decoderFor(label: string) {
	try {
		return new TextDecoder(label);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return new TextDecoder();
	}
}
