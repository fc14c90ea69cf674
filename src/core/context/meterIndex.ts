/**
 * Running sums along every path of a session, so that the meter costs the same after ten entries and after ten thousand, and on
 * whatever branch the leaf is. Follows the rules of `buildContext` for what is part of the context. Derived from the entries alone:
 * a reopened session gives the same numbers.
 */
import type { EntryId } from '../../base/ids.ts';
import type { BranchLinks } from '../session/branch.ts';
import { totalInputTokens } from '../session/content.ts';
import { type Entry, type EntryOf, isConversation } from '../session/entry.ts';
import { activeEdits } from './contextEdits.ts';
import { amountsOfEntry } from './entryAmounts.ts';
import {
	type CountedBase,
	learnInput,
	learnReply,
	nothingLearned,
	prefixTokens,
	ratiosOf,
	type TokenLearning,
} from './learnTokens.ts';
import { editDifference, type SentDifference, summaryDifference } from './sentDifference.ts';
import { type Amounts, addAmounts, noAmounts, type TokenRatios } from './tokenRatios.ts';

/** The path from the root to one conversation entry. Immutable. */
export type PathSums = {
	readonly parent: PathSums | undefined;
	readonly id: EntryId | null;
	readonly base: CountedBase | undefined;
	/** The newest reply, counted or not. */
	readonly lastEnded: EntryOf<'assistantEnded'> | undefined;
	/** The newest prefix that hangs on the path before this entry. */
	readonly prefix: EntryOf<'prefix'> | undefined;
	/** What came after `base` and is in the context for good. Less than nothing where edits took away more. */
	readonly added: Amounts;
	/** Something before `base` was edited after it, so the next count says little about what was added. */
	readonly isBaseEdited: boolean;
	/** Blocks of a reply that has no end yet. */
	readonly flight: Flight | undefined;
	/** The newest reply was refused, so results of its calls are not sent. */
	readonly isRefused: boolean;
	/** From the root, by what the breakdown shows. */
	readonly messages: Amounts;
	readonly toolResults: Amounts;
	/** Replies that were never counted; the counted ones are in `replyTokens`. */
	readonly uncountedReplies: Amounts;
	readonly replyTokens: number;
	/** Tokens of the context when each turn began, newest first; turns without a reply are left out. */
	readonly turnStarts: TurnStart | undefined;
	/** What a turn added on average before a summary took the place of the turns that are known; undefined without one. */
	readonly earlierPace: number | undefined;
};
type Flight = {
	readonly messageId: string;
	readonly all: Amounts;
	readonly withoutThinking: Amounts;
	/** It thought without showing what, so its text does not tell what it cost. */
	readonly hasHiddenThinking: boolean;
};
type TurnStart = { readonly tokens: number; readonly previous: TurnStart | undefined };

export type MeterIndex = {
	/** Sums at a leaf; null = before the first prompt. An unknown id reads as null. */
	at(leaf: EntryId | null): PathSums;
	/** The newest prefix that hangs on the path to `leaf`, or on `leaf` itself. */
	prefixAt(leaf: EntryId | null): EntryOf<'prefix'> | undefined;
	/** Of the model that was counted last. */
	readonly ratios: TokenRatios;
	/** Of the tokenizer of this model; of all that were used, as long as it was not. */
	ratiosOf(model: string | undefined): TokenRatios;
	/** What a prefix alone comes to: what is left of a counted request that had little besides. Undefined when none was counted. */
	prefixTokens(prefix: EntryOf<'prefix'> | undefined): number | undefined;
	/** Cost of every reply in the session, whatever branch it is on; unknown costs count 0. */
	readonly costUsd: number;
	/** Sums at `leaf` as they would be with this edit behind it. */
	edited(leaf: EntryId | null, edit: EntryOf<'contextEdit'>): PathSums;
};

const nothing = noAmounts();
const root: PathSums = {
	parent: undefined,
	id: null,
	base: undefined,
	lastEnded: undefined,
	prefix: undefined,
	added: nothing,
	isBaseEdited: false,
	flight: undefined,
	isRefused: false,
	messages: nothing,
	toolResults: nothing,
	uncountedReplies: nothing,
	replyTokens: 0,
	turnStarts: undefined,
	earlierPace: undefined,
};

type Growing = {
	length: number;
	last: Entry | undefined;
	readonly sums: Map<EntryId, PathSums>;
	/** The entries that `sums` has. */
	readonly byId: Map<EntryId, Entry>;
	readonly prefixes: Map<EntryId | null, EntryOf<'prefix'>>;
	/** The sums before the first entry. */
	root: PathSums;
	readonly learning: TokenLearning;
	costUsd: number;
};
/** A session's entries are one growing array: only what was appended since the last call is looked at. */
const growing = new WeakMap<readonly Entry[], Growing>();

