/**
 * The next request as a pure function of the branch and what is frozen or loaded for it: the same branch gives the same bytes, and a
 * longer branch gives bytes that start with them. Emits only text that stands in entries. This is render 1: what it makes of a given
 * branch never changes; another rendering is another version beside it.
 */
import { BugError } from '../../base/errors.ts';
import type { ApiMessage, ModelRequest, ToolResultBlock } from '../ports.ts';
import { type AssistantBlock, type InputBlock, isToolUseBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import { markMessages, markSystem, markTools } from './breakpoints.ts';
import { type ConversationPart, conversationParts } from './conversationParts.ts';
import type { LoadedBlobs } from './loadBlobs.ts';
import type { LoadedPrefix } from './prefix.ts';

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
	const isMeasuring = input.isMeasuring ?? false;
	const parts = conversationParts(input.branch, input.blobs, {
		isMeasuring,
		dropThinking: input.dropEarlierThinking ?? false,
	});
	const messages = apiMessages(parts, entry.reminderForm, isMeasuring, input.isEndKept ?? false);
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

type UserBlock = InputBlock | ToolResultBlock;
type MutableMessage =
	| { readonly role: 'user'; readonly content: UserBlock[] }
	| { readonly role: 'assistant'; readonly content: AssistantBlock[] }
	| { readonly role: 'system'; readonly content: string };

function apiMessages(
	parts: readonly ConversationPart[],
	reminderForm: 'system' | 'user',
	isMeasuring: boolean,
	isEndKept: boolean,
): readonly ApiMessage[] {
	const messages: MutableMessage[] = [];
	let prompts: InputBlock[] = [];
	let reminders: string[] = [];

	/** Adds to the last message when it has the same role: the API would join the two anyway. */
	const addUser = (blocks: readonly UserBlock[]) => {
		if (blocks.length === 0) return;
		const last = messages.at(-1);
		if (last?.role === 'user') last.content.push(...blocks);
		else messages.push({ role: 'user', content: [...blocks] });
	};
	const addAssistant = (blocks: readonly AssistantBlock[]) => {
		const last = messages.at(-1);
		if (last?.role === 'assistant') last.content.push(...blocks);
		else messages.push({ role: 'assistant', content: [...blocks] });
	};
	/** Closes what one request added to the user's side: prompts, then reminders. */
	const closeSegment = () => {
		addUser(prompts);
		if (reminders.length > 0) {
			if (reminderForm === 'system' && messages.at(-1)?.role === 'user') {
				messages.push({ role: 'system', content: reminders.join('\n\n') });
			} else addUser(reminders.map(reminderBlock));
		}
		prompts = [];
		reminders = [];
	};

	for (const part of parts) {
		switch (part.kind) {
			case 'assistant':
				closeSegment();
				addAssistant(part.blocks);
				addUser(toolResults(part, isMeasuring));
				break;
			case 'prompt':
				prompts.push(...part.content);
				break;
			case 'reminder':
				reminders.push(part.text);
				break;
			case 'turnEnd':
				// A reminder that no request carried yet waits for the next prompt.
				if (prompts.length > 0 || messages.at(-1)?.role === 'user') closeSegment();
				break;
		}
	}
	closeSegment();
	if (messages.at(-1)?.role === 'assistant' && !isEndKept) {
		if (!isMeasuring) throw new BugError('The branch ends with a reply: there is nothing to send');
		messages.pop();
	}
	if (messages.length === 0 && !isMeasuring) throw new BugError('The branch holds no prompt: there is nothing to send');
	return messages;
}

/** One result per call, in the order of the calls. */
function toolResults(
	part: Extract<ConversationPart, { kind: 'assistant' }>,
	isMeasuring: boolean,
): readonly ToolResultBlock[] {
	return part.blocks.filter(isToolUseBlock).map((call): ToolResultBlock => {
		const answer = part.answers.get(call.id);
		if (answer) return toolResult(call.id, answer.content, answer.isError);
		if (isMeasuring) return toolResult(call.id, [], false);
		throw new BugError(`The tool call ${call.id} has no result`);
	});
}

function toolResult(id: string, content: readonly InputBlock[], isError: boolean): ToolResultBlock {
	return { type: 'tool_result', tool_use_id: id, content, ...(isError ? { is_error: true } : {}) };
}

const reminderBlock = (text: string): InputBlock => ({
	type: 'text',
	text: `<system-reminder>${text}</system-reminder>`,
});

/** What cache diagnostics compare with: the newest reply of the branch; null before the first. */
function lastMessageId(branch: readonly Entry[]): string | null {
	return branch.findLast((entry) => entry.type === 'assistantEnded')?.messageId ?? null;
}
