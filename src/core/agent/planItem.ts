/**
 * The plan that is being worked on, word for word: the answer to the newest prompt that was sent in plan mode. A plan that came back with an
 * earlier compaction stands until there is a newer one. Pure.
 */
import { activeCompactions } from '../session/compaction.ts';
import { isTextBlock } from '../session/content.ts';
import type { Entry, EntryFields } from '../session/entry.ts';

const WHAT = 'plan';

/** One item, or none when there was no plan in `replaced`. */
export function planItem(replaced: readonly Entry[]): EntryFields<'compaction'>['restored'] {
	const made = newestPlan(replaced);
	const earlier = activeCompactions(replaced)
		.toSorted((left, right) => right.position - left.position)
		.flatMap(({ entry, position }) => entry.restored.map((item) => ({ item, position })))
		.find(({ item }) => item.what === WHAT);
	if (earlier && (!made || earlier.position > made.position)) return [earlier.item];
	if (!made) return [];
	const { entry } = made;
	return [{ what: WHAT, content: { type: 'text', text: `The plan, word for word:\n${made.text}` }, ref: { entry } }];
}

/** Whether the newest turn of `branch` made a plan that nothing was done about yet. */
export const isPlanWaiting = (branch: readonly Entry[]): boolean =>
	branch.findLast(({ type }) => type === 'user')?.mode === 'plan' && newestPlan(branch) !== undefined;

function newestPlan(
	branch: readonly Entry[],
): { readonly text: string; readonly position: number; readonly entry: Entry['id'] } | undefined {
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
	return text.trim() === '' || !first ? undefined : { text, position: prompt, entry: first.id };
}
