/** Content blocks as the log stores them: large ones as blobs of their JSON text. */
import { utf8Encode } from '../../base/text.ts';
import type { InputBlock, StoredInputBlock } from '../session/content.ts';
import type { BlobStore } from '../session/storePort.ts';

/** A line of the log stays small enough to be read whole when only its end is wanted. */
const MAX_INLINE_BYTES = 32 * 1024;

export async function storeBlocks(blocks: readonly InputBlock[], blobs: BlobStore): Promise<StoredInputBlock[]> {
	return await Promise.all(
		blocks.map(async (block) => {
			const bytes = utf8Encode(JSON.stringify(block));
			if (bytes.length <= MAX_INLINE_BYTES) return block;
			return await blobs.put(bytes, 'application/json', { searchable: block.type === 'text' });
		}),
	);
}
