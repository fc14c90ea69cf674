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
	/** What a tail says: entries before it may not have passed. */
	set(leaf: EntryId | null): void;
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
		set(to) {
			if (to === null || known.has(to)) leaf = to;
		},
	};
}

/** The leaf after all `entries` in file order; null = before the first prompt. */
export function leafOf(entries: Iterable<Entry>): EntryId | null {
	const rule = createLeafRule();
	for (const entry of entries) rule.take(entry);
	return rule.leaf;
}

/** Where the way goes on when an entry is not loaded: its id → the next one up that is. */
export type BranchLinks = ReadonlyMap<EntryId, EntryId | null>;

/**
 * The conversation entries from the root to `leaf`. `entriesById` must be in file order. Where a parent is not loaded, the way goes on
 * by `links`; where it is missing (its line was damaged) or leads in a circle, at what was the leaf when the child was written.
 */
export function branchTo(
	entriesById: ReadonlyMap<EntryId, Entry>,
	leaf: EntryId | null,
	links: BranchLinks = NO_LINKS,
): Entry[] {
	let walked: Entry[] = [];
	// A damaged or foreign log may hold a circle.
	let seen = new Set<EntryId>();
	let id = leaf;
	while (id !== null) {
		if (seen.has(id)) {
			// It begins where the file first speaks of it.
			const circle = walked.slice(walked.findIndex((entry) => entry.id === id));
			const first = firstOf(entriesById, circle);
			if (!first) break;
			walked = walked.slice(0, walked.indexOf(first) + 1);
			seen = new Set(walked.map((entry) => entry.id));
			id = leafBefore(entriesById.values(), first);
			continue;
		}
		const entry = entriesById.get(id);
		if (!entry) break;
		seen.add(id);
		walked.push(entry);
		id = linked(entriesById, entry.parentId, links);
		if (id !== null && !entriesById.has(id)) id = leafBefore(entriesById.values(), entry);
	}
	return walked.filter(isConversation).reverse();
}

function firstOf(entriesById: ReadonlyMap<EntryId, Entry>, some: readonly Entry[]): Entry | undefined {
	const ids = new Set(some.map(({ id }) => id));
	for (const entry of entriesById.values()) if (ids.has(entry.id)) return entry;
	return undefined;
}

/** The first of the way up from `id` that is loaded, as far as links lead; the last that they lead to when none is. */
function linked(entriesById: ReadonlyMap<EntryId, unknown>, from: EntryId | null, links: BranchLinks): EntryId | null {
	let id = from;
	for (let steps = links.size; id !== null && !entriesById.has(id) && steps > 0; steps--) {
		const above = links.get(id);
		if (above === undefined) break;
		id = above;
	}
	return id;
}

const NO_LINKS: BranchLinks = new Map();

/** Where the way up goes on for what was left out between these entries of one branch. */
export function linksOf(branch: readonly Pick<Entry, 'id' | 'parentId'>[]): BranchLinks {
	const links = new Map<EntryId, EntryId | null>();
	let above: EntryId | null = null;
	for (const { id, parentId } of branch) {
		if (parentId !== null && parentId !== above) links.set(parentId, above);
		above = id;
	}
	return links;
}

/** The first parent on the way up from `leaf` that is not among the entries. What is `lost` is passed over. */
export function missingParent(
	entriesById: ReadonlyMap<EntryId, Entry>,
	leaf: EntryId | null,
	lost: BranchLinks = NO_LINKS,
): EntryId | undefined {
	const seen = new Set<EntryId>();
	let id = leaf;
	while (id !== null && !seen.has(id)) {
		seen.add(id);
		const above: EntryId | null | undefined =
			entriesById.get(id)?.parentId ?? (entriesById.has(id) ? null : lost.get(id));
		if (above === undefined) return id;
		id = above;
	}
	return undefined;
}

/** What was the leaf when `end` was written. */
function leafBefore(entries: Iterable<Entry>, end: Entry): EntryId | null {
	const rule = createLeafRule();
	for (const entry of entries) {
		if (entry === end) break;
		rule.take(entry);
	}
	return rule.leaf;
}
