/**
 * What is known of a session from its entries: kept up to date entry by entry, the same way while reading and while writing.
 * Writes nothing and tells nobody.
 */
import type { EntryId, SessionId } from '../../base/ids.ts';
import { type BranchLinks, branchTo, createLeafRule, linksOf, missingParent } from './branch.ts';
import { compactionLandmarks, replacedEntries } from './compaction.ts';
import { type Entry, type EntryOf, type EntryType, isConversation, isType, type PermissionMode } from './entry.ts';
import { costOfEntry } from './entryCost.ts';
import { HELD_TYPES, inOrder } from './loadLog.ts';
import type { LineRange } from './storePort.ts';
import { NEW_SESSION_TITLE, plainName, promptText } from './titles.ts';
import type { WorktreeRef } from './worktreeFields.ts';

type LogCounts = { readonly entries: number; readonly prompts: number; readonly tools: number };

export type LogIndex = {
	readonly entries: readonly Entry[];
	readonly leaf: EntryId | null;
	readonly title: string;
	readonly lastPrompt: string;
	readonly isPinned: boolean;
	readonly isArchived: boolean;
	readonly titleBy: TitleBy | undefined;
	readonly origin: Origin | undefined;
	readonly worktree: WorktreeRef | undefined;
	/** When the conversation last went on, in Unix ms; 0 = never. */
	readonly usedAt: number;
	/** The last turn ended with an error. */
	readonly hasFailed: boolean;
	/** The highest epoch of a file operation; 0 = none yet. */
	readonly newestEpoch: number;
	readonly costUsd: number;
	readonly counts: LogCounts;
	/** As the last entry left them; undefined when no entry says. */
	readonly mode: PermissionMode | undefined;
	readonly model: string | undefined;
	readonly cwd: string | undefined;
	/** Adds the next entry in file order. Ids must be new. Takes the same time however long the log is, rewinds apart. */
	add(entry: Entry, range: LineRange): void;
	find(id: EntryId): Entry | undefined;
	/** The same array until the branch changes; an array handed out never changes. */
	branch(): readonly Entry[];
	newest<T extends EntryType>(type: T, anywhere: boolean): EntryOf<T> | undefined;
	/** Byte ranges of what the context of the branch needs, its ledger and what can be undone, in order, neighbours joined. */
	extents(): readonly LineRange[];
	/** Ledger entries that count though a compaction replaced what they hang on, each with that compaction. */
	held(): ReadonlyMap<EntryId, EntryId>;
	/** Where the way up goes on for entries that are not here. */
	readonly links: BranchLinks;
	/** The same for what is in no extent. */
	tailLinks(): BranchLinks;
	/** The first entry on the way up that is not here and can be read. */
	missing(): EntryId | undefined;
	/** It was read in the session that this one was forked from. */
	isForeign(id: EntryId): boolean;
	/** Where each entry stands, beside `entries`. */
	readonly ranges: readonly LineRange[];
};

type TitleBy = EntryOf<'title'>['by'];
export type Origin = { readonly sessionId: SessionId; readonly entryId: EntryId | null };

/** What was learned from loading more. */
export type LoadedMore = {
	/** These go before the links of the log: what was loaded since begins elsewhere. */
	readonly links: BranchLinks;
	/** Ledger entries that count, each with the compactions that replaced what they hang on. */
	readonly held: ReadonlyMap<EntryId, ReadonlySet<EntryId>>;
	/** Entries that cannot be read, each with the one above it. */
	readonly lost: BranchLinks;
};

/**
 * With `base`, what stands before that tail is a part only, and the tail says what the rest came to. Entries with a range below zero are
 * of another file: they are shown and count nowhere.
 */
