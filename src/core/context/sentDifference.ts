/**
 * How much more or less of each kind a conversation sends after an edit of it or after a summary, by what the meter shows apart. Looks at the
 * whole branch, so it is for the rare entries that change what came before them. Pure.
 */
import type { EntryId } from '../../base/ids.ts';
import { isThinkingBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import { type ActiveEdits, activeEdits } from './contextEdits.ts';
import { amountsAsEdited, amountsOfEntry } from './entryAmounts.ts';
import { type SentReply, sentEntries } from './sentEntries.ts';
import { type Amounts, amountOf, noAmounts, type TokenRatios, tokensOf } from './tokenRatios.ts';

export type SentDifference = {
	readonly messages: Amounts;
	readonly toolResults: Amounts;
	readonly replies: Amounts;
};

/** What `now` makes of `branch` instead of `before`; undefined when it is the same. */
export function editDifference(
	branch: readonly Entry[],
	before: ActiveEdits,
	now: ActiveEdits,
	ratios: TokenRatios,
): SentDifference | undefined {
	const touched = touchedBy(before, now);
	let isOther = false;
	const difference = nothing();
	for (const { entry, reply } of sentEntries(branch, before.strippedThinking)) {
		if (!touched.has(entry.id)) continue;
		isOther = true;
		const sum = sumOf(difference, entry);
		if (now.strippedThinking.has(entry.id)) {
			add(sum, thinkingAmounts(entry, reply, ratios), -1);
			continue;
		}
		add(sum, amountsAsEdited(entry, now), 1);
		add(sum, amountsAsEdited(entry, before), -1);
	}
	return isOther ? difference : undefined;
}

/** What `after`, which ends with a compaction, sends besides what `before`, a part of its start, did. */
export function summaryDifference(before: readonly Entry[], after: readonly Entry[]): SentDifference {
	const difference = nothing();
	addAll(difference, after, 1);
	addAll(difference, before, -1);
	return difference;
}

function touchedBy(before: ActiveEdits, now: ActiveEdits): ReadonlySet<EntryId> {
	const touched = new Set<EntryId>([...before.replaced.keys(), ...now.replaced.keys()]);
	const textOf = (edits: ActiveEdits, id: EntryId) => {
		const of = edits.replaced.get(id);
		return of && JSON.stringify([of.whole, ...of.blocks]);
	};
	for (const id of touched) if (textOf(before, id) === textOf(now, id)) touched.delete(id);
	for (const id of now.strippedThinking) if (!before.strippedThinking.has(id)) touched.add(id);
	return touched;
}

/** The endpoint said what the whole reply came to, and its thinking may be shown shortened or not at all. */
function thinkingAmounts(entry: Entry, reply: SentReply | undefined, ratios: TokenRatios): Amounts {
	const own = amountsOfEntry(entry);
	if (reply?.countedTokens === undefined) return own;
	const { thinking, others } = sharesOf(reply, ratios);
	const ownTokens = tokensOf(own, ratios);
	if (thinking > 0) return amountOf('reply', (reply.countedTokens * ownTokens) / (thinking + others));
	const hidden = reply.blocks.filter(({ block }) => isThinkingBlock(block)).length;
	return amountOf('reply', Math.max(0, reply.countedTokens - others) / hidden);
}

function sharesOf(reply: SentReply, ratios: TokenRatios): { readonly thinking: number; readonly others: number } {
	let thinking = 0;
	let others = 0;
	for (const entry of reply.blocks) {
		const tokens = tokensOf(amountsOfEntry(entry), ratios);
		if (isThinkingBlock(entry.block)) thinking += tokens;
		else others += tokens;
	}
	return { thinking, others };
}

function addAll(difference: SentDifference, branch: readonly Entry[], sign: 1 | -1): void {
	const edits = activeEdits(branch);
	for (const { entry, call } of sentEntries(branch, edits.strippedThinking)) {
		if (call) add(difference.replies, amountsOfEntry(call), sign);
		add(sumOf(difference, entry), amountsAsEdited(entry, edits), sign);
	}
}

function sumOf(difference: SentDifference, { type }: Entry): Amounts {
	if (type === 'assistant') return difference.replies;
	return type === 'toolResult' ? difference.toolResults : difference.messages;
}

const nothing = (): SentDifference => ({ messages: noAmounts(), toolResults: noAmounts(), replies: noAmounts() });

/** Changes `sum`. */
function add(sum: Amounts, amounts: Amounts, sign: 1 | -1): void {
	for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + sign * (amounts[index] ?? 0);
}
