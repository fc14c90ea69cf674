/**
 * While a command runs in the background, the session's own tools write files as well. What they wrote is in the log already; of what was
 * found it is taken away here, so that nothing stands there twice.
 */
import type { FoundChange } from '../checkpoint/fileScanner.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { ContentHash, RecordedHash, RecordedRef } from '../session/fileFields.ts';
import type { BlobStore } from '../session/storePort.ts';

/** `sinceEpoch`: the newest operation when the picture before was made. */
export async function withoutOwnChanges(
	changes: readonly FoundChange[],
	entries: readonly Entry[],
	sinceEpoch: number,
	blobs: BlobStore,
): Promise<readonly FoundChange[]> {
	const left = leftByOwn(entries, sinceEpoch);
	if (left.size === 0) return changes;
	const others: FoundChange[] = [];
	for (const change of changes) {
		const known = left.get(keyOf(change.file));
		if (known === undefined || known === 'notCaptured') others.push(change);
		else if (known !== change.after) others.push(await fromThere(change, known, blobs));
	}
	return others;
}

/** What the last operation of each file left. */
function leftByOwn(entries: readonly Entry[], sinceEpoch: number): ReadonlyMap<string, RecordedHash> {
	const left = new Map<string, RecordedHash>();
	const paths = new Map<number, string>();
	for (let index = entries.length - 1; index >= 0; index--) {
		const entry = entries[index];
		// Epochs rise with the entries, and what is older does not matter.
		if (entry?.type === 'fileOperation' && entry.epoch <= sinceEpoch) break;
		if (entry?.type === 'fileOperation') paths.set(entry.epoch, keyOf(entry.path));
	}
	if (paths.size === 0) return left;
	for (const entry of entries) {
		const path =
			entry.type === 'fileOperation' || entry.type === 'fileOperationDone' ? paths.get(entry.epoch) : undefined;
		if (path !== undefined) left.set(path, (entry as EntryOf<'fileOperation' | 'fileOperationDone'>).after);
	}
	return left;
}

async function fromThere(change: FoundChange, known: ContentHash, blobs: BlobStore): Promise<FoundChange> {
	const { from: _from, ...bare } = change;
	const before: RecordedRef =
		known === 'absent'
			? 'absent'
			: {
					$blob: known,
					size: (await blobs.get({ $blob: known })).length,
					mediaType: 'application/octet-stream',
					head: '',
				};
	return { ...bare, before, op: known === 'absent' ? 'create' : change.after === 'absent' ? 'delete' : 'change' };
}

const keyOf = ({ root, rel }: { readonly root: string; readonly rel: string }): string => `${root}\n${rel}`;
