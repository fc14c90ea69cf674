/**
 * The blobs of an export: those that the conversation names, redacted, each under the hash of what leaves. Missing ones are told, not fatal.
 * Contents of files before an edit are not among them: an import restores no file.
 */
import { UserError } from '../../base/errors.ts';
import type { Sha256 } from '../../base/ids.ts';
import { utf8Encode } from '../../base/text.ts';
import type { BlobRef } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import type { BlobStore } from '../session/storePort.ts';
import { blobRefsIn, headOf, isTextMedia, replaceBlobRefs } from './blobRefs.ts';
import { isTaken } from './bundleFormat.ts';
import type { Redaction } from './redaction.ts';

export type ExportedBlob = { readonly ref: BlobRef; readonly bytes: Uint8Array };

export type ExportedBlobs = {
	/** Notes what the entry names. */
	collect(entry: Entry): void;
	/** Loads, redacts and hands out each blob once. Call after all was collected, and before `rewrite`. */
	all(signal: AbortSignal): AsyncGenerator<ExportedBlob>;
	/** The value with references as they are in the export. */
	rewrite(value: unknown): unknown;
	/** Hashes, as the references have them, of what could not be read or was left out. */
	readonly missing: readonly Sha256[];
};

/** With `maxTotalBytes`, what comes after that much counts as missing. */
export function createExportedBlobs(
	blobs: BlobStore,
	redaction: Redaction,
	maxTotalBytes = Number.POSITIVE_INFINITY,
): ExportedBlobs {
	const named = new Map<Sha256, BlobRef>();
	const exported = new Map<Sha256, BlobRef>();
	const missing: Sha256[] = [];

	const load = async (ref: BlobRef): Promise<Uint8Array | undefined> => {
		try {
			return redactedBytes(await blobs.get(ref), ref.mediaType, redaction);
		} catch (error) {
			if (error instanceof UserError) return undefined;
			throw error;
		}
	};

	return {
		missing,
		collect(entry) {
			if (isTaken(entry)) for (const ref of blobRefsIn(entry)) named.set(ref.$blob, ref);
		},
		async *all(signal) {
			const handedOut = new Set<Sha256>();
			let totalBytes = 0;
			for (const [sha, ref] of named) {
				signal.throwIfAborted();
				const bytes = totalBytes + ref.size > maxTotalBytes ? undefined : await load(ref);
				if (!bytes) {
					missing.push(sha);
					continue;
				}
				totalBytes += bytes.length;
				const made = {
					$blob: blobs.hash(bytes),
					size: bytes.length,
					mediaType: ref.mediaType,
					head: headOf(bytes, ref.mediaType),
				};
				exported.set(sha, made);
				if (handedOut.has(made.$blob)) continue;
				handedOut.add(made.$blob);
				yield { ref: made, bytes };
			}
		},
		rewrite: (value) =>
			replaceBlobRefs(value, (ref) => exported.get(ref.$blob) ?? { ...ref, head: redaction.text(ref.head) }),
	};
}

function redactedBytes(bytes: Uint8Array, mediaType: string, redaction: Redaction): Uint8Array {
	if (!isTextMedia(mediaType)) return bytes;
	const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
	const redacted = mediaType.includes('json') ? redactedJson(text, redaction) : redaction.text(text);
	return redacted === text ? bytes : utf8Encode(redacted);
}

/** A block of JSON stays one; the paths in its strings are not cut by escapes. */
function redactedJson(text: string, redaction: Redaction): string {
	try {
		return JSON.stringify(redaction.value(JSON.parse(text)));
	} catch (error) {
		if (error instanceof SyntaxError) return redaction.text(text);
		throw error;
	}
}
