/**
 * Second half of `buildContext`: puts the parts of a conversation into API messages, one part after the other. What was put so far can be
 * kept and gone on from, so that a longer conversation need not begin anew. Knows no entries and no caching.
 */
import { BugError } from '../../base/errors.ts';
import type { ApiMessage, ToolResultBlock } from '../model/modelPort.ts';
import { type AssistantBlock, type InputBlock, isToolUseBlock } from '../session/content.ts';
import type { ConversationPart } from './conversationParts.ts';

type UserBlock = InputBlock | ToolResultBlock;
type MutableMessage =
	| { readonly role: 'user'; readonly content: UserBlock[] }
	| { readonly role: 'assistant'; readonly content: AssistantBlock[] }
	| { readonly role: 'system'; readonly content: string };

type Reminder = { readonly text: string; readonly isOurs: boolean };

/** What was put so far. Never changed by going on from it. */
export type MessagesSoFar = {
	readonly messages: readonly ApiMessage[];
	/** What the next request adds to the user's side. */
	readonly prompts: readonly InputBlock[];
	readonly reminders: readonly Reminder[];
};

export type MessageOptions = {
	readonly reminderForm: 'system' | 'user';
	/** See `ContextInput`. */
	readonly isMeasuring: boolean;
	readonly isEndKept: boolean;
};

type MessageFold = {
	add(part: ConversationPart): void;
	soFar(): MessagesSoFar;
	/** The messages to send. Nothing can be added afterwards. Throws BugError when they cannot be sent. */
	finish(): readonly ApiMessage[];
};

export function foldMessages(options: MessageOptions, from?: MessagesSoFar): MessageFold {
	const { reminderForm, isMeasuring } = options;
	const messages = from ? withOwnEnd(from.messages) : [];
	let prompts: InputBlock[] = [...(from?.prompts ?? [])];
	let reminders: Reminder[] = [...(from?.reminders ?? [])];

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
	/**
	 * Closes what one request added to the user's side: prompts, then reminders. A system message comes last, stands behind a message of
	 * the user's, and holds our own words alone.
	 */
	const closeSegment = () => {
		addUser(prompts);
		const asSystem = reminderForm === 'system' ? reminders.filter(({ isOurs }) => isOurs) : [];
		addUser(reminders.filter((one) => !asSystem.includes(one)).map(reminderBlock));
		if (messages.at(-1)?.role !== 'user') addUser(asSystem.map(reminderBlock));
		else if (asSystem.length > 0)
			messages.push({ role: 'system', content: asSystem.map(({ text }) => text).join('\n\n') });
		prompts = [];
		reminders = [];
	};

	return {
		add(part) {
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
					reminders.push({ text: part.text, isOurs: part.isOurs });
					break;
				case 'turnEnd':
					// A reminder that no request carried yet waits for the next prompt.
					if (prompts.length > 0 || messages.at(-1)?.role === 'user') closeSegment();
					break;
			}
		},
		soFar: () => ({ messages: withOwnEnd(messages), prompts: [...prompts], reminders: [...reminders] }),
		finish() {
			closeSegment();
			if (messages.at(-1)?.role === 'assistant' && !options.isEndKept) {
				if (!isMeasuring) throw new BugError('The branch ends with a reply: there is nothing to send');
				messages.pop();
			}
			if (messages.length === 0 && !isMeasuring)
				throw new BugError('The branch holds no prompt: there is nothing to send');
			return messages;
		},
	};
}

/** A copy to which can be added: only the last message ever grows. */
function withOwnEnd(messages: readonly ApiMessage[]): MutableMessage[] {
	const copy = messages.slice() as MutableMessage[];
	const last = copy.at(-1);
	if (last?.role === 'user') copy[copy.length - 1] = { role: 'user', content: [...last.content] };
	if (last?.role === 'assistant') copy[copy.length - 1] = { role: 'assistant', content: [...last.content] };
	return copy;
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

const reminderBlock = ({ text }: Reminder): InputBlock => ({
	type: 'text',
	text: `<system-reminder>${text}</system-reminder>`,
});
