/**
 * Texts of blobs that rows show, loaded once and kept while they are in use. Rows are made synchronously, so what they need is
 * loaded here first. Holds no more than a few megabytes.
 */
import { asSha256 } from '../../base/ids.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

/** A diff card of a larger text is not worth its memory: the native diff shows it. */
const MAX_TEXT_BYTES = 1_000_000;
const MAX_TOTAL_CHARS = 8_000_000;

export type BlobTexts = {
	/** Undefined when it was not loaded, is no text or is too large. */
	text(hash: string): string | undefined;
	/** Loads what is missing. Never rejects: what cannot be read stays undefined, and `onError` hears of it. */
	load(hashes: readonly string[]): Promise<void>;
};

export function createBlobTexts(blobs: BlobStore, onError: (error: unknown) => void): BlobTexts {
	const texts = new Map<string, string>();
	let totalChars = 0;
	const decoder = new TextDecoder();
	const loadOne = async (hash: string) => {
		try {
			const bytes = await blobs.get({ $blob: asSha256(hash) });
			if (bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return;
			const text = decoder.decode(bytes);
			texts.set(hash, text);
			totalChars += text.length;
			for (const [oldest, old] of texts) {
				if (totalChars <= MAX_TOTAL_CHARS) break;
				texts.delete(oldest);
				totalChars -= old.length;
			}
		} catch (error) {
			onError(error);
		}
	};
	return {
		text: (hash) => texts.get(hash),
		async load(hashes) {
			await Promise.all(hashes.filter((hash) => !texts.has(hash)).map(loadOne));
		},
	};
}
