/**
 * The next request as a pure function of the branch and what is frozen or loaded for it: the same branch gives the same bytes, and a
 * longer branch gives bytes that start with them. Emits only text that stands in entries. This is render 1: what it makes of a given
 * branch never changes; another rendering is another version beside it.
 */
import type { ApiMessage, ModelRequest } from '../model/modelPort.ts';
import type { Entry } from '../session/entry.ts';
import { foldMessages } from './apiMessages.ts';
import { markMessages, markSystem, markTools } from './breakpoints.ts';
import { conversationParts } from './conversationParts.ts';
import type { LoadedBlobs } from './loadBlobs.ts';
import type { LoadedPrefix } from './prefix.ts';
import { keepSettled, settledEnd, settledStart } from './settledPart.ts';

export type ContextInput = {
	/** Conversation entries from the root to the leaf. Ledger entries among them are skipped. */
	readonly branch: readonly Entry[];
	readonly prefix: LoadedPrefix;
	/** Must hold every blob that the branch names (`loadBranchBlobs`). */
	readonly blobs: LoadedBlobs;
	/** How long the cache keeps the conversation; default `5m`. Never longer than the prefix is kept. */
	readonly messageTtl?: '5m' | '1h';
	/**
	 * For counting only, when the branch is not ready to be sent: open tool calls get an empty result, a last assistant message is left
	 * out, and the messages may be empty.
	 */
	readonly isMeasuring?: boolean;
	/** The branch may end with a reply, and the messages then do: the caller adds what is asked. */
	readonly isEndKept?: boolean;
	/** Leaves out every thinking block: for one more try after the endpoint refused one. */
	readonly dropEarlierThinking?: boolean;
};

/**
 * Throws BugError when the branch cannot be sent: a tool call without a result, nothing of the user's to answer, or a blob that is
 * not loaded. Rules: replies without an end keep their text and lose their thinking; a reply without an end that is followed by another
 * reply, or by nothing, was a failed attempt and vanishes; so do refused replies and results without a call.
 */
export function buildContext(input: ContextInput): ModelRequest {
	const { entry } = input.prefix;
	const messages = conversation(input);
	return {
		model: entry.model,
		maxTokens: entry.maxTokens,
		system: markSystem([...input.prefix.system, ...input.prefix.context], entry.ttl),
		tools: markTools(input.prefix.tools, entry.ttl),
		// The API wants longer times to live before shorter ones.
		messages: markMessages(messages, entry.ttl === '5m' ? '5m' : (input.messageTtl ?? '5m')),
		thinking: entry.thinking,
		effort: entry.effort,
		betas: entry.betas,
		previousMessageId: entry.diagnostics ? lastMessageId(input.branch) : undefined,
	};
}

/** What was made of the settled part of the branch stands; only what follows it is looked at. */
function conversation(input: ContextInput): readonly ApiMessage[] {
	const { branch, blobs } = input;
	const { reminderForm } = input.prefix.entry;
	const isMeasuring = input.isMeasuring ?? false;
	const dropThinking = input.dropEarlierThinking ?? false;
	const options = { reminderForm, isMeasuring, isEndKept: input.isEndKept ?? isPaused(branch) };
	const variant = `${reminderForm} ${dropThinking}`;
	// What is only measured may hold the heads of blobs.
	const start = isMeasuring ? undefined : settledStart(branch, variant);
	const end = isMeasuring ? undefined : settledEnd(branch, start);
	const fold = foldMessages(options, start?.soFar);
	let from = start?.length ?? 0;
	if (end) {
		for (const part of partsOf(from, end.length)) fold.add(part);
		keepSettled({ ...end, branch, variant, soFar: fold.soFar() });
		from = end.length;
	}
	for (const part of partsOf(from, branch.length)) fold.add(part);
	return fold.finish();

	function partsOf(first: number, last: number) {
		return conversationParts(branch.slice(first, last), blobs, { isMeasuring, dropThinking });
	}
}

/** The reply at the end was paused by the endpoint: it goes on when it is sent back as the last message, with nothing behind it. */
function isPaused(branch: readonly Entry[]): boolean {
	const last = branch.findLast(({ type }) => type !== 'contextEdit' && type !== 'factEdit');
	return last?.type === 'assistantEnded' && last.stopReason === 'pause_turn';
}

/** What cache diagnostics compare with: the newest reply of the branch; null before the first. */
function lastMessageId(branch: readonly Entry[]): string | null {
	return branch.findLast((entry) => entry.type === 'assistantEnded')?.messageId ?? null;
}