/** `links` say where the way goes on above entries that are not loaded. */
export function meterIndex(entries: readonly Entry[], links: BranchLinks = NO_LINKS): MeterIndex {
	let state = growing.get(entries);
	if (!state || state.length > entries.length || (state.length > 0 && entries[state.length - 1] !== state.last)) {
		state = {
			length: 0,
			last: undefined,
			sums: new Map(),
			byId: new Map(),
			prefixes: new Map(),
			root,
			learning: nothingLearned(),
			costUsd: 0,
		};
		growing.set(entries, state);
	}
	for (let index = state.length; index < entries.length; index++) {
		const entry = entries[index];
		if (entry) add(state, entry, links);
	}
	state.length = entries.length;
	state.last = entries.at(-1);
	const grown = state;
	const at = (leaf: EntryId | null) => (leaf === null ? grown.root : (grown.sums.get(leaf) ?? grown.root));
	return {
		at,
		prefixAt: (leaf) => grown.prefixes.get(leaf) ?? at(leaf).prefix,
		get ratios() {
			return ratiosOf(grown.learning, grown.learning.newestModel);
		},
		ratiosOf: (model) => ratiosOf(grown.learning, model),
		prefixTokens: (prefix) => prefixTokens(grown.learning, prefix),
		costUsd: grown.costUsd,
		edited: (leaf, edit) => edited(grown, { ...at(leaf), parent: at(leaf), id: edit.id }, edit),
	};
}

const NO_LINKS: BranchLinks = new Map();

/** The sums at `id`, or at the next entry above it that is loaded. */
function sumsAt(state: Growing, id: EntryId | null, links: BranchLinks): PathSums {
	let at = id;
	for (let steps = links.size; at !== null && !state.sums.has(at) && steps > 0; steps--) at = links.get(at) ?? null;
	return (at === null ? undefined : state.sums.get(at)) ?? state.root;
}

function add(state: Growing, entry: Entry, links: BranchLinks): void {
	if (entry.type === 'prefix') state.prefixes.set(entry.parentId, entry);
	if (entry.type === 'count') countedAt(state, entry);
	if (!isConversation(entry) || state.sums.has(entry.id)) return;
	const parent = sumsAt(state, entry.parentId, links);
	const prefix = state.prefixes.get(entry.parentId) ?? parent.prefix;
	const path: PathSums = { ...parent, parent, id: entry.id, prefix };
	if (entry.type === 'assistantEnded') {
		state.costUsd += entry.costUsd ?? 0;
		learn(state.learning, path, entry);
	}
	state.byId.set(entry.id, entry);
	state.sums.set(entry.id, sumsWith(state, path, entry));
}

function sumsWith(state: Growing, path: PathSums, entry: Entry): PathSums {
	if (entry.type === 'compaction') return compacted(state, path, entry);
	return entry.type === 'contextEdit' ? edited(state, path, entry) : next(path, entry);
}

/** The entries from the root to `path`, as far as they are loaded. */
function wayTo(state: Growing, path: PathSums | undefined): readonly Entry[] {
	const way: Entry[] = [];
	for (let at = path; at; at = at.parent) {
		const entry = at.id === null ? undefined : state.byId.get(at.id);
		if (entry) way.push(entry);
	}
	return way.reverse();
}

function next(path: PathSums, entry: Entry): PathSums {
	const amounts = amountsOfEntry(entry);
	switch (entry.type) {
		case 'user': {
			const settled = landed(path);
			return {
				...settled,
				added: addAmounts(settled.added, amounts),
				messages: addAmounts(settled.messages, amounts),
				turnStarts: turnStarts(settled),
			};
		}
		case 'attachment':
		case 'reminder': {
			const settled = landed(path);
			return {
				...settled,
				added: addAmounts(settled.added, amounts),
				messages: addAmounts(settled.messages, amounts),
			};
		}
		case 'toolResult': {
			if (path.isRefused) return path;
			const settled = landed(path);
			return {
				...settled,
				added: addAmounts(settled.added, amounts),
				toolResults: addAmounts(settled.toolResults, amounts),
			};
		}
		case 'assistant': {
			// Another message while one has no end: the first was a failed attempt.
			const flight = path.flight?.messageId === entry.messageId ? path.flight : undefined;
			const isThinking = entry.block.type === 'thinking' || entry.block.type === 'redacted_thinking';
			return {
				...path,
				isRefused: false,
				flight: {
					messageId: entry.messageId,
					all: addAmounts(flight?.all ?? nothing, amounts),
					withoutThinking: addAmounts(flight?.withoutThinking ?? nothing, isThinking ? nothing : amounts),
					hasHiddenThinking: (flight?.hasHiddenThinking ?? false) || (isThinking && amounts.every((one) => one === 0)),
				},
			};
		}
		case 'assistantEnded':
			return afterReply(path, entry);
		case 'interrupted':
		case 'turnEnded':
			return landed(path);
		default:
			return path;
	}
}

/** From here on the context is what stood before the range, the summary, and what was kept behind the range. */
function compacted(state: Growing, path: PathSums, entry: EntryOf<'compaction'>): PathSums {
	const { after } = entry.replaces;
	const before = (after === null ? undefined : state.sums.get(after)) ?? root;
	const pace = paceOf(path, prefixTokens(state.learning, path.prefix) ?? 0);
	const way = wayTo(state, path.parent);
	const counted = way.slice(0, way.findIndex(({ id }) => id === after) + 1);
	return {
		...plus(landed(before), summaryDifference(counted, [...way, entry])),
		parent: path.parent,
		id: entry.id,
		prefix: path.prefix,
		lastEnded: path.lastEnded,
		earlierPace: pace,
	};
}

