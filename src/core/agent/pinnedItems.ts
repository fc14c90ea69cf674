/**
 * What the user pinned in the part that a compaction replaces, as it stands beside the summary: word for word, and the same bytes however many
 * compactions follow, since what came back with one is carried to the next as it is. Pure.
 */
import { cutText } from '../../base/text.ts';
import { type ActiveEdits, activeEdits, type ContextRef } from '../context/contextEdits.ts';
import { activeCompactions } from '../session/compaction.ts';
import { isBlobRef, isTextBlock, isToolUseBlock, type StoredInputBlock } from '../session/content.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';

type Restored = EntryFields<'compaction'>['restored'];

const WHAT = 'pin';
const MAX_INPUT_CHARS = 300;

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
		found.push({ position, items: carriedItems(branch, entry, edits) });
	branch.forEach((entry, position) => {
		if (position < start || position >= end || entry.type === 'compaction') return;
		for (const ref of edits.pins)
			if (ref.entry === entry.id) found.push({ position, items: itemsOf(branch, entry, ref, edits) });
	});
	const restored = found.toSorted((left, right) => left.position - right.position).flatMap(({ items }) => items);
	const pins: ContextRef[] = [];
	for (const { ref } of restored) if (ref && !pins.some((pin) => isSameRef(pin, ref))) pins.push(ref);
	return { restored, pins };
}

/** What is pinned of an earlier compaction: what it had pinned already, but for what was unpinned or dropped since, and what was pinned in it. */
function carriedItems(branch: readonly Entry[], entry: EntryOf<'compaction'>, edits: ActiveEdits): Restored {
	const whole = { entry: entry.id };
	const summary: Restored = edits.isPinned(whole)
		? [
				{
					what: WHAT,
					ref: whole,
					content: textItem(`A summary of earlier:\n${edits.replacementOf(whole)?.text ?? entry.summary}`),
				},
			]
		: [];
	const items = entry.restored.flatMap((item, block): Restored => {
		const ref = { entry: entry.id, block };
		const isWanted = item.what === WHAT ? !isUnpinned(branch, ref) : edits.isPinned(ref);
		const replacement = edits.replacementOf(ref);
		if (!isWanted || replacement?.state === 'dropped') return [];
		const content = replacement?.text === undefined ? item.content : textItem(replacement.text);
		return [{ what: WHAT, content, ref: item.ref ?? ref }];
	});
	return [...summary, ...items];
}

function isUnpinned(branch: readonly Entry[], ref: ContextRef): boolean {
	const ops = branch.flatMap((entry) => (entry.type === 'contextEdit' ? entry.edits : []));
	return ops.findLast((edit) => isSameRef(edit.ref, ref) && (edit.op === 'pin' || edit.op === 'unpin'))?.op === 'unpin';
}

function itemsOf(branch: readonly Entry[], entry: Entry, ref: ContextRef, edits: ActiveEdits): Restored {
	const replacement = edits.replacementOf(ref) ?? edits.replacementOf({ entry: ref.entry });
	if (replacement?.state === 'dropped') return [];
	const label = `Pinned by the user, word for word. ${nameOf(branch, entry)}:`;
	const contents = replacement?.text === undefined ? contentsOf(entry, ref) : [textItem(replacement.text)];
	const [first, ...rest] = contents;
	if (!first) return [];
	// A text that stands here takes its name along; what is stored elsewhere cannot.
	const named: readonly StoredInputBlock[] =
		!isBlobRef(first) && isTextBlock(first)
			? [textItem(`${label}\n${first.text}`), ...rest]
			: [textItem(label), first, ...rest];
	return named.map((content) => ({ what: WHAT, content, ref }));
}

function contentsOf(entry: Entry, { block }: ContextRef): readonly StoredInputBlock[] {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'toolResult':
			return block === undefined ? entry.content : entry.content.slice(block, block + 1);
		case 'reminder':
			return [textItem(entry.text)];
		case 'assistant':
			return isTextBlock(entry.block) ? [textItem(entry.block.text)] : [];
		default:
			return [];
	}
}

function nameOf(branch: readonly Entry[], entry: Entry): string {
	switch (entry.type) {
		case 'user':
			return 'The user’s message';
		case 'attachment':
			return `The attachment ${cutText(entry.name, MAX_INPUT_CHARS)}`;
		case 'assistant':
			return 'Your reply';
		case 'toolResult': {
			const call = branch.findLast(
				(one) => one.type === 'assistant' && isToolUseBlock(one.block) && one.block.id === entry.toolUseId,
			);
			if (call?.type !== 'assistant' || !isToolUseBlock(call.block)) return 'A result';
			return `What ${call.block.name} ${cutText(JSON.stringify(call.block.input) ?? '', MAX_INPUT_CHARS)} gave`;
		}
		default:
			return 'A note';
	}
}

const textItem = (text: string): StoredInputBlock => ({ type: 'text', text });

const isSameRef = (left: ContextRef, right: ContextRef): boolean =>
	left.entry === right.entry && left.block === right.block;
