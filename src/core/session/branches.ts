/**
 * The branches of a session's conversation, from its outline and the few entry types that say what happened on each. Pure.
 * A branch is a chain from its first own entry to its end; the first child of an entry goes on with the branch, each other one starts one,
 * so a branch keeps its first entry, and with it its name, however the log grows. Every conversation entry is in exactly one branch.
 */
import type { EntryId } from '../../base/ids.ts';
import { totalInputTokens } from './content.ts';
import { branchForks, type ConversationTree, conversationTree } from './conversationTree.ts';
import type { EntryOf } from './entry.ts';
import type { FilePath } from './fileFields.ts';
import type { LogOutline, OutlineEntry } from './sessionTypes.ts';
import { promptText, titleFromPrompt } from './titles.ts';

/** What `branchTree` must be told besides the outline: all entries of these types, in file order. */
export const BRANCH_TYPES = ['user', 'assistantEnded', 'fileOperation', 'branchLabel', 'rewind', 'restore'] as const;
export type BranchDetail = EntryOf<(typeof BRANCH_TYPES)[number]>;

export type Branch = {
	/** Its first own entry: names the branch for good. */
	readonly first: EntryId;
	readonly last: EntryId;
	/** The entry it grows from; null = it starts the conversation. */
	readonly point: EntryId | null;
	/** The branch that holds `point`, by its `first`. */
	readonly parent: EntryId | null;
	/** The branches that grow from it, by their `first`, in file order. */
	readonly children: readonly EntryId[];
	/** Its own conversation entries, in order. */
	readonly entryIds: readonly EntryId[];
	readonly prompts: number;
	readonly replies: number;
	readonly toolCalls: number;
	/** What tools changed on it, each file once. */
	readonly files: readonly FilePath[];
	readonly inputTokens: number;
	readonly outputTokens: number;
	/** Its own replies, as far as their price is known. */
	readonly costUsd: number;
	/** All replies from the start of the conversation to its end. */
	readonly totalCostUsd: number;
	/** Tokens that the last request on the way to its end carried. */
	readonly lastRequestTokens: number;
	readonly firstAt: number;
	readonly lastAt: number;
	/** The name it was given, else the first line of its first prompt. */
	readonly label: string;
	readonly isNamed: boolean;
	readonly summary: string | undefined;
	/** Something of it lies on the way to the leaf. */
	readonly isActive: boolean;
	/** The conversation goes on here: it holds the leaf. */
	readonly isCurrent: boolean;
	/** How many of its own entries lie on the way to the leaf: fewer than all when the conversation left it or was rewound. */
	readonly activeEntries: number;
	/** Written by a window that no longer owned the session. */
	readonly isLate: boolean;
	/** A prompt that was sent again elsewhere and had no reply here. */
	readonly isEmpty: boolean;
	readonly hasCompaction: boolean;
};

export type BranchTree = {
	readonly leaf: EntryId | null;
	/** The branches that start the conversation, in file order. */
	readonly roots: readonly EntryId[];
	/** By `first`; parents before children. */
	readonly byFirst: ReadonlyMap<EntryId, Branch>;
	/** The branch that holds the leaf; undefined before the first prompt. */
	readonly current: Branch | undefined;
	/** The branch that holds this conversation entry. */
	branchOf(entry: EntryId): Branch | undefined;
	/** The conversation entries from the start to this one, in order. */
	pathTo(entry: EntryId | null): readonly EntryId[];
};

/** `details` are the entries of `BRANCH_TYPES`. Takes time and memory in proportion to the outline. */
export function branchTree(outline: LogOutline, leaf: EntryId | null, details: readonly BranchDetail[]): BranchTree {
	const steps = branchTreeSteps(outline, leaf, details);
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
	}
}

/** The same in steps of less than a millisecond or so, for who must not keep others waiting. */
export function* branchTreeSteps(
	outline: LogOutline,
	leaf: EntryId | null,
	details: readonly BranchDetail[],
): Generator<void, BranchTree> {
	const rewinds = new Map<EntryId, EntryId | null>();
	const prompts = new Map<EntryId, EntryOf<'user'>>();
	for (const [index, detail] of details.entries()) {
		if (index % STEP === STEP - 1) yield;
		if (detail.type === 'rewind') rewinds.set(detail.id, detail.to);
		else if (detail.type === 'user') prompts.set(detail.id, detail);
	}
	const tree = yield* conversationTree(outline, rewinds);
	const drafts = yield* gather(tree, prompts);
	yield* addDetails(drafts, tree, details);
	markActive(drafts, tree, leaf);
	return finished(drafts, tree, leaf);
}