export function createLogIndex(base?: EntryId, more: LoadedMore = NOTHING_MORE): LogIndex {
	const rule = createLeafRule();
	const entries: Entry[] = [];
	const ranges: LineRange[] = [];
	const byId = new Map<EntryId, Entry>();
	const byType = new Map<string, Entry[]>();
	const late = new Set<EntryId>();
	/** The branch grows at its end in place; `handedOut` is the copy that callers hold. */
	let path: Entry[] = [];
	let pathIds = new Set<EntryId>();
	let extents: LineRange[] = [];
	/** Of the entries before `trailedTo`; what it says of them holds until the branch is made anew. */
	let trailing: LineRange[] = [];
	let trailedTo = 0;
	/** As the base said it, and as the next tail will say it. */
	let held: ReadonlyMap<EntryId, EntryId> = new Map();
	let heldNow: ReadonlyMap<EntryId, EntryId> = held;
	const links = new Map<EntryId, EntryId | null>([...more.links, ...more.lost]);
	const foreign = new Set<EntryId>();
	let linksNow: BranchLinks = new Map();
	let isStale = false;
	let handedOut: readonly Entry[] | undefined;
	let title = NEW_SESSION_TITLE;
	let lastPrompt = '';
	let isPinned = false;
	let isArchived = false;
	let titleBy: TitleBy | undefined;
	let origin: Origin | undefined;
	let worktree: WorktreeRef | undefined;
	let usedAt = 0;
	let hasFailed = false;
	let newestEpoch = 0;
	let entryCount = 0;
	/** Nothing counts before the base says what it came to. */
	let isBeforeBase = base !== undefined;
	let costUsd = 0;
	let prompts = 0;
	let tools = 0;
	let mode: PermissionMode | undefined;
	let model: string | undefined;
	let cwd: string | undefined;

	const holders = (id: EntryId): readonly EntryId[] => {
		const own = held.get(id);
		return [...(own === undefined ? [] : [own]), ...(more.held.get(id) ?? [])];
	};
	const isOnBranch = (entry: Entry): boolean => {
		if (isConversation(entry)) return pathIds.has(entry.id);
		if (entry.parentId === null) return !late.has(entry.id);
		if (!pathIds.has(entry.parentId)) {
			return holders(entry.id).some((compaction) => pathIds.has(compaction));
		}
		// What a stale owner wrote about our branch is not ours, unless the branch is its own.
		return !late.has(entry.id) || late.has(entry.parentId);
	};
	const extend = (range: LineRange) => {
		// What stands in another file has no place in this one.
		if (range.start < 0) return;
		const last = extents.at(-1);
		// A batch may start with a newline of its own, so one byte between neighbours is no gap.
		if (last && range.start - last.end <= 1) extents[extents.length - 1] = { start: last.start, end: range.end };
		else extents.push(range);
	};
	const push = (entry: Entry) => {
		path.push(entry);
		pathIds.add(entry.id);
		handedOut = undefined;
	};
	const refresh = () => {
		if (!isStale) return;
		isStale = false;
		handedOut = undefined;
		path = branchTo(byId, rule.leaf, links);
		pathIds = new Set(path.map((entry) => entry.id));
		extents = [];
		trailing = [];
		trailedTo = 0;
		const replaced = new Map(replacedEntries(path));
		for (const id of compactionLandmarks(path)) replaced.delete(id);
		const newHeld = new Map<EntryId, EntryId>();
		/** A compaction may itself be in the range of a newer one. */
		const lasting = (compaction: EntryId): EntryId => {
			const newer = replaced.get(compaction);
			return newer === undefined ? compaction : lasting(newer);
		};
		for (const id of new Set([...held.keys(), ...more.held.keys()])) {
			const compaction = holders(id).find((one) => pathIds.has(one));
			if (compaction !== undefined) newHeld.set(id, lasting(compaction));
		}
		for (const type of HELD_TYPES) {
			const entry = byType.get(type)?.findLast(isOnBranch);
			const compaction = entry && entry.parentId !== null ? replaced.get(entry.parentId) : undefined;
			if (entry && compaction) newHeld.set(entry.id, lasting(compaction));
		}
		entries.forEach((entry, index) => {
			const range = ranges[index];
			if (!range || !isOnBranch(entry)) return;
			const isReplaced = replaced.has(isConversation(entry) || entry.parentId === null ? entry.id : entry.parentId);
			if (!isReplaced || newHeld.has(entry.id)) extend(range);
		});
		heldNow = newHeld;
		linksNow = linksOf(path.filter(({ id }) => !replaced.has(id)));
	};
	/** Ledger entries behind the last conversation entry: a rewind that can be undone is among them, and hangs on what was left. */
	const withTrailing = (): readonly LineRange[] => {
		// Only what is new: thousands of file operations may follow one reply, with a tail every few.
		for (; trailedTo < entries.length; trailedTo++) {
			const entry = entries[trailedTo];
			const range = ranges[trailedTo];
			if (!entry || !range) break;
			if (isConversation(entry)) trailing = [];
			else if (!isOnBranch(entry)) addJoined(trailing, range);
		}
		return trailing.length === 0 ? extents : inOrder([...extents, ...trailing]);
	};
	const fold = (entry: Entry) => {
		if (isConversation(entry) || isType(entry, 'rewind')) usedAt = entry.timestamp;
		if (isType(entry, 'turnEnded')) hasFailed = entry.reason === 'error';
		else if (isType(entry, 'user') || isType(entry, 'rewind')) hasFailed = false;
		mode = isType(entry, 'mode') ? entry.to : entry.mode;
		cwd = entry.cwd;
		if (isType(entry, 'title')) {
			title = plainName(entry.title) || title;
			titleBy = entry.by;
		} else if (isType(entry, 'state')) {
			isPinned = entry.isPinned ?? isPinned;
			isArchived = entry.isArchived ?? isArchived;
		} else if (isType(entry, 'header')) {
			origin = entry.origin ?? origin;
			worktree = entry.worktree ?? worktree;
		} else if (isType(entry, 'model') || isType(entry, 'prefix')) model = entry.model;
		else if (isType(entry, 'user')) lastPrompt = promptText(entry.content);
	};
	const count = (entry: Entry) => {
		entryCount++;
		if (isType(entry, 'fileOperation')) newestEpoch = Math.max(newestEpoch, entry.epoch);
		costUsd += costOfEntry(entry);
		if (isType(entry, 'user')) prompts++;
		else if (isType(entry, 'toolResult')) tools++;
	};

	const addLinks = (more: readonly (readonly [EntryId, EntryId | null])[] = []) => {
		for (const [id, above] of more) if (!links.has(id)) links.set(id, above);
	};
	const startFrom = (tail: EntryOf<'tail'>) => {
		isBeforeBase = false;
		title = plainName(tail.title);
		titleBy = tail.titleBy;
		lastPrompt = tail.lastPrompt;
		isPinned = tail.pinned;
		isArchived = tail.isArchived ?? false;
		origin = tail.origin ?? origin;
		worktree = tail.worktree ?? worktree;
		newestEpoch = Math.max(newestEpoch, tail.epoch ?? 0);
		usedAt = tail.usedAt ?? tail.timestamp;
		hasFailed = tail.hasFailed ?? false;
		costUsd = tail.costUsd;
		entryCount = tail.counts.entries + 1;
		prompts = tail.counts.prompts;
		tools = tail.counts.tools;
		mode = tail.mode;
		model = tail.model ?? model;
		cwd = tail.cwd;
		held = new Map(tail.held);
		addLinks(tail.links);
		rule.set(tail.leaf);
		isStale = true;
	};

	return {
		entries,
		ranges,
		get leaf() {
			return rule.leaf;
		},
		get title() {
			return title;
		},
		get lastPrompt() {
			return lastPrompt;
		},
		get isPinned() {
			return isPinned;
		},
		get isArchived() {
			return isArchived;
		},
		get titleBy() {
			return titleBy;
		},
		get origin() {
			return origin;
		},
		get worktree() {
			return worktree;
		},
		get usedAt() {
			return usedAt;
		},
		get hasFailed() {
			return hasFailed;
		},
		get newestEpoch() {
			return newestEpoch;
		},
		get costUsd() {
			return costUsd;
		},
		get counts() {
			return { entries: entryCount, prompts, tools };
		},
		get mode() {
			return mode;
		},
		get model() {
			return model;
		},
		get cwd() {
			return cwd;
		},
		add(entry, range) {
			const before = rule.leaf;
			const isLate = rule.take(entry);
			if (isLate) late.add(entry.id);
			entries.push(entry);
			ranges.push(range);
			byId.set(entry.id, entry);
			const sameType = byType.get(entry.type);
			if (sameType) sameType.push(entry);
			else byType.set(entry.type, [entry]);
			if (range.start < 0) foreign.add(entry.id);
			else if (isBeforeBase && entry.id === base && isType(entry, 'tail')) startFrom(entry);
			else if (!isBeforeBase) {
				count(entry);
				if (!isLate) fold(entry);
			}
			if (isType(entry, 'compaction')) isStale = true;
			if (isType(entry, 'header')) addLinks(entry.links);
			if (rule.leaf !== before && !isStale) {
				if (rule.leaf === entry.id && entry.parentId === before) push(entry);
				else isStale = true;
			}
			if (!isStale && isOnBranch(entry)) extend(range);
		},
		find: (id) => byId.get(id),
		branch() {
			refresh();
			handedOut ??= path.slice();
			return handedOut;
		},
		newest<T extends EntryType>(type: T, anywhere: boolean): EntryOf<T> | undefined {
			refresh();
			const found = byType.get(type)?.findLast((entry) => anywhere || isOnBranch(entry));
			return found && isType(found, type) ? (found as EntryOf<T>) : undefined;
		},
		extents() {
			refresh();
			return withTrailing();
		},
		held() {
			refresh();
			return heldNow;
		},
		links,
		tailLinks() {
			refresh();
			return linksNow;
		},
		missing: () => missingParent(byId, rule.leaf, more.lost),
		isForeign: (id) => foreign.has(id),
	};
}

function addJoined(ranges: LineRange[], range: LineRange) {
	const last = ranges.at(-1);
	if (last && range.start === last.end) ranges[ranges.length - 1] = { start: last.start, end: range.end };
	else ranges.push(range);
}

const NOTHING_MORE: LoadedMore = { links: new Map(), held: new Map(), lost: new Map() };
