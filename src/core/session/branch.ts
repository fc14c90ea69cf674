/**
 * Which entry is the leaf, and which entries lie on the way to it. Pure, the same for a log being read and one being written.
 * Knows nothing of files and of what entries mean.
 */
import type { EntryId } from '../../base/ids.ts';
import { type Entry, isConversation, isType } from './entry.ts';

/** Follows the leaf while entries pass in file order. */
export type LeafRule = {
	readonly leaf: EntryId | null;
	/**
	 * Takes the next entry. True when it is late: its generation is lower than one before it, so another window owned the
	 * session when it was written. A late entry is kept but never moves the leaf.
	 */
	take(entry: Entry): boolean;
};

export function createLeafRule(): LeafRule {
	let leaf: EntryId | null = null;
	let highestGen = -1;
	const known = new Set<EntryId>();
	return {
		get leaf() {
			return leaf;
		},
		take(entry) {
			const isLate = entry.gen < highestGen;
			highestGen = Math.max(highestGen, entry.gen);
			if (isConversation(entry)) {
				known.add(entry.id);
				if (!isLate) leaf = entry.id;
			} else if (!isLate && isType(entry, 'rewind') && (entry.to === null || known.has(entry.to))) {
				// A rewind to an entry whose line was damaged is passed over: it would hide everything.
				leaf = entry.to;
			}
			return isLate;
		},
	};
}

/** The leaf after all `entries` in file order; null = before the first prompt. */
export function leafOf(entries: Iterable<Entry>): EntryId | null {
	const rule = createLeafRule();
	for (const entry of entries) rule.take(entry);
	return rule.leaf;
}

/**
 * The conversation entries from the root to `leaf`. `entriesById` must be in file order.
 * Where a parent is missing (its line was damaged), the way goes on at what was the leaf when the child was written.
 */
export function branchTo(entriesById: ReadonlyMap<EntryId, Entry>, leaf: EntryId | null): Entry[] {
	const path: Entry[] = [];
	// A damaged or foreign log may hold a cycle.
	const seen = new Set<EntryId>();
	let id = leaf;
	while (id !== null && !seen.has(id)) {
		seen.add(id);
		const entry = entriesById.get(id);
		if (!entry) break;
		if (isConversation(entry)) path.push(entry);
		id = entry.parentId;
		if (id !== null && !entriesById.has(id)) id = leafBefore(entriesById.values(), entry);
	}
	return path.reverse();
}

function leafBefore(entries: Iterable<Entry>, end: Entry): EntryId | null {
	const rule = createLeafRule();
	for (const entry of entries) {
		if (entry === end) break;
		rule.take(entry);
	}
	return rule.leaf;
}
