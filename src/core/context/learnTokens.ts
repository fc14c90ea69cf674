/**
 * What a session learned about tokens from each request that the endpoint counted: the ratios of each model's tokenizer, and what a prefix
 * comes to by itself. The fit is `tokenRatios.ts`; what was sent when is `meterIndex.ts`.
 */
import type { EntryId } from '../../base/ids.ts';
import type { EntryOf } from '../session/entry.ts';
import {
	type Amounts,
	addAmounts,
	amountOf,
	type Evidence,
	noEvidence,
	observe,
	ratiosFrom,
	type TokenRatios,
	tokensOf,
} from './tokenRatios.ts';

/** The newest request on a path that the endpoint counted, with a reply or without. */
export type CountedBase = {
	readonly inputTokens: number;
	/** What the reply adds to the next request; 0 when it was refused, or when there was none. */
	readonly replyTokens: number;
	readonly prefix: EntryOf<'prefix'> | undefined;
	/** Whose tokens these are; undefined when no prefix says it. */
	readonly model: string | undefined;
};

/** What a request was made of, as far as it is known. */
export type SentSince = {
	readonly base: CountedBase | undefined;
	readonly prefix: EntryOf<'prefix'> | undefined;
	readonly added: Amounts;
	/** Something before `base` was changed since, so that its count says little about what was added. */
	readonly isBaseEdited: boolean;
};

/** A request that was counted from its start, by what it had besides its prefix. */
type CountedStart = { readonly inputTokens: number; readonly besides: Amounts };

export type TokenLearning = {
	/** By model; all of it together under `undefined`. */
	readonly evidence: Map<string | undefined, Evidence>;
	readonly ratios: Map<string | undefined, TokenRatios>;
	readonly starts: Map<EntryId, CountedStart>;
	newestModel: string | undefined;
};

/** A reply costs a few tokens besides its text, which would make short ones look expensive. */
const REPLY_OVERHEAD_TOKENS = 8;

export const nothingLearned = (): TokenLearning => ({
	evidence: new Map(),
	ratios: new Map(),
	starts: new Map(),
	newestModel: undefined,
});

/** Of the tokenizer of this model; of all that were used, as long as it was not. */
export function ratiosOf(learning: TokenLearning, model: string | undefined): TokenRatios {
	const of = learning.evidence.has(model) ? model : undefined;
	let ratios = learning.ratios.get(of);
	if (!ratios) {
		ratios = ratiosFrom(learning.evidence.get(of) ?? noEvidence());
		learning.ratios.set(of, ratios);
	}
	return ratios;
}

/** What a prefix alone comes to: what is left of a counted request that had little besides. Undefined when none was counted. */
export function prefixTokens(learning: TokenLearning, prefix: EntryOf<'prefix'> | undefined): number | undefined {
	const start = prefix && learning.starts.get(prefix.id);
	if (!start) return undefined;
	return Math.max(0, start.inputTokens - tokensOf(start.besides, ratiosOf(learning, prefix.model)));
}

/** What the count of a whole request says about what is new in it since the one before. */
export function learnInput(learning: TokenLearning, sent: SentSince, inputTokens: number, model: string): void {
	const { base, prefix, added } = sent;
	if (base) {
		const grownTokens = inputTokens - base.inputTokens;
		const isSameTokenizer = base.model === undefined || base.model === model;
		if (!sent.isBaseEdited && base.prefix === prefix && isSameTokenizer && grownTokens > 0)
			note(learning, model, addAmounts(added, amountOf('reply', base.replyTokens)), grownTokens);
	} else if (prefix) {
		const { tools, system, context } = prefix;
		note(learning, model, addAmounts(added, amountOf('prefix', tools.size + system.size + context.size)), inputTokens);
		const known = learning.starts.get(prefix.id);
		if (prefix.model === model && (!known || inputTokens < known.inputTokens))
			learning.starts.set(prefix.id, { inputTokens, besides: added });
	}
}

/** What the count of a reply says about its blocks. */
export function learnReply(learning: TokenLearning, blocks: Amounts, outputTokens: number, model: string): void {
	if (outputTokens > 0) note(learning, model, blocks, outputTokens, REPLY_OVERHEAD_TOKENS);
}

function note(learning: TokenLearning, model: string, amounts: Amounts, tokens: number, noiseTokens?: number): void {
	for (const key of [model, undefined]) {
		const evidence = learning.evidence.get(key) ?? noEvidence();
		learning.evidence.set(key, evidence);
		observe(evidence, amounts, tokens, noiseTokens);
	}
	learning.ratios.clear();
	learning.newestModel = model;
}
