/** What one side of a comparison took: messages, calls, tokens and money between two entries of a way. Pure. */
import type { EntryId } from '../../base/ids.ts';
import type { SessionBranches } from './branchReader.ts';
import { totalInputTokens } from './content.ts';

export type BranchAmounts = {
	readonly prompts: number;
	readonly replies: number;
	readonly toolCalls: number;
	/** Sent and received, over all requests. */
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly costUsd: number;
};

/** The conversation entries after `point` (null = from the start) on the way to `end`. */
export function entriesAfter(
	branches: SessionBranches,
	point: EntryId | null,
	end: EntryId | null,
): readonly EntryId[] {
	const path = branches.tree.pathTo(end);
	return point === null ? path : path.slice(path.indexOf(point) + 1);
}

export function amountsOf({ outline, details }: SessionBranches, ids: readonly EntryId[]): BranchAmounts {
	const wanted = new Set(ids);
	const amounts = { prompts: 0, replies: 0, toolCalls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 };
	let before = '';
	for (const id of ids) {
		const type = outline.byId.get(id)?.type ?? '';
		if (type === 'user') amounts.prompts++;
		else if (type === 'assistant' && before !== 'assistant') amounts.replies++;
		else if (type === 'toolResult') amounts.toolCalls++;
		before = type;
	}
	for (const detail of details) {
		if (detail.type !== 'assistantEnded' || !wanted.has(detail.id)) continue;
		amounts.inputTokens += totalInputTokens(detail.usage);
		amounts.outputTokens += detail.usage.outputTokens;
		amounts.costUsd += detail.costUsd ?? 0;
	}
	return amounts;
}
