/**
 * Requests of the past, made again from the log: the same branch gives the same bytes, so nothing of them has to be kept. Pure but for the
 * loading of what is stored beside the log.
 */
import type { EntryId } from '../../base/ids.ts';
import type { ModelRequest } from '../model/modelPort.ts';
import { totalInputTokens } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { BlobStore } from '../session/storePort.ts';
import { buildContext } from './buildContext.ts';
import { type BlobCache, loadBranchBlobs } from './loadBlobs.ts';
import { loadPrefix } from './prefix.ts';

export type PastRequests = {
	/** In file order, what is loaded. */
	readonly entries: readonly Entry[];
	find(id: EntryId): Entry | undefined;
};

/** The two newest replies that were counted, whatever branch they are on; the newer one first. */
export function newestReplies(entries: readonly Entry[]): readonly EntryOf<'assistantEnded'>[] {
	const found: EntryOf<'assistantEnded'>[] = [];
	for (let index = entries.length - 1; index >= 0 && found.length < 2; index--) {
		const entry = entries[index];
		if (entry?.type === 'assistantEnded' && totalInputTokens(entry.usage) > 0) found.push(entry);
	}
	return found;
}

/** What was sent for this reply; undefined when the log no longer says, or not all of its way is loaded. */
export async function requestOf(
	reply: EntryOf<'assistantEnded'>,
	session: PastRequests,
	blobs: BlobStore,
	messageTtl: '5m' | '1h',
): Promise<ModelRequest | undefined> {
	const way: Entry[] = [];
	for (let at: EntryId | null = reply.parentId; at !== null; ) {
		const entry = session.find(at);
		if (!entry) return undefined;
		way.push(entry);
		at = entry.parentId;
	}
	const branch = way.reverse().filter((entry) => !(entry.type === 'assistant' && entry.messageId === reply.messageId));
	const onWay = new Set<EntryId | null>([null, ...branch.map(({ id }) => id)]);
	const replyAt = session.entries.findIndex(({ id }) => id === reply.id);
	const prefix = session.entries
		.slice(0, replyAt < 0 ? undefined : replyAt)
		.findLast((entry) => entry.type === 'prefix' && onWay.has(entry.parentId));
	if (prefix?.type !== 'prefix') return undefined;
	const cache: BlobCache = new Map();
	return buildContext({
		branch,
		prefix: await loadPrefix(prefix, blobs, cache),
		blobs: await loadBranchBlobs(branch, blobs, cache),
		messageTtl,
		isMeasuring: true,
	});
}
