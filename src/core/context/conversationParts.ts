/**
 * First half of `buildContext`: turns the entries of a branch into what the conversation consists of, with abandoned and refused
 * replies left out, each tool result joined to its call, and the user's edits of the context applied. Knows nothing of API messages or caching.
 */

import { BugError } from '../../base/errors.ts';
import type { EntryId, ToolUseId } from '../../base/ids.ts';
import { activeCompactions, replacedEntries } from '../session/compaction.ts';
import {
	type AssistantBlock,
	assistantBlockSchema,
	type InputBlock,
	inputBlockSchema,
	isBlobRef,
	isTextBlock,
	isThinkingBlock,
	isToolUseBlock,
	type StoredInputBlock,
} from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { outputsIn, withOutputs } from './commandOutputs.ts';
import { type ActiveEdits, activeEdits, editedContent, editedReminder, editedReply } from './contextEdits.ts';
import type { LoadedBlobs } from './loadBlobs.ts';

type ToolAnswer = { readonly isError: boolean; readonly content: readonly InputBlock[] };

export type ConversationPart =
	| {
			readonly kind: 'assistant';
			readonly blocks: readonly AssistantBlock[];
			/** By id of the tool_use block; a call that is still open has none. */
			readonly answers: ReadonlyMap<ToolUseId, ToolAnswer>;
	  }
	/** A prompt or an attachment to it. */
	| { readonly kind: 'prompt'; readonly content: readonly InputBlock[] }
	/** `isOurs`: our own words alone, so that it may go as a system message. */
	| { readonly kind: 'reminder'; readonly text: string; readonly isOurs: boolean }
	/** The turn ended or was interrupted here: what follows is a later request. */
	| { readonly kind: 'turnEnd' };

type PartsOptions = {
	/** A blob that is not loaded is then replaced by its head instead of being a bug. */
	readonly isMeasuring: boolean;
	readonly dropThinking: boolean;
};

/** One reply while its entries are gathered. */
type Draft = {
	readonly kind: 'reply';
	readonly messageId: string;
	readonly entries: EntryOf<'assistant'>[];
	stopReason: string | undefined;
	/** Something of the user's side, or the end of the turn, came after it and before any other reply. */
	isFollowed: boolean;
	/** It was thought on another past than the one that is sent. */
	isUnthinking: boolean;
	readonly answers: Map<ToolUseId, EntryOf<'toolResult'>>;
};

/** A part by the entries it is made of. */
type Gathered =
	| Draft
	| { readonly kind: 'prompt'; readonly entry: EntryOf<'user' | 'attachment' | 'compaction'> }
	| { readonly kind: 'reminder'; readonly entry: EntryOf<'reminder'> }
	| { readonly kind: 'turnEnd' };

/** The parts of `branch` in order. Throws BugError when a blob is not loaded. */
export function conversationParts(
	branch: readonly Entry[],
	blobs: LoadedBlobs,
	options: PartsOptions,
): readonly ConversationPart[] {
	const edits = activeEdits(branch);
	const gathered = gather(branch);
	const outputs = outputsIn(gathered.flatMap((part) => (part.kind === 'prompt' ? [part.entry] : [])));
	/** Outputs that stand in the text of their prompt. */
	const placed = new Set<string>();
	const outputText = (toolUseId: string): string | undefined => {
		const entry = outputs.get(toolUseId);
		if (!entry) return undefined;
		return inputBlocks(entry, blobs, edits, options)
			.flatMap((block) => (isTextBlock(block) ? [block.text] : []))
			.join('\n');
	};
	return gathered.flatMap((part): readonly ConversationPart[] => {
		switch (part.kind) {
			case 'reply': {
				if (!isKept(part)) return [];
				const blocks = editedReply(sentEntriesOf(part, options.dropThinking), edits, canonicalBlock);
				if (blocks.length === 0) return [];
				const answers = [...part.answers].map(([id, entry]): [ToolUseId, ToolAnswer] => {
					return [id, { isError: entry.isError, content: inputBlocks(entry, blobs, edits, options) }];
				});
				return [{ kind: 'assistant', blocks, answers: new Map(answers) }];
			}
			case 'prompt': {
				const { entry } = part;
				if (entry.type === 'attachment' && entry.ran && placed.has(entry.ran.toolUseId)) return [];
				const content = inputBlocks(entry, blobs, edits, options);
				if (entry.type !== 'user' || outputs.size === 0) return [{ kind: 'prompt', content }];
				const filled = withOutputs(entry, content, outputText);
				for (const id of filled.placed) placed.add(id);
				return [{ kind: 'prompt', content: filled.content }];
			}
			case 'reminder': {
				const text = editedReminder(part.entry, edits);
				const isOurs = text === part.entry.text && part.entry.hasOtherWords !== true;
				return text === undefined ? [] : [{ kind: 'reminder', text, isOurs }];
			}
			default:
				return [part];
		}
	});
}

