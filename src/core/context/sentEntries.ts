/**
 * Which entries of a branch the next request carries, in the order in which it does: the rules of `buildContext`, told by entry. Pure.
 */
import type { EntryId, ToolUseId } from '../../base/ids.ts';
import { activeCompactions, replacedEntries } from '../session/compaction.ts';
import { isTextBlock, isThinkingBlock, isToolUseBlock, totalInputTokens } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';

/** The reply that a block belongs to. */
export type SentReply = {
	/** Those of its blocks that are sent. */
	readonly blocks: readonly EntryOf<'assistant'>[];
	/** What the endpoint counted for it; undefined when it did not. */
	readonly countedTokens: number | undefined;
};

export type SentEntry = {
	readonly entry: Entry;
	/** Of a block, and of the result of a call. */
	readonly reply?: SentReply;
	/** Of a result: its call, which is then no entry of its own. */
	readonly call?: EntryOf<'assistant'>;
};

const NONE: ReadonlySet<EntryId> = new Set();

type Reply = {
	readonly entries: EntryOf<'assistant'>[];
	ended: EntryOf<'assistantEnded'> | undefined;
	isFollowed: boolean;
	isUnthinking: boolean;
	readonly results: Map<ToolUseId, EntryOf<'toolResult'>>;
};

/** `strippedThinking` names entries whose thinking an edit of the context left out. */
export function sentEntries(
	branch: readonly Entry[],
	strippedThinking: ReadonlySet<EntryId> = NONE,
): readonly SentEntry[] {
	const sent: SentEntry[] = [];
	let prompts: SentEntry[] = [];
	let reminders: SentEntry[] = [];
	let isUserLast = false;
	/** What one request added to the user's side: reminders come last. */
	const closeSegment = () => {
		isUserLast ||= prompts.length + reminders.length > 0;
		sent.push(...prompts, ...reminders);
		prompts = [];
		reminders = [];
	};
	for (const one of gather(branch)) {
		if ('entries' in one) {
			const blocks = sentOfReply(one, strippedThinking);
			if (blocks.length === 0) continue;
			closeSegment();
			sent.push(...blocks);
			isUserLast = one.results.size > 0;
		} else if (one.type === 'reminder') reminders.push({ entry: one });
		else if (one.type === 'interrupted' || one.type === 'turnEnded') {
			// A reminder that no request carried yet waits for the next prompt.
			if (prompts.length > 0 || isUserLast) closeSegment();
		} else prompts.push({ entry: one });
	}
	closeSegment();
	return sent;
}

function gather(branch: readonly Entry[]): readonly (Entry | Reply)[] {
	const found: (Entry | Reply)[] = [];
	const replies = new Map<string, Reply>();
	const openCalls = new Map<ToolUseId, Reply>();
	const { entries, unthinking } = withoutReplaced(branch);
	let last: Reply | undefined;
	for (const entry of entries) {
		switch (entry.type) {
			case 'compaction':
				found.push(entry);
				last = undefined;
				break;
			case 'assistant': {
				let reply = replies.get(entry.messageId);
				if (!reply) {
					reply = { entries: [], ended: undefined, isFollowed: false, isUnthinking: false, results: new Map() };
					replies.set(entry.messageId, reply);
					found.push(reply);
					last = reply;
				}
				reply.entries.push(entry);
				if (unthinking.has(entry.id)) reply.isUnthinking = true;
				if (isToolUseBlock(entry.block)) openCalls.set(entry.block.id, reply);
				break;
			}
			case 'assistantEnded': {
				const reply = replies.get(entry.messageId);
				if (reply) reply.ended = entry;
				break;
			}
			case 'toolResult': {
				const reply = openCalls.get(entry.toolUseId);
				if (!reply) break;
				openCalls.delete(entry.toolUseId);
				reply.results.set(entry.toolUseId, entry);
				if (reply === last) reply.isFollowed = true;
				break;
			}
			case 'user':
			case 'attachment':
				found.push(entry);
				if (last) last.isFollowed = true;
				break;
			case 'reminder':
				if (entry.text.trim() !== '') found.push(entry);
				break;
			case 'interrupted':
			case 'turnEnded':
				found.push(entry);
				if (last) last.isFollowed = true;
				break;
			default:
				break;
		}
	}
	return found.filter((one) => !('entries' in one) || isSent(one));
}

/** A failed attempt that nothing followed, and a refused reply, are not sent. The newest one may still be arriving. */
function isSent(reply: Reply): boolean {
	return reply.ended === undefined ? reply.isFollowed : reply.ended.stopReason !== 'refusal';
}

function sentOfReply(reply: Reply, stripped: ReadonlySet<EntryId>): readonly SentEntry[] {
	const blocks = [...reply.entries]
		.sort((a, b) => a.index - b.index)
		.filter((entry) => isBlockSent(entry, reply, stripped));
	const { ended } = reply;
	const hasAll = !reply.isUnthinking && !reply.entries.some(({ id }) => stripped.has(id));
	const isCounted = ended !== undefined && totalInputTokens(ended.usage) > 0 && hasAll;
	const sent: SentReply = { blocks, countedTokens: isCounted ? ended.usage.outputTokens : undefined };
	const own: SentEntry[] = [];
	const results: SentEntry[] = [];
	for (const entry of blocks) {
		const result = isToolUseBlock(entry.block) ? reply.results.get(entry.block.id) : undefined;
		if (result) results.push({ entry: result, reply: sent, call: entry });
		else own.push({ entry, reply: sent });
	}
	return [...own, ...results];
}

function isBlockSent(entry: EntryOf<'assistant'>, reply: Reply, stripped: ReadonlySet<EntryId>): boolean {
	const { block } = entry;
	if (isTextBlock(block)) return block.text.trim() !== '';
	if (isThinkingBlock(block))
		return reply.ended !== undefined && !entry.partial && !reply.isUnthinking && !stripped.has(entry.id);
	return !entry.partial;
}

/** Each compaction that counts in the place of its range, and what of a reply from before the newest one was kept. */
function withoutReplaced(branch: readonly Entry[]): {
	readonly entries: readonly Entry[];
	readonly unthinking: ReadonlySet<EntryId>;
} {
	const active = activeCompactions(branch);
	const first = active[0];
	const entries: Entry[] = [];
	const unthinking = new Set<EntryId>();
	if (!first) return { entries: branch.filter(({ type }) => type !== 'compaction'), unthinking };
	const replaced = replacedEntries(branch);
	const newest = Math.max(...active.map(({ position }) => position));
	let next = 0;
	branch.forEach((entry, position) => {
		for (let one = active[next]; one && one.start <= position; one = active[++next]) entries.push(one.entry);
		if (replaced.has(entry.id) || entry.type === 'compaction') return;
		if (position >= first.start && position < newest) unthinking.add(entry.id);
		entries.push(entry);
	});
	return { entries, unthinking };
}
