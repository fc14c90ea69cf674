/**
 * The conversation entries of an outline as a tree: who is whose child, and where a branch goes on or another one starts. Pure.
 * A damaged log stays a tree: an entry whose parent is missing hangs on what was the leaf then, and a cycle is cut.
 */
import type { EntryId } from '../../base/ids.ts';
import type { LogOutline, OutlineEntry } from './sessionTypes.ts';

export type ConversationTree = {
	readonly outline: LogOutline;
	readonly byId: LogOutline['byId'];
	/** The conversation entries in file order. */
	readonly entries: readonly OutlineEntry[];
	/** The same, parents before children. */
	readonly order: readonly OutlineEntry[];
	/** Null for one that starts the conversation. */
	readonly parentOf: ReadonlyMap<EntryId, EntryId | null>;
	/** In file order; absent where there are none. */
	readonly childrenOf: ReadonlyMap<EntryId, readonly OutlineEntry[]>;
	/** The entries from the start to this one, in order. */
	pathTo(entry: EntryId | null): readonly EntryId[];
};

/** `rewinds` holds the target of each rewind entry. Pauses between steps. */
export function* conversationTree(
	outline: LogOutline,
	rewinds: ReadonlyMap<EntryId, EntryId | null>,
): Generator<void, ConversationTree> {
	const entries: OutlineEntry[] = [];
	const parentOf = new Map<EntryId, EntryId | null>();
	const orphans = new Map<EntryId, EntryId | null>();
	/** What was the leaf when entries were written whose parents come later: circles begin at one of them. */
	const leafBefore = new Map<EntryId, EntryId | null>();
	const known = new Set<EntryId>();
	let leaf: EntryId | null = null;
	for (const [index, entry] of outline.entries.entries()) {
		if (index % STEP === STEP - 1) yield;
		if (entry.parentId !== null && !outline.byId.has(entry.parentId)) orphans.set(entry.id, leaf);
		else if (entry.parentId !== null && !known.has(entry.parentId)) leafBefore.set(entry.id, leaf);
		if (entry.isConversation) {
			entries.push(entry);
			known.add(entry.id);
			if (!entry.isLate) leaf = entry.id;
		} else if (!entry.isLate) {
			const to = rewinds.get(entry.id);
			if (to === null || (to !== undefined && known.has(to))) leaf = to;
		}
	}
	for (const [index, entry] of entries.entries()) {
		if (index % STEP === STEP - 1) yield;
		parentOf.set(entry.id, conversationParent(outline, orphans, entry));
	}
	yield* openCircles(entries, parentOf, leafBefore);
	const childrenOf = new Map<EntryId, OutlineEntry[]>();
	const starts: OutlineEntry[] = [];
	for (const [index, entry] of entries.entries()) {
		if (index % STEP === STEP - 1) yield;
		const parent = parentOf.get(entry.id) ?? null;
		const siblings = parent === null ? starts : childrenOf.get(parent);
		if (siblings) siblings.push(entry);
		else if (parent !== null) childrenOf.set(parent, [entry]);
	}
	const order: OutlineEntry[] = [];
	const placed = new Set<EntryId>();
	const place = function* (start: OutlineEntry): Generator<void, void> {
		const open = [start];
		for (let entry = open.pop(); entry; entry = open.pop()) {
			if (placed.has(entry.id)) continue;
			placed.add(entry.id);
			order.push(entry);
			if (order.length % STEP === 0) yield;
			for (const child of (childrenOf.get(entry.id) ?? []).toReversed()) open.push(child);
		}
	};
	for (const start of starts) yield* place(start);
	return {
		...{ outline, byId: outline.byId, entries, order, parentOf, childrenOf },
		pathTo(entry) {
			const path: EntryId[] = [];
			for (let id = entry; id !== null && parentOf.has(id); id = parentOf.get(id) ?? null) path.push(id);
			return path.reverse();
		},
	};
}

