/** A BlobStore that lives as long as the window: for sessions that are not kept on disk. */
import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors.ts';
import { asSha256, type Sha256 } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

const HEAD_CHARS = 256;

export function createMemoryBlobStore(): BlobStore {
	const stored = new Map<Sha256, Uint8Array<ArrayBuffer>>();
	const hash = (bytes: Uint8Array) => asSha256(createHash('sha256').update(bytes).digest('hex'));
	return {
		hash,
		async put(bytes, mediaType) {
			const id = hash(bytes);
			if (!stored.has(id)) stored.set(id, bytes.slice());
			return { $blob: id, size: bytes.length, mediaType, head: headOf(bytes, mediaType) };
		},
		async get({ $blob }) {
			const bytes = stored.get($blob);
			if (bytes) return bytes.slice();
			throw new UserError(
				'blob-missing',
				`Stored content ${$blob.slice(0, 8)} is not there. Sessions that are not kept on disk lose it with the window.`,
			);
		},
	};
}

function headOf(bytes: Uint8Array, mediaType: string): string {
	if (!/^(text\/|application\/json)/.test(mediaType)) return '';
	return cutText(new TextDecoder().decode(bytes.subarray(0, 4 * HEAD_CHARS)), HEAD_CHARS);
}
