/**
 * Brings the blobs that a branch names into memory, so that `buildContext` can stay a pure function. Stores nothing itself:
 * the cache is the caller's (one per session) and blobs never change.
 */
import type { Sha256 } from '../../base/ids.ts';
import { type BlobRef, isBlobRef } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import type { BlobStore } from '../session/storePort.ts';

/** Text of blobs by hash. */
export type LoadedBlobs = ReadonlyMap<Sha256, string>;
export type BlobCache = Map<Sha256, string>;

/**
 * Loads what `branch` names and `cache` lacks, and returns the cache. Rejects with the store's UserError
 * (`blob-missing`, `blob-damaged`), having kept what was loaded.
 */
export async function loadBranchBlobs(
	branch: readonly Entry[],
	blobs: BlobStore,
	cache: BlobCache,
): Promise<LoadedBlobs> {
	const missing = new Map<Sha256, BlobRef>();
	for (const ref of refsOf(branch)) if (!cache.has(ref.$blob)) missing.set(ref.$blob, ref);
	await Promise.all([...missing.values()].map((ref) => loadBlobText(ref, blobs, cache)));
	return cache;
}

const refsOf = foldEntries<readonly BlobRef[]>([], (refs, entry) => {
	const more = contentRefs(entry);
	return more.length === 0 ? refs : [...refs, ...more];
});

/** The text of one blob, from the cache or the store. */
export async function loadBlobText(ref: BlobRef, blobs: BlobStore, cache?: BlobCache): Promise<string> {
	const cached = cache?.get(ref.$blob);
	if (cached !== undefined) return cached;
	const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await blobs.get(ref));
	cache?.set(ref.$blob, text);
	return text;
}

/** Forgets the texts that neither the branch nor its prefix names: what a rewind left behind. */
export function dropUnnamed(cache: BlobCache, branch: readonly Entry[], prefix: EntryOf<'prefix'>): void {
	const refs = [prefix.tools, prefix.system, prefix.context, ...branch.flatMap(contentRefs)];
	const named = new Set(refs.map((ref) => ref.$blob));
	for (const sha of cache.keys()) if (!named.has(sha)) cache.delete(sha);
}

/** The blobs that an entry's part of the context is stored in. */
function contentRefs(entry: Entry): readonly BlobRef[] {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'toolResult':
			return entry.content.filter(isBlobRef);
		case 'compaction':
			return entry.restored.map(({ content }) => content).filter(isBlobRef);
		default:
			return [];
	}
}
