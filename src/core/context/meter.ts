/**
 * How full the context window will be with the next request: exact up to the newest reply of the branch, estimated for what came
 * after it at this session's learned ratios. Pure; cheap enough to call after every entry. Asks no endpoint: see `countDue`.
 */
import type { EntryId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import type { ModelInfo } from '../model/modelPort.ts';
import type { BranchLinks } from '../session/branch.ts';
import { totalInputTokens } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { type MeterIndex, meterIndex, type PathSums, paceOf } from './meterIndex.ts';
import type { PrefixTexts } from './prefix.ts';
import { addAmounts, amountOf, noAmounts, type TokenRatios, tokensOf } from './tokenRatios.ts';

type ContextLayer = 'tools' | 'system' | 'context' | 'messages' | 'toolResults' | 'reply';

/** All counts are tokens. */
export type ContextMeasure = {
	/** Of the next request, without a prompt that is still being typed. */
	readonly usedTokens: number;
	readonly maxTokens: number;
	/** Where compaction would start. */
	readonly triggerTokens: number;
	/** Where the context-rot zone starts; at or above `maxTokens` = no zone. */
	readonly rotTokens: number;
	/** The part of `usedTokens` that no endpoint reported. */
	readonly estimatedTokens: number;
	/** Always the same six, in the order in which they are sent; their tokens add up to `usedTokens`. */
	readonly layers: readonly { readonly layer: ContextLayer; readonly label: string; readonly tokens: number }[];
	readonly costUsd: number;
	/** Share of the last request's input that was read from the cache, 0 to 1; null before the first reply. */
	readonly cacheShare: number | null;
	/** Turns until the trigger at the pace of the last ones; null when unknown. */
	readonly turnsLeft: number | null;
};

export type MeterInput = {
	/** All entries of the session, in file order; best the session's own growing array. */
	readonly entries: readonly Entry[];
	readonly leaf: EntryId | null;
	/** Where the way goes on above entries that are not loaded. */
	readonly links?: BranchLinks;
	/** The session's newest prefix, which may count although what it hangs on is not loaded. */
	readonly newestPrefix?: EntryOf<'prefix'>;
	/** What a prefix would hold if it were frozen now, for a session that has none (or one of another model). */
	readonly draftPrefix?: PrefixTexts;
	readonly modelInfo: ModelInfo;
	/** The user's own figure for the window; null = what is known about the model. */
	readonly windowOverride?: number | null;
	readonly rotTokens: number;
	/** What the endpoint counted for the request at `leaf` (`buildContext` with `isMeasuring`). */
	readonly counted?: { readonly leaf: EntryId | null; readonly tokens: number };
};

/** Room for the reply that compaction itself makes; a model that cannot write as much needs less. */
const OUTPUT_RESERVE_TOKENS = 20_000;
/** Room for what one step may add after the meter was read. */
const SAFETY_MARGIN_TOKENS = 13_000;
/** A small window of a local model would have no room for anything else. */
const MAX_RESERVE_SHARE = 0.5;
/** Less than this is not seen on a meter. */
const WORTH_COUNTING_SHARE = 0.02;

export function measureContext(input: MeterInput): ContextMeasure {
	const index = meterIndex(input.entries, input.links);
	const path = index.at(input.leaf);
	const ratios = index.ratiosOf(input.modelInfo.id);
	const frozen = index.prefixAt(input.leaf) ?? input.newestPrefix;
	const prefix = prefixBytes(input, frozen);
	const prefixTokens = tokensOfPrefix(input, index, frozen, ratios);
	const { usedTokens, exactTokens } = used(input, index, path, prefix, prefixTokens);
	const pace = paceOf(path, prefixTokens);
	const maxTokens = input.windowOverride ?? input.modelInfo.windowTokens;
	const reserve = Math.min(OUTPUT_RESERVE_TOKENS, input.modelInfo.maxOutputTokens) + SAFETY_MARGIN_TOKENS;
	const triggerTokens = maxTokens - Math.min(reserve, Math.round(maxTokens * MAX_RESERVE_SHARE));
	return {
		usedTokens,
		maxTokens,
		triggerTokens,
		rotTokens: input.rotTokens,
		estimatedTokens: Math.max(0, usedTokens - exactTokens),
		layers: layers(usedTokens, path, prefix, ratios),
		costUsd: index.costUsd,
		cacheShare: cacheShare(path.lastEnded),
		turnsLeft: pace === undefined ? null : Math.max(0, Math.floor((triggerTokens - usedTokens) / pace)),
	};
}

/**
 * Whether it is worth asking the endpoint to count: `soon` when nothing of the request at the leaf was counted as it would be sent (after a
 * summary, an edit, a change of model), `idle` when much came after what was; undefined otherwise. The caller asks once per leaf (an
 * endpoint may not be able to), and appends the answer as a `count` entry or passes it as `counted`.
 */
export function countDue(input: MeterInput): 'soon' | 'idle' | undefined {
	const path = meterIndex(input.entries, input.links).at(input.leaf);
	// Of a reply that is cut off it is not said what becomes of it.
	if (path.flight || countedSums(input, path)) return undefined;
	const { layers: shown, usedTokens, estimatedTokens } = measureContext(input);
	if (!path.base) {
		const hasMessages = shown.some(
			({ layer, tokens }) => (layer === 'messages' || layer === 'toolResults') && tokens > 0,
		);
		return hasMessages ? 'soon' : undefined;
	}
	if (path.isBaseEdited || !isOfModel(path, input.modelInfo.id)) return 'soon';
	return estimatedTokens > WORTH_COUNTING_SHARE * usedTokens ? 'idle' : undefined;
}

type PrefixBytes = {
	readonly tools: number;
	readonly system: number;
	readonly context: number;
	readonly total: number;
};

function prefixBytes(input: MeterInput, frozen: EntryOf<'prefix'> | undefined): PrefixBytes {
	if (input.draftPrefix && frozen?.model !== input.modelInfo.id) {
		const { tools, system, context } = input.draftPrefix;
		return bytesOf(utf8Length(tools), utf8Length(system), utf8Length(context));
	}
	return frozenBytes(frozen);
}

function frozenBytes(frozen: EntryOf<'prefix'> | undefined): PrefixBytes {
	return frozen ? bytesOf(frozen.tools.size, frozen.system.size, frozen.context.size) : bytesOf(0, 0, 0);
}

function bytesOf(tools: number, system: number, context: number): PrefixBytes {
	return { tools, system, context, total: tools + system + context };
}

function used(
	input: MeterInput,
	index: MeterIndex,
	path: PathSums,
	prefix: PrefixBytes,
	prefixTokens: number,
): { readonly usedTokens: number; readonly exactTokens: number } {
	const ratios = index.ratiosOf(input.modelInfo.id);
	const addedTokens = tokensOf(pending(path), ratios);
	const { base } = path;
	const counted = countedSums(input, path);
	if (counted && input.counted) {
		const since = addedTokens - tokensOf(pending(counted), ratios);
		return { usedTokens: Math.max(0, Math.round(input.counted.tokens + since)), exactTokens: input.counted.tokens };
	}
	if (!base) return { usedTokens: Math.max(0, Math.round(prefixTokens + addedTokens)), exactTokens: 0 };
	// With another prefix since (a change of model, or of memory at a summary), the exact part is that of the old one.
	const grownBytes = prefix.total - frozenBytes(base.prefix).total;
	const grownTokens = base.prefix
		? Math.sign(grownBytes) * tokensOf(amountOf('prefix', Math.abs(grownBytes)), ratios)
		: 0;
	const countedTokens = base.inputTokens + base.replyTokens;
	const isExact = isOfModel(path, input.modelInfo.id);
	const baseTokens = isExact
		? countedTokens
		: countedTokens * density(path, prefix, ratios, index.ratiosOf(base.model));
	const usedTokens = Math.max(0, Math.round(baseTokens + grownTokens + addedTokens));
	return { usedTokens, exactTokens: isExact ? Math.min(usedTokens, countedTokens) : 0 };
}

/** Whether what was counted last was counted by the tokenizer that counts next. */
const isOfModel = ({ base }: PathSums, model: string): boolean => base?.model === undefined || base.model === model;

/** How many tokens of one model's are one of another's, for the content at hand, as far as both are known. */
function density(path: PathSums, prefix: PrefixBytes, now: TokenRatios, before: TokenRatios): number {
	const sent = addAmounts(addAmounts(path.messages, path.toolResults), amountOf('prefix', prefix.total));
	const tokens = tokensOf(sent, before);
	return tokens > 0 ? tokensOf(sent, now) / tokens : 1;
}

/** A prefix that was sent is known from what was counted then; another one by its size, compared with that. */
function tokensOfPrefix(
	input: MeterInput,
	index: MeterIndex,
	frozen: EntryOf<'prefix'> | undefined,
	ratios: TokenRatios,
): number {
	const bytes = prefixBytes(input, frozen).total;
	const known = frozen?.model === input.modelInfo.id ? index.prefixTokens(frozen) : undefined;
	return known ?? tokensOf(amountOf('prefix', bytes), ratios);
}

/** What came after the newest reply, blocks that are arriving now included. */
const pending = (path: PathSums) => addAmounts(path.added, path.flight?.all ?? noAmounts());

/** The sums at the counted leaf, when it is on this path and no reply was counted after it. */
function countedSums(input: MeterInput, path: PathSums): PathSums | undefined {
	if (!input.counted) return undefined;
	for (let at: PathSums | undefined = path; at; at = at.parent) {
		if (at.base !== path.base) return undefined;
		if (at.id === input.counted.leaf) return at;
	}
	return undefined;
}

function layers(
	usedTokens: number,
	path: PathSums,
	prefix: PrefixBytes,
	ratios: TokenRatios,
): ContextMeasure['layers'] {
	const bytes = (count: number) => tokensOf(amountOf('prefix', count), ratios);
	const flight = path.flight ? tokensOf(path.flight.all, ratios) : 0;
	const estimates: readonly (readonly [ContextLayer, string, number])[] = [
		['tools', 'Tools', bytes(prefix.tools)],
		['system', 'System prompt', bytes(prefix.system)],
		['context', 'Project context', bytes(prefix.context)],
		['messages', 'Messages', tokensOf(path.messages, ratios)],
		['toolResults', 'Tool results', tokensOf(path.toolResults, ratios)],
		['reply', 'Replies', path.replyTokens + tokensOf(path.uncountedReplies, ratios) + flight],
	];
	const shares = shareOut(
		usedTokens,
		// Edits may take more from a layer than it was estimated at.
		estimates.map(([, , tokens]) => Math.max(0, tokens)),
	);
	return estimates.map(([layer, label], index) => ({ layer, label, tokens: shares[index] ?? 0 }));
}

/** Whole numbers in proportion to `weights` that add up to `total` exactly: the largest remainders are rounded up. */
function shareOut(total: number, weights: readonly number[]): readonly number[] {
	const sum = weights.reduce((a, b) => a + b, 0);
	if (sum <= 0) return weights.map((_, index) => (index === 0 ? total : 0));
	const exact = weights.map((weight) => (total * weight) / sum);
	const shares = exact.map(Math.floor);
	const byRemainder = exact
		.map((value, index) => ({ index, rest: value - Math.floor(value) }))
		.sort((a, b) => b.rest - a.rest);
	let left = total - shares.reduce((a, b) => a + b, 0);
	for (const { index } of byRemainder) {
		if (left <= 0) break;
		shares[index] = (shares[index] ?? 0) + 1;
		left--;
	}
	return shares;
}

function cacheShare(ended: EntryOf<'assistantEnded'> | undefined): number | null {
	const inputTokens = ended ? totalInputTokens(ended.usage) : 0;
	return ended && inputTokens > 0 ? ended.usage.cacheReadTokens / inputTokens : null;
}
