/** Whether a file is what a write of ours left that a crash cut off. Reads stored contents only. */

import type { ContentHash } from '../session/fileFields.ts';
import type { BlobStore } from '../session/storePort.ts';

/**
 * A file is written in one go and then made as long as its content, so what a crash can leave between is: a new file without content, or
 * all of the new content and behind it what the longer old one had there. Anything else may be somebody's work.
 */
export async function isTornWrite(
	blobs: BlobStore,
	write: { readonly before: ContentHash; readonly after: ContentHash },
	now: Uint8Array,
): Promise<boolean> {
	if (write.after === 'absent') return false;
	if (write.before === 'absent') return now.length === 0;
	const [before, after] = [await blobs.get({ $blob: write.before }), await blobs.get({ $blob: write.after })];
	if (now.length !== before.length || after.length >= before.length) return false;
	return now.every((byte, index) => byte === (index < after.length ? after : before)[index]);
}
