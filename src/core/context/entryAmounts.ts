/** How much content an entry brings into the context, in the units that token ratios are learned for. Counts each entry once. */
import { utf8Length } from '../../base/text.ts';
import {
	type AssistantBlock,
	isBlobRef,
	isTextBlock,
	isToolUseBlock,
	pictureCount,
	type StoredInputBlock,
} from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import { type ActiveEdits, editedContent, editedReminder, NO_EDITS } from './contextEdits.ts';
import { type Amounts, addAmounts, amountOf, noAmounts } from './tokenRatios.ts';

/** JSON around the text of a block that is stored as a blob: `{"type":"text","text":""}`. */
const TEXT_BLOCK_JSON_BYTES = 25;

/** `<system-reminder></system-reminder>`. As a system message it goes without. */
const REMINDER_TAG_BYTES = 35;

const nothing = noAmounts();
const known = new WeakMap<Entry, Amounts>();

/** What the entry adds when it is part of the context; nothing for types that are not sent. The result must not be changed. */
export function amountsOfEntry(entry: Entry): Amounts {
	let amounts = known.get(entry);
	if (!amounts) {
		amounts = count(entry, NO_EDITS);
		known.set(entry, amounts);
	}
	return amounts;
}

/** The same where edits of the context count: what is folded counts as its replacement, what is dropped counts nothing. */
export function amountsAsEdited(entry: Entry, edits: ActiveEdits): Amounts {
	const isTouched = edits.replaced.has(entry.id) || edits.strippedThinking.has(entry.id);
	return isTouched ? count(entry, edits) : amountsOfEntry(entry);
}

function count(entry: Entry, edits: ActiveEdits): Amounts {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'compaction': {
			const content = editedContent(entry, edits);
			return addAmounts(amountOf('block', content.length), inputAmounts(content, 'userText'));
		}
		case 'toolResult':
			return addAmounts(amountOf('block', 1), inputAmounts(editedContent(entry, edits), 'toolResult'));
		case 'reminder': {
			const text = editedReminder(entry, edits);
			if (text === undefined) return nothing;
			return addAmounts(amountOf('block', 1), amountOf('userText', utf8Length(text) + REMINDER_TAG_BYTES));
		}
		case 'assistant': {
			if (edits.strippedThinking.has(entry.id)) return nothing;
			const folded = edits.replaced.get(entry.id)?.whole?.text;
			return assistantAmounts(folded === undefined ? entry.block : { type: 'text', text: folded });
		}
		default:
			return nothing;
	}
}

function inputAmounts(content: readonly StoredInputBlock[], kind: 'userText' | 'toolResult'): Amounts {
	let bytes = 0;
	let images = 0;
	for (const stored of content) {
		const pictures = pictureCount(stored);
		images += pictures;
		if (pictures > 0) continue;
		if (isBlobRef(stored)) bytes += Math.max(0, stored.size - TEXT_BLOCK_JSON_BYTES);
		else if (isTextBlock(stored)) bytes += utf8Length(stored.text);
	}
	return addAmounts(amountOf(kind, bytes), amountOf('image', images));
}

function assistantAmounts(block: AssistantBlock): Amounts {
	// A blank text is never sent.
	if (isTextBlock(block)) return block.text.trim() === '' ? nothing : amountOf('assistantText', utf8Length(block.text));
	if (isToolUseBlock(block)) {
		return amountOf('toolUse', utf8Length(block.name) + utf8Length(JSON.stringify(block.input) ?? ''));
	}
	if (block.type === 'thinking' || block.type === 'redacted_thinking') {
		const { thinking, data } = block as { thinking?: unknown; data?: unknown };
		const text = typeof thinking === 'string' ? thinking : typeof data === 'string' ? data : '';
		return amountOf('thinking', utf8Length(text));
	}
	return amountOf('assistantText', utf8Length(JSON.stringify(block)));
}
