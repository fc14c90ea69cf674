/** The line that stands in the place of what is folded or dropped: what it was, and how to get it back. Pure. */

import { isToolUseBlock } from '../session/content.ts';
import type { EntryOf } from '../session/entry.ts';
import { isOnlyImages, labelOfCall, titleOf } from './itemLabels.ts';
import type { SentEntry } from './sentEntries.ts';

/** Tools whose result can be had again by calling them once more. */
const READING: ReadonlySet<string> = new Set(['Read', 'Grep', 'Glob', 'Diagnostics']);
const SHORT_HASH_CHARS = 12;

type Why = 'fold' | 'drop' | 'superseded';

/** Undefined for what leaves no line. */
export function foldNote({ entry, call }: SentEntry, why: Why): string {
	const what = why === 'drop' ? 'was taken out of the context' : 'was folded to make room';
	switch (entry.type) {
		case 'toolResult':
			return resultNote(entry, call, why, what);
		case 'user':
			return `[A message of the user ${what}: ${titleOf(entry)} … Recall finds its words.]`;
		case 'attachment':
			return `[The attachment ${entry.name} ${what}. ${isOnlyImages(entry.content) ? 'The user can attach it again.' : 'Recall finds its words.'}]`;
		case 'compaction':
			return `[A summary of earlier messages ${what}. Recall finds what it was made from.]`;
		case 'reminder':
			return `[A note ${what}.]`;
		default:
			return `[A part of this reply ${what}. Recall finds its words.]`;
	}
}

function resultNote(
	entry: EntryOf<'toolResult'>,
	call: EntryOf<'assistant'> | undefined,
	why: Why,
	what: string,
): string {
	const block = call && isToolUseBlock(call.block) ? call.block : undefined;
	const label = block && call ? labelOfCall(block, call.cwd).label : 'A call';
	const kind = isOnlyImages(entry.content) ? 'image' : entry.isError ? 'error' : 'result';
	const reason = why === 'superseded' ? ', since a later call shows or changed the same' : '';
	const blob = entry.output ?? entry.content.find((one) => '$blob' in one);
	const stored = blob && '$blob' in blob ? ` Stored as ${String(blob.$blob).slice(0, SHORT_HASH_CHARS)}.` : '';
	const back = block && READING.has(block.name) ? 'Call it again for what it gives now.' : 'Recall finds its words.';
	return `[${label}: the ${kind} ${what}${reason}. ${back}${stored}]`;
}
