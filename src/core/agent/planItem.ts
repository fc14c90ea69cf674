/**
 * The plan that is being worked on, word for word: the one the user accepted last, or the answer to a newer prompt in plan mode. A plan that
 * came back with an earlier compaction stands until there is a newer one. Pure.
 */
import { activeCompactions, replacedEntries } from '../session/compaction.ts';
import { isBlobRef, isTextBlock, isToolUseBlock } from '../session/content.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';
import { planOutcomeOf, planTool, presentedPlan } from '../tools/plan.ts';

const WHAT = 'plan';

/** Of the positions `[start, end)` of `branch`: one item, or none when there was no plan. */
export function planItem(branch: readonly Entry[], start: number, end: number): EntryFields<'compaction'>['restored'] {
	const gone = replacedEntries(branch);
	const made = newestPlan(branch.slice(start, end).filter(({ id }) => !gone.has(id)));
	if (!made) {
		const takenIn = activeCompactions(branch).filter((one) => start <= one.start && one.end <= end);
		const carried = takenIn.flatMap(({ entry }) => entry.restored.filter(({ what }) => what === WHAT));
		return carried.slice(-1);
	}
	const { entry } = made;
	return [{ what: WHAT, content: { type: 'text', text: `The plan, word for word:\n${made.text}` }, ref: { entry } }];
}

/** Whether the newest turn of `branch` made a plan that nothing was done about yet. */
export function isPlanWaiting(branch: readonly Entry[]): boolean {
	const prompt = branch.findLastIndex(({ type }) => type === 'user');
	if (branch[prompt]?.mode !== 'plan' || newestPlan(branch) === undefined) return false;
	return !presented(branch.slice(prompt)).some(({ outcome }) => outcome === 'accepted');
}

type MadePlan = { readonly text: string; readonly entry: Entry['id'] };

/** The newest plan that the Plan tool presented and the user accepted, or what was answered to a prompt in plan mode after it. */
function newestPlan(branch: readonly Entry[]): MadePlan | undefined {
	const accepted = presented(branch).findLast(({ outcome }) => outcome === 'accepted');
	const prompt = branch.findLastIndex(({ type, mode }) => type === 'user' && mode === 'plan');
	if (prompt < 0 || (accepted && accepted.position > prompt)) return accepted;
	const after = branch.findIndex(({ type }, position) => position > prompt && type === 'user');
	const turn = branch.slice(prompt, after < 0 ? undefined : after);
	return presented(turn).at(-1) ?? answered(turn) ?? accepted;
}

/** What the Plan tool showed, in order. A plan that the user rewrote stands in the result. */
function presented(branch: readonly Entry[]) {
	return branch.flatMap((entry, position) => {
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block) || entry.block.name !== planTool.name) return [];
		const { block } = entry;
		const text = presentedPlan(block.input);
		if (text === undefined) return [];
		const result = branch.find((one) => one.type === 'toolResult' && one.toolUseId === block.id);
		const outcome = result?.type === 'toolResult' ? planOutcomeOf(resultText(result)) : undefined;
		const changed = outcome?.kind === 'accepted' ? outcome.changedPlan : undefined;
		return [{ text: changed ?? text, entry: entry.id, position, outcome: outcome?.kind }];
	});
}

/** What a result begins with: as much of its first block as is at hand. */
export function resultText({ content: [first] }: EntryOf<'toolResult'>): string {
	if (!first) return '';
	if (isBlobRef(first)) return first.head;
	return isTextBlock(first) ? first.text : '';
}

function answered(turn: readonly Entry[]): MadePlan | undefined {
	const last = turn.findLast((entry) => entry.type === 'assistant');
	const blocks = turn.filter(
		(entry) => entry.type === 'assistant' && entry.messageId === last?.messageId && isTextBlock(entry.block),
	);
	const text = blocks
		.map((entry) => (entry.type === 'assistant' && isTextBlock(entry.block) ? entry.block.text : ''))
		.join('\n\n');
	const [first] = blocks;
	return text.trim() === '' || !first ? undefined : { text, entry: first.id };
}