/** What an edit takes away or brings back, which is looked for along the whole way: edits are rare. */
function edited(state: Growing, path: PathSums, entry: EntryOf<'contextEdit'>): PathSums {
	const way = wayTo(state, path.parent);
	const difference = editDifference(
		way,
		activeEdits(way),
		activeEdits([...way, entry]),
		ratiosOf(state.learning, path.prefix?.model),
	);
	return difference ? { ...plus(path, difference), isBaseEdited: true } : path;
}

function plus(path: PathSums, { messages, toolResults, replies }: SentDifference): PathSums {
	return {
		...path,
		added: addAmounts(path.added, addAmounts(addAmounts(messages, toolResults), replies)),
		messages: addAmounts(path.messages, messages),
		toolResults: addAmounts(path.toolResults, toolResults),
		uncountedReplies: addAmounts(path.uncountedReplies, replies),
	};
}

function afterReply(path: PathSums, ended: EntryOf<'assistantEnded'>): PathSums {
	const isReplayed = ended.stopReason !== 'refusal';
	const inputTokens = totalInputTokens(ended.usage);
	if (inputTokens === 0) {
		// A server that does not count: go on estimating.
		const reply = isReplayed ? (path.flight?.all ?? nothing) : nothing;
		return {
			...path,
			lastEnded: ended,
			isRefused: !isReplayed,
			flight: undefined,
			added: addAmounts(path.added, reply),
			uncountedReplies: addAmounts(path.uncountedReplies, reply),
		};
	}
	const replyTokens = isReplayed ? ended.usage.outputTokens : 0;
	return {
		...path,
		lastEnded: ended,
		base: { inputTokens, replyTokens, prefix: path.prefix, model: path.prefix?.model },
		added: nothing,
		isBaseEdited: false,
		flight: undefined,
		isRefused: !isReplayed,
		replyTokens: path.replyTokens + replyTokens,
	};
}

/** A reply without an end, after which the conversation went on, keeps everything but its thinking. */
function landed(path: PathSums): PathSums {
	if (!path.flight) return path;
	return {
		...path,
		flight: undefined,
		added: addAmounts(path.added, path.flight.withoutThinking),
		uncountedReplies: addAmounts(path.uncountedReplies, path.flight.withoutThinking),
	};
}

function turnStarts(path: PathSums): TurnStart | undefined {
	if (!path.base) return path.turnStarts;
	const tokens = path.base.inputTokens + path.base.replyTokens;
	return path.turnStarts?.tokens === tokens ? path.turnStarts : { tokens, previous: path.turnStarts };
}

/** Turns whose growth is averaged: enough to smooth one long turn, few enough to follow a change of pace. */
const PACE_TURNS = 5;

/** Tokens that a turn added on average, of the last turns that had a reply; undefined before the first. */
export function paceOf(path: PathSums, prefixTokens: number): number | undefined {
	if (!path.base) return path.earlierPace;
	const now = path.base.inputTokens + path.base.replyTokens;
	let start = path.turnStarts;
	if (start?.tokens === now) start = start.previous;
	if (!start && path.earlierPace !== undefined) return path.earlierPace;
	// The first turn brought the prefix too, which does not grow.
	let startTokens = prefixTokens;
	let turns = 1;
	for (; start; start = start.previous) {
		startTokens = start.tokens;
		if (turns === PACE_TURNS || !start.previous) break;
		turns++;
	}
	return Math.max(1, (now - startTokens) / turns);
}

/** The endpoint counted the request at an entry: from there on that is what is exact. */
function countedAt(state: Growing, { parentId, tokens, model }: EntryOf<'count'>): void {
	const path = parentId === null ? state.root : state.sums.get(parentId);
	// Of a reply that has no end it is not said how much of it was counted.
	if (!path || path.flight) return;
	const prefix = state.prefixes.get(parentId) ?? path.prefix;
	learnInput(state.learning, { ...path, prefix }, tokens, model);
	const counted: PathSums = {
		...path,
		base: { inputTokens: tokens, replyTokens: 0, prefix, model },
		added: nothing,
		isBaseEdited: false,
	};
	if (parentId === null) state.root = counted;
	else state.sums.set(parentId, counted);
}

/** What this reply's counts say about the content that is new since the request before it. */
function learn(learning: TokenLearning, path: PathSums, ended: EntryOf<'assistantEnded'>): void {
	const inputTokens = totalInputTokens(ended.usage);
	if (inputTokens === 0) return;
	const model = path.prefix?.model ?? ended.model;
	learnInput(learning, path, inputTokens, model);
	if (path.flight && !path.flight.hasHiddenThinking)
		learnReply(learning, path.flight.all, ended.usage.outputTokens, model);
}