function gather(branch: readonly Entry[]): readonly Gathered[] {
	const parts: Gathered[] = [];
	const drafts = new Map<string, Draft>();
	let last: Draft | undefined;
	/** The newest call with this id that has no answer yet. */
	const openCalls = new Map<ToolUseId, Draft>();
	const compacted = compactedBranch(branch);
	for (const entry of compacted.entries) {
		switch (entry.type) {
			case 'compaction':
				// One message in the place of the range, answered or not: what follows may be a reply.
				parts.push({ kind: 'prompt', entry });
				last = undefined;
				break;
			case 'assistant': {
				let draft = drafts.get(entry.messageId);
				if (!draft) {
					draft = {
						kind: 'reply',
						messageId: entry.messageId,
						entries: [],
						stopReason: undefined,
						isFollowed: false,
						isUnthinking: false,
						answers: new Map(),
					};
					drafts.set(entry.messageId, draft);
					parts.push(draft);
					last = draft;
				}
				draft.entries.push(entry);
				if (compacted.unthinking.has(entry.id)) draft.isUnthinking = true;
				const { block } = entry;
				if (isToolUseBlock(block)) openCalls.set(block.id, draft);
				break;
			}
			case 'assistantEnded': {
				const draft = drafts.get(entry.messageId);
				if (draft) draft.stopReason = entry.stopReason;
				break;
			}
			case 'toolResult': {
				const draft = openCalls.get(entry.toolUseId);
				if (!draft) break;
				openCalls.delete(entry.toolUseId);
				draft.answers.set(entry.toolUseId, entry);
				if (draft === last) draft.isFollowed = true;
				break;
			}
			case 'user':
			case 'attachment':
				parts.push({ kind: 'prompt', entry });
				if (last) last.isFollowed = true;
				break;
			case 'reminder':
				parts.push({ kind: 'reminder', entry });
				break;
			case 'interrupted':
			case 'turnEnded':
				parts.push({ kind: 'turnEnd' });
				if (last) last.isFollowed = true;
				break;
			default:
				break;
		}
	}
	return parts;
}

/**
 * The branch with the compaction entries that count in the place of what they replaced, and the entries that were kept from before the
 * newest one: their thinking is bound to what is gone.
 */
function compactedBranch(branch: readonly Entry[]): {
	readonly entries: readonly Entry[];
	readonly unthinking: ReadonlySet<EntryId>;
} {
	const active = activeCompactions(branch);
	if (active.length === 0)
		return { entries: branch.filter(({ type }) => type !== 'compaction'), unthinking: new Set() };
	const replaced = replacedEntries(branch);
	const entries: Entry[] = [];
	const unthinking = new Set<EntryId>();
	const newest = Math.max(...active.map(({ position }) => position));
	let next = 0;
	branch.forEach((entry, position) => {
		for (let one = active[next]; one && one.start <= position; one = active[++next]) entries.push(one.entry);
		if (replaced.has(entry.id) || entry.type === 'compaction') return;
		const first = active[0];
		if (first && position >= first.start && position < newest) unthinking.add(entry.id);
		entries.push(entry);
	});
	return { entries, unthinking };
}

/**
 * A refused reply is not replayed. A reply without an end is kept only when the turn went on from it: followed by another reply, or
 * by nothing, it is a failed attempt that is being made again, and the request must be the one that was sent the first time.
 */
function isKept(draft: Draft): boolean {
	if (draft.stopReason === undefined) return draft.isFollowed;
	return draft.stopReason !== 'refusal';
}

/** In the order of their blocks, without what is never sent: blank texts, cut calls, and thinking that is not bound to this past. */
function sentEntriesOf(draft: Draft, dropThinking: boolean): readonly EntryOf<'assistant'>[] {
	const hasThinking = draft.stopReason !== undefined && !dropThinking && !draft.isUnthinking;
	return [...draft.entries]
		.sort((a, b) => a.index - b.index)
		.filter(({ block, partial }) => {
			if (isTextBlock(block)) return block.text.trim() !== '';
			return !partial && (hasThinking || !isThinkingBlock(block));
		});
}

// Entries are immutable, so what is made of one is made once.
const assistantBlocks = new WeakMap<Entry, AssistantBlock>();
const inputContents = new WeakMap<Entry, readonly InputBlock[]>();

/**
 * The block with its keys in the order that reading the log gives them, so that a resumed session sends the bytes the live one sent.
 * The SDK's own `parsed_output` is not part of the API.
 */
function canonicalBlock(entry: EntryOf<'assistant'>): AssistantBlock {
	let block = assistantBlocks.get(entry);
	if (!block) {
		const { parsed_output: _, ...sent } = assistantBlockSchema.parse(entry.block) as AssistantBlock &
			Record<string, unknown>;
		block = sent;
		assistantBlocks.set(entry, block);
	}
	return block;
}

function inputBlocks(
	entry: EntryOf<'user' | 'attachment' | 'toolResult' | 'compaction'>,
	blobs: LoadedBlobs,
	edits: ActiveEdits,
	options: PartsOptions,
): readonly InputBlock[] {
	if (edits.replaced.has(entry.id)) return sentBlocks(editedContent(entry, edits), entry, blobs, options);
	const cached = inputContents.get(entry);
	if (cached) return cached;
	const stored = editedContent(entry, edits);
	const blocks = sentBlocks(stored, entry, blobs, options);
	if (stored.every((block) => !isBlobRef(block) || blobs.has(block.$blob))) inputContents.set(entry, blocks);
	return blocks;
}

function sentBlocks(
	stored: readonly StoredInputBlock[],
	entry: Entry,
	blobs: LoadedBlobs,
	options: PartsOptions,
): readonly InputBlock[] {
	const blocks = stored.map((block) => inputBlock(block, blobs, options));
	if (entry.type === 'compaction') return blocks;
	return blocks.filter((block) => !isTextBlock(block) || block.text.trim() !== '');
}

function inputBlock(stored: StoredInputBlock, blobs: LoadedBlobs, options: PartsOptions): InputBlock {
	if (!isBlobRef(stored)) return inputBlockSchema.parse(stored);
	const text = blobs.get(stored.$blob);
	if (text !== undefined) return inputBlockSchema.parse(JSON.parse(text));
	if (options.isMeasuring) return { type: 'text', text: stored.head };
	throw new BugError(`Blob ${stored.$blob} was not loaded before the context was built`);
}