/** Each circle begins where the file first speaks of it, and hangs on what was the leaf then. */
function* openCircles(
	entries: readonly OutlineEntry[],
	parentOf: Map<EntryId, EntryId | null>,
	leafBefore: ReadonlyMap<EntryId, EntryId | null>,
): Generator<void, void> {
	if (leafBefore.size === 0) return;
	const places = new Map(entries.map(({ id }, place) => [id, place]));
	/** These lead to the start. */
	const sound = new Set<EntryId>();
	for (const [index, { id: from }] of entries.entries()) {
		if (index % STEP === STEP - 1) yield;
		const walked = new Set<EntryId>();
		for (let id: EntryId | null = from; id !== null && !sound.has(id); ) {
			if (walked.has(id)) {
				const ids = [...walked];
				const circle = ids.slice(ids.indexOf(id));
				const first = circle.reduce((a, b) => ((places.get(a) ?? 0) < (places.get(b) ?? 0) ? a : b));
				parentOf.set(first, leafBefore.get(first) ?? null);
				walked.clear();
				id = from;
				continue;
			}
			walked.add(id);
			id = parentOf.get(id) ?? null;
		}
		for (const id of walked) sound.add(id);
	}
}

export type BranchForks = {
	/** Entries that go on with the branch of their parent; the others start one. */
	readonly goesOn: ReadonlySet<EntryId>;
	/** Prompts without any reply that were sent again beside it. */
	readonly repeated: ReadonlySet<EntryId>;
};

/**
 * Which child goes on: the first that was not written late and is no repeated prompt. `contentOf` is a prompt's content as text,
 * undefined for what is no prompt.
 */
export function* branchForks(
	tree: ConversationTree,
	contentOf: (id: EntryId) => string | undefined,
): Generator<void, BranchForks> {
	const answered = new Set<EntryId>();
	let count = 0;
	for (const entry of tree.order.toReversed()) {
		if (++count % STEP === 0) yield;
		if (entry.type !== 'assistant' && !answered.has(entry.id)) continue;
		answered.add(entry.id);
		const parent = tree.parentOf.get(entry.id) ?? null;
		if (parent !== null) answered.add(parent);
	}
	const goesOn = new Set<EntryId>();
	const repeated = new Set<EntryId>();
	const judge = (parent: OutlineEntry | undefined, children: readonly OutlineEntry[]) => {
		const later = new Set<string>();
		for (const child of children.length > 1 ? children.toReversed() : []) {
			const content = contentOf(child.id);
			if (content === undefined) continue;
			if (later.has(content) && !answered.has(child.id)) repeated.add(child.id);
			later.add(content);
		}
		if (!parent) return;
		const mayGoOn = children.filter((child) => !child.isLate || parent.isLate);
		const next = mayGoOn.find((child) => !repeated.has(child.id)) ?? mayGoOn[0];
		if (next) goesOn.add(next.id);
	};
	judge(
		undefined,
		tree.entries.filter((entry) => tree.parentOf.get(entry.id) === null),
	);
	for (const entry of tree.order) {
		if (++count % STEP === 0) yield;
		const children = tree.childrenOf.get(entry.id);
		if (children) judge(entry, children);
	}
	return { goesOn, repeated };
}

/** Entries between two pauses. */
const STEP = 2_000;

/** Past ledger entries, which are no parents but in a damaged log. */
function conversationParent(
	outline: LogOutline,
	orphans: ReadonlyMap<EntryId, EntryId | null>,
	entry: OutlineEntry,
): EntryId | null {
	const seen = new Set<EntryId>();
	let at: OutlineEntry = entry;
	while (!seen.has(at.id)) {
		seen.add(at.id);
		const id: EntryId | null = orphans.has(at.id) ? (orphans.get(at.id) ?? null) : at.parentId;
		const parent = id === null ? undefined : outline.byId.get(id);
		if (!parent) return null;
		if (parent.isConversation) return parent.id;
		at = parent;
	}
	return null;
}