/** The branches to show, parents before children: without empty ones, unless something grows from them or the conversation is there. */
export function shownBranches(tree: BranchTree): readonly Branch[] {
	const kept = new Set<EntryId>();
	for (const branch of [...tree.byFirst.values()].reverse()) {
		const isKept =
			!branch.isEmpty || branch.isCurrent || branch.isNamed || branch.children.some((one) => kept.has(one));
		if (isKept) kept.add(branch.first);
	}
	return [...tree.byFirst.values()].filter((branch) => kept.has(branch.first));
}

/** The last entry that is on the way to both; null when they have none in common. */
export function commonPoint(tree: BranchTree, a: EntryId | null, b: EntryId | null): EntryId | null {
	const onWay = new Set(tree.pathTo(a));
	return tree.pathTo(b).findLast((id) => onWay.has(id)) ?? null;
}

/** Entries between two pauses. */
const STEP = 2_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<Branch, 'children' | 'entryIds' | 'files' | 'label' | 'isNamed'>> & {
	readonly children: EntryId[];
	readonly entryIds: EntryId[];
	readonly files: Map<string, FilePath>;
	prompt: EntryOf<'user'> | undefined;
	name: string | null;
};
type Drafts = { readonly byFirst: Map<EntryId, Draft>; readonly ofEntry: Map<EntryId, Draft> };

function* gather(tree: ConversationTree, prompts: ReadonlyMap<EntryId, EntryOf<'user'>>): Generator<void, Drafts> {
	const forks = yield* branchForks(tree, (id) => {
		const prompt = prompts.get(id);
		return prompt && JSON.stringify(prompt.content);
	});
	const byFirst = new Map<EntryId, Draft>();
	const ofEntry = new Map<EntryId, Draft>();
	for (const [index, entry] of tree.order.entries()) {
		if (index % STEP === STEP - 1) yield;
		const point = tree.parentOf.get(entry.id) ?? null;
		const from = point === null ? undefined : ofEntry.get(point);
		let draft = from;
		if (!draft || !forks.goesOn.has(entry.id)) {
			draft = newDraft(entry, point, from, forks.repeated.has(entry.id));
			byFirst.set(entry.id, draft);
		}
		ofEntry.set(entry.id, draft);
		const before = draft.entryIds.length === 0 ? undefined : tree.byId.get(draft.last);
		addEntry(draft, entry, before, prompts.get(entry.id));
	}
	// In file order, whatever order the tree was walked in.
	for (const [index, { id }] of tree.entries.entries()) {
		if (index % STEP === STEP - 1) yield;
		const draft = byFirst.get(id);
		if (draft?.parent) byFirst.get(draft.parent)?.children.push(id);
	}
	return { byFirst, ofEntry };
}

function newDraft(first: OutlineEntry, point: EntryId | null, from: Draft | undefined, isRepeated: boolean): Draft {
	return {
		...{ first: first.id, last: first.id, point, parent: from?.first ?? null, children: [], entryIds: [] },
		...{ prompts: 0, replies: 0, toolCalls: 0, files: new Map(), inputTokens: 0, outputTokens: 0 },
		...{ costUsd: 0, totalCostUsd: 0, lastRequestTokens: 0, firstAt: first.timestamp, lastAt: first.timestamp },
		...{ prompt: undefined, name: null, summary: undefined, isActive: false, isCurrent: false, activeEntries: 0 },
		...{ isLate: first.isLate, isEmpty: isRepeated, hasCompaction: false },
	};
}

