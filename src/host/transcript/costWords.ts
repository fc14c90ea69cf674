/** What was paid, in words: for a turn and for a session. A price that is not known is never a zero. Pure. */
import { plural } from '../../base/text.ts';
import { isPriceKnown, PRICE_SOURCE, PRICES_AS_OF } from '../../core/model/pricing.ts';
import { totalInputTokens } from '../../core/session/content.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';

/** What some replies cost together. */
export type Cost = {
	readonly replies: number;
	readonly inputTokens: number;
	readonly cacheReadTokens: number;
	/** Of those whose price is known. */
	readonly costUsd: number;
	readonly unpriced: number;
	/** Models whose price is not known. */
	readonly unpricedModels: readonly string[];
};

export const NO_COST: Cost = {
	replies: 0,
	inputTokens: 0,
	cacheReadTokens: 0,
	costUsd: 0,
	unpriced: 0,
	unpricedModels: [],
};

export function withReply(cost: Cost, { model, usage, costUsd }: EntryOf<'assistantEnded'>): Cost {
	const isNew = costUsd === null && !cost.unpricedModels.includes(model);
	return {
		replies: cost.replies + 1,
		inputTokens: cost.inputTokens + totalInputTokens(usage),
		cacheReadTokens: cost.cacheReadTokens + usage.cacheReadTokens,
		costUsd: cost.costUsd + (costUsd ?? 0),
		unpriced: cost.unpriced + (costUsd === null ? 1 : 0),
		unpricedModels: isNew ? [...cost.unpricedModels, model] : cost.unpricedModels,
	};
}

/** The day and the source of the prices. */
export const PRICES = `${PRICE_SOURCE} as of ${PRICES_AS_OF}`;

/** How a turn's cost came about: `$0.0123 for 3 requests, 92 % of the input read from the cache. …` Empty when nothing was asked. */
export function turnCostNote(cost: Cost): string {
	if (cost.replies === 0) return '';
	const parts = [`${plural(cost.replies, 'request')}${shareWords(cost)}.`];
	if (cost.unpriced < cost.replies) parts.push(`$${exact(cost.costUsd)}. ${PRICES}.`);
	if (cost.unpriced > 0) parts.push(`The price of ${cost.unpricedModels.join(' and ')} is not known.`);
	return parts.join(' ');
}

function shareWords({ inputTokens, cacheReadTokens }: Cost): string {
	if (inputTokens === 0) return '';
	return `, ${Math.round((100 * cacheReadTokens) / inputTokens)} % of the input read from the cache`;
}

const exact = (costUsd: number): string => String(Number(costUsd.toPrecision(4)));

export type SessionCost = {
	/** `$0.42`, `$0.42 and more`, `price not known`. */
	readonly costText: string;
	/** The day and the source of the prices, and what is not in the sum. */
	readonly costNote: string;
	/** Share of all input that was read from the cache, 0 to 1; null before the first reply. */
	readonly sessionCacheShare: number | null;
};

/** `costUsd` is that of the whole session, entries that are not loaded included; `model` the one that is asked next. */
export function sessionCost(entries: readonly Entry[], costUsd: number, model: string): SessionCost {
	const cost = costOf(entries);
	const isNextUnpriced = !isPriceKnown(model);
	const notes = [`${PRICES}.`];
	const replies = cost.unpriced === 1 ? '1 reply' : `${cost.unpriced} replies`;
	if (cost.unpriced > 0)
		notes.push(`Without ${replies} of ${cost.unpricedModels.join(' and ')}, whose price is not known.`);
	else if (isNextUnpriced) notes.push(`The price of ${model} is not known.`);
	const isUnknown = costUsd === 0 && (cost.unpriced > 0 || isNextUnpriced);
	const more = cost.unpriced > 0 ? ' and more' : '';
	return {
		costText: isUnknown ? PRICE_NOT_KNOWN : `${shortUsd(costUsd)}${more}`,
		costNote: notes.join(' '),
		sessionCacheShare: cost.inputTokens === 0 ? null : cost.cacheReadTokens / cost.inputTokens,
	};
}

const PRICE_NOT_KNOWN = 'price not known';

function shortUsd(costUsd: number): string {
	return costUsd > 0 && costUsd < 0.005 ? '< $0.01' : `$${costUsd.toFixed(2)}`;
}

/** A session's entries are one growing array: only what was appended since the last call is looked at. */
const counted = new WeakMap<
	readonly Entry[],
	{ readonly length: number; readonly first: Entry | undefined; readonly cost: Cost }
>();

function costOf(entries: readonly Entry[]): Cost {
	const known = counted.get(entries);
	const isSame = known && known.length <= entries.length && known.first === entries[0];
	let cost = isSame ? known.cost : NO_COST;
	for (let index = isSame ? known.length : 0; index < entries.length; index++) {
		const entry = entries[index];
		if (entry?.type === 'assistantEnded') cost = withReply(cost, entry);
	}
	counted.set(entries, { length: entries.length, first: entries[0], cost });
	return cost;
}
