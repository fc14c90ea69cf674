/** What the bytes of a page are: text or not, and in which encoding. Knows nothing of HTML but where it names its encoding. */

const META_BYTES = 2_048;
/** Bytes that no text has. */
const SNIFFED_BYTES = 4_096;

/** `text/html; charset=x` → `text/html`; without a type, bytes. */
export function mediaTypeOf(header: string | undefined): string {
	return header?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
}

/** By its type, and for types that say nothing by its start. */
export function isTextType(mediaType: string, bytes: Uint8Array): boolean {
	if (
		/^text\/|[/+](?:json|xml|yaml|javascript|ecmascript)$|\/(?:x-)?(?:javascript|sh|toml|yaml|ndjson|sql|graphql)$/.test(
			mediaType,
		)
	)
		return true;
	if (mediaType !== 'application/octet-stream') return false;
	return !bytes.subarray(0, SNIFFED_BYTES).includes(0);
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
