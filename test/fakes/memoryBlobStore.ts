/** A BlobStore in memory, with the real hash. */
import { createHash } from 'node:crypto';
import { UserError } from '../../src/base/errors.ts';
import { asSha256 } from '../../src/base/ids.ts';
import type { BlobStore } from '../../src/core/session/storePort.ts';

export type MemoryBlobStore = BlobStore & { readonly stored: Map<string, Uint8Array<ArrayBuffer>> };

export function createMemoryBlobStore(): MemoryBlobStore {
	const stored = new Map<string, Uint8Array<ArrayBuffer>>();
	const hash = (bytes: Uint8Array) => asSha256(createHash('sha256').update(bytes).digest('hex'));
	return {
		stored,
		hash,
		async put(bytes, mediaType) {
			const sha = hash(bytes);
			stored.set(sha, new Uint8Array(bytes));
			const head =
				mediaType.startsWith('text/') || mediaType.includes('json')
					? new TextDecoder().decode(bytes.subarray(0, 1024))
					: '';
			return { $blob: sha, size: bytes.length, mediaType, head };
		},
		async get(ref) {
			const bytes = stored.get(ref.$blob);
			if (!bytes) throw new UserError('blob-missing', `The stored content ${ref.$blob.slice(0, 8)} is missing.`);
			return new Uint8Array(bytes);
		},
	};
}
