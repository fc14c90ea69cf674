/**
 * What the user pinned in the part that a compaction replaces, as it stands beside the summary: word for word, and the same bytes however many
 * compactions follow, since what came back with one is carried to the next as it is. Pure.
 */
import { type ActiveEdits, activeEdits, type ContextRef, isSameRef } from '../context/contextEdits.ts';
import { activeCompactions } from '../session/compaction.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';
import { textBlock, wordForWord } from './wordForWord.ts';

type Restored = EntryFields<'compaction'>['restored'];

const WHAT = 'pin';

/** Of the positions `[start, end)` of `branch`, in the order of the conversation. */
export function pinnedItems(
	branch: readonly Entry[],
	start: number,
	end: number,
): { readonly restored: Restored; readonly pins: ContextRef[] } {
	const edits = activeEdits(branch);
	const takenIn = new Map(
		activeCompactions(branch)
			.filter((one) => start <= one.start && one.end <= end)
			.map((one) => [one.entry.id, one] as const),
	);
	const found: { readonly position: number; readonly items: Restored }[] = [];
	for (const { entry, start: position } of takenIn.values())
		found.push({ position, items: carriedItems(entry, edits) });
	branch.forEach((entry, position) => {
		if (position < start || position >= end || entry.type === 'compaction') return;
		for (const ref of edits.pins)
			if (ref.entry === entry.id) found.push({ position, items: pinned(branch, entry, ref, edits) });
	});
	const restored = found.toSorted((left, right) => left.position - right.position).flatMap(({ items }) => items);
	const pins: ContextRef[] = [];
	for (const { ref } of restored) if (ref && !pins.some((pin) => isSameRef(pin, ref))) pins.push(ref);
	return { restored, pins };
}

/** What is pinned of an earlier compaction: what it had pinned already, but for what was unpinned or dropped since, and what was pinned in it. */
function carriedItems(entry: EntryOf<'compaction'>, edits: ActiveEdits): Restored {
	const whole = { entry: entry.id };
	const summary: Restored = edits.isPinned(whole)
		? [
				{
					what: WHAT,
					ref: whole,
					content: textBlock(`A summary of earlier:\n${edits.replacementOf(whole)?.text ?? entry.summary}`),
				},
			]
		: [];
	const items = entry.restored.flatMap((item, index): Restored => {
		// The summary is the first block of what is sent.
		const ref = { entry: entry.id, block: index + 1 };
		const replacement = edits.replacementOf(ref);
		if (!edits.isPinned(ref) || replacement?.state === 'dropped') return [];
		const content = replacement?.text === undefined ? item.content : textBlock(replacement.text);
		return [{ what: WHAT, content, ref: item.ref ?? ref }];
	});
	return [...summary, ...items];
}

const pinned = (branch: readonly Entry[], entry: Entry, ref: ContextRef, edits: ActiveEdits): Restored =>
	wordForWord(branch, entry, ref, edits, 'Pinned by the user, word for word. ').map((content) => ({
		what: WHAT,
		content,
		ref,
	}));