function addEntry(
	draft: Draft,
	entry: OutlineEntry,
	before: OutlineEntry | undefined,
	prompt: EntryOf<'user'> | undefined,
): void {
	draft.entryIds.push(entry.id);
	draft.last = entry.id;
	draft.lastAt = Math.max(draft.lastAt, entry.timestamp);
	if (entry.type === 'user') draft.prompts++;
	// The blocks of a reply follow one another; a cut reply has no end entry.
	else if (entry.type === 'assistant' && before?.type !== 'assistant') draft.replies++;
	else if (entry.type === 'toolResult') draft.toolCalls++;
	else if (entry.type === 'compaction') draft.hasCompaction = true;
	draft.prompt ??= prompt;
}

function* addDetails(
	{ byFirst, ofEntry }: Drafts,
	tree: ConversationTree,
	details: readonly BranchDetail[],
): Generator<void, void> {
	const ends = new Map<EntryId, EntryOf<'assistantEnded'>>();
	for (const [index, detail] of details.entries()) {
		if (index % STEP === STEP - 1) yield;
		if (detail.type === 'assistantEnded') ends.set(detail.id, detail);
		else if (detail.type === 'branchLabel' && !tree.outline.byId.get(detail.id)?.isLate) {
			const draft = byFirst.get(detail.first);
			if (!draft) continue;
			draft.name = detail.label;
			draft.summary = detail.summary ?? draft.summary;
		}
		// A restore's operations name no call: what they bring back was counted where it was made.
		else if (detail.type === 'fileOperation' && detail.toolUseId !== undefined && detail.parentId !== null) {
			const { root, rel } = detail.path;
			ofEntry.get(detail.parentId)?.files.set(`${root}\n${rel}`, detail.path);
		}
	}
	/** What the way to each branching point cost, and the request before it. */
	const onWay = new Map<EntryId, { readonly costUsd: number; readonly tokens: number }>();
	for (const [index, { id }] of tree.order.entries()) {
		if (index % STEP === STEP - 1) yield;
		const draft = ofEntry.get(id);
		if (!draft) continue;
		if (id === draft.first) {
			const start = draft.point === null ? undefined : onWay.get(draft.point);
			draft.totalCostUsd = start?.costUsd ?? 0;
			draft.lastRequestTokens = start?.tokens ?? 0;
		}
		const end = ends.get(id);
		if (end) {
			draft.costUsd += end.costUsd ?? 0;
			draft.totalCostUsd += end.costUsd ?? 0;
			draft.inputTokens += totalInputTokens(end.usage);
			draft.outputTokens += end.usage.outputTokens;
			draft.lastRequestTokens = totalInputTokens(end.usage);
		}
		if ((tree.childrenOf.get(id)?.length ?? 0) > 1)
			onWay.set(id, { costUsd: draft.totalCostUsd, tokens: draft.lastRequestTokens });
	}
}

function markActive({ ofEntry }: Drafts, tree: ConversationTree, leaf: EntryId | null): void {
	const current = leaf === null ? undefined : ofEntry.get(leaf);
	if (current) current.isCurrent = true;
	for (const id of tree.pathTo(leaf)) {
		const draft = ofEntry.get(id);
		if (!draft) continue;
		draft.isActive = true;
		draft.activeEntries++;
	}
}

function finished({ byFirst, ofEntry }: Drafts, tree: ConversationTree, leaf: EntryId | null): BranchTree {
	const branches = new Map<EntryId, Branch>();
	for (const [first, { prompt, name, files, ...draft }] of byFirst) {
		const isEmpty = draft.isEmpty && files.size === 0;
		const label = name ?? (prompt ? titleFromPrompt(promptText(prompt.content)) : unnamed(draft));
		branches.set(first, { ...draft, isEmpty, label, isNamed: name !== null, files: [...files.values()] });
	}
	const branchOf = (entry: EntryId) => {
		const first = ofEntry.get(entry)?.first;
		return first === undefined ? undefined : branches.get(first);
	};
	const starts = tree.entries.filter(({ id }) => branches.get(id)?.parent === null);
	return {
		leaf,
		roots: starts.map(({ id }) => id),
		byFirst: branches,
		current: leaf === null ? undefined : branchOf(leaf),
		branchOf,
		pathTo: (entry) => tree.pathTo(entry),
	};
}

function unnamed(draft: Pick<Branch, 'point' | 'hasCompaction'>): string {
	if (draft.point === null) return 'Before the first prompt';
	return draft.hasCompaction ? 'Compacted, no prompt yet' : 'No prompt of its own';
}
