/**
 * What is known of a session from its entries: kept up to date entry by entry, the same way while reading and while writing.
 * Writes nothing and tells nobody.
 */
import type { EntryId } from '../../base/ids.ts';
import type { LineRange } from '../ports.ts';
import { branchTo, createLeafRule } from './branch.ts';
import { type Entry, type EntryOf, type EntryType, isConversation, isType, type PermissionMode } from './entry.ts';
import { NEW_SESSION_TITLE, promptText } from './titles.ts';

type LogCounts = { readonly entries: number; readonly prompts: number; readonly tools: number };

export type LogIndex = {
	readonly entries: readonly Entry[];
	readonly leaf: EntryId | null;
	readonly title: string;
	readonly lastPrompt: string;
	readonly isPinned: boolean;
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
	/** Byte ranges of the branch and its ledger, in order, neighbours joined. */
	extents(): readonly LineRange[];
};

export function createLogIndex(): LogIndex {
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
	let isStale = false;
	let handedOut: readonly Entry[] | undefined;
	let title = NEW_SESSION_TITLE;
	let lastPrompt = '';
	let isPinned = false;
	let costUsd = 0;
	let prompts = 0;
	let tools = 0;
	let mode: PermissionMode | undefined;
	let model: string | undefined;
	let cwd: string | undefined;

	const isOnBranch = (entry: Entry): boolean => {
		if (isConversation(entry)) return pathIds.has(entry.id);
		if (entry.parentId === null) return !late.has(entry.id);
		if (!pathIds.has(entry.parentId)) return false;
		// What a stale owner wrote about our branch is not ours, unless the branch is its own.
		return !late.has(entry.id) || late.has(entry.parentId);
	};
	const extend = (range: LineRange) => {
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
		path = branchTo(byId, rule.leaf);
		pathIds = new Set(path.map((entry) => entry.id));
		extents = [];
		entries.forEach((entry, index) => {
			const range = ranges[index];
			if (range && isOnBranch(entry)) extend(range);
		});
	};
	const fold = (entry: Entry) => {
		mode = isType(entry, 'mode') ? entry.to : entry.mode;
		cwd = entry.cwd;
		if (isType(entry, 'title')) title = entry.title;
		else if (isType(entry, 'model') || isType(entry, 'prefix')) model = entry.model;
		else if (isType(entry, 'tail')) isPinned = entry.pinned;
		else if (isType(entry, 'user')) lastPrompt = promptText(entry.content);
	};
	const count = (entry: Entry) => {
		if (isType(entry, 'assistantEnded')) costUsd += entry.costUsd ?? 0;
		else if (isType(entry, 'user')) prompts++;
		else if (isType(entry, 'toolResult')) tools++;
	};

	return {
		entries,
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
		get costUsd() {
			return costUsd;
		},
		get counts() {
			return { entries: entries.length, prompts, tools };
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
			count(entry);
			if (!isLate) fold(entry);
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
			return extents;
		},
	};
}
