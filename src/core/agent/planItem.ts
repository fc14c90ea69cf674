/**
 * The plan that is being worked on, word for word: the answer to the newest prompt that was sent in plan mode. A plan that came back with an
 * earlier compaction stands until there is a newer one. Pure.
 */
import { activeCompactions, replacedEntries } from '../session/compaction.ts';
import { isTextBlock } from '../session/content.ts';
import type { Entry, EntryFields } from '../session/entry.ts';

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
export const isPlanWaiting = (branch: readonly Entry[]): boolean =>
	branch.findLast(({ type }) => type === 'user')?.mode === 'plan' && newestPlan(branch) !== undefined;

function newestPlan(branch: readonly Entry[]): { readonly text: string; readonly entry: Entry['id'] } | undefined {
	const prompt = branch.findLastIndex(({ type, mode }) => type === 'user' && mode === 'plan');
	if (prompt < 0) return undefined;
	const after = branch.findIndex(({ type }, position) => position > prompt && type === 'user');
	const turn = branch.slice(prompt, after < 0 ? undefined : after);
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
