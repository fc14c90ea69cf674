/** A part of the conversation as blocks that stand beside a summary: a name for it, and its content as it is sent. Pure. */
import { cutText } from '../../base/text.ts';
import type { ActiveEdits, ContextRef } from '../context/contextEdits.ts';
import { isBlobRef, isTextBlock, isToolUseBlock, type StoredInputBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';

const MAX_NAME_CHARS = 300;

/** No blocks when it was dropped or holds nothing. `branch` is where the call of a result is looked for. */
export function wordForWord(
	branch: readonly Entry[],
	entry: Entry,
	ref: ContextRef,
	edits: ActiveEdits,
	prefix = '',
): readonly StoredInputBlock[] {
	const replacement = edits.replacementOf(ref) ?? edits.replacementOf({ entry: ref.entry });
	if (replacement?.state === 'dropped') return [];
	const label = `${prefix}${nameOf(branch, entry)}:`;
	const contents = replacement?.text === undefined ? contentsOf(entry, ref) : [textBlock(replacement.text)];
	const [first, ...rest] = contents;
	if (!first) return [];
	// A text that stands here takes its name along; what is stored elsewhere cannot.
	return !isBlobRef(first) && isTextBlock(first)
		? [textBlock(`${label}\n${first.text}`), ...rest]
		: [textBlock(label), first, ...rest];
}

export const textBlock = (text: string): StoredInputBlock => ({ type: 'text', text });

function contentsOf(entry: Entry, { block }: ContextRef): readonly StoredInputBlock[] {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'toolResult':
			return block === undefined ? entry.content : entry.content.slice(block, block + 1);
		case 'reminder':
			return [textBlock(entry.text)];
		case 'assistant':
			return isTextBlock(entry.block) ? [textBlock(entry.block.text)] : [];
		default:
			return [];
	}
}

function nameOf(branch: readonly Entry[], entry: Entry): string {
	switch (entry.type) {
		case 'user':
			return 'The user’s message';
		case 'attachment':
			return `The attachment ${cutText(entry.name, MAX_NAME_CHARS)}`;
		case 'assistant':
			return 'Your reply';
		case 'toolResult': {
			const call = branch.findLast(
				(one) => one.type === 'assistant' && isToolUseBlock(one.block) && one.block.id === entry.toolUseId,
			);
			if (call?.type !== 'assistant' || !isToolUseBlock(call.block)) return 'A result';
			return `What ${call.block.name} ${cutText(JSON.stringify(call.block.input) ?? '', MAX_NAME_CHARS)} gave`;
		}
		default:
			return 'A note';
	}
}
