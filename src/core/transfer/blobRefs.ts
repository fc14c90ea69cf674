/** Finds and replaces the blob references inside a JSON value. Pure. */
import { type BlobRef, blobRefSchema } from '../session/content.ts';

/** In the order in which they stand. */
export function blobRefsIn(value: unknown): readonly BlobRef[] {
	const refs: BlobRef[] = [];
	replaceBlobRefs(value, (ref) => {
		refs.push(ref);
		return ref;
	});
	return refs;
}

/** The value with each reference replaced by what `replace` returns for it. */
export function replaceBlobRefs(value: unknown, replace: (ref: BlobRef) => unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return value.map((item) => replaceBlobRefs(item, replace));
	if ('$blob' in value) {
		const ref = blobRefSchema.safeParse(value);
		// A tool's input may have such a key of its own.
		if (ref.success) return replace(ref.data);
	}
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceBlobRefs(item, replace)]));
}

/** Whether the bytes are text, by what they were stored as. */
export const isTextMedia = (mediaType: string): boolean => mediaType.startsWith('text/') || mediaType.includes('json');

const HEAD_BYTES = 1024;

/** The start of a text for display without loading, as the store makes it; empty for what is not text. */
export function headOf(bytes: Uint8Array, mediaType: string): string {
	if (!isTextMedia(mediaType)) return '';
	let end = Math.min(bytes.length, HEAD_BYTES);
	// Step back over the continuation bytes of a character that would be cut.
	while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
	return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, end));
}
