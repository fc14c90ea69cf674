/** To which turn a change belongs: the prompt before its operation. Pure. */
import type { EntryId } from '../../base/ids.ts';
import { isBlobRef, isTextBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';

export type ReviewTurn = {
	readonly prompt: EntryId;
	/** 1-based, over all prompts of the log. */
	readonly number: number;
	/** The first line of the prompt. */
	readonly title: string;
};

/** By epoch. `entries` hold the prompts and the operations, in file order. */
export function readTurns(entries: readonly Entry[]): ReadonlyMap<number, ReviewTurn> {
	const turns = new Map<number, ReviewTurn>();
	let current: ReviewTurn | undefined;
	let number = 0;
	for (const entry of entries) {
		if (entry.type === 'user') {
			const text = entry.content
				.flatMap((block) => (!isBlobRef(block) && isTextBlock(block) ? [block.text] : []))
				.join('\n');
			current = { prompt: entry.id, number: ++number, title: text.trim().split('\n')[0] ?? '' };
		}
		if (entry.type === 'fileOperation' && current) turns.set(entry.epoch, current);
	}
	return turns;
}
