/**
 * A request for models that know less than the Messages API: two roles, text, images, tool calls and their results. No system role, thinking
 * or cache marks. Pure: the words are those of the request, in its order.
 */

import { type InputBlock, isTextBlock, isToolUseBlock } from '../session/content.ts';
import type { ModelRequest, ToolResultBlock } from './modelPort.ts';

export type PlainPart =
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: 'image'; readonly mediaType: string; readonly base64: string }
	| { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: object }
	| { readonly kind: 'result'; readonly id: string; readonly parts: readonly PlainPart[] };

export type PlainMessage = { readonly role: 'user' | 'assistant'; readonly parts: readonly PlainPart[] };

/** What stood in the system prompt is the first message of the user's; neighbours of one role are one message. */
export function plainMessages({ system, messages }: ModelRequest): readonly PlainMessage[] {
	const all: PlainMessage[] = [{ role: 'user', parts: system.map(({ text }) => ({ kind: 'text', text })) }];
	for (const message of messages) {
		if (message.role === 'system') all.push({ role: 'user', parts: [{ kind: 'text', text: message.content }] });
		else if (message.role === 'user') all.push({ role: 'user', parts: message.content.flatMap(userParts) });
		else all.push({ role: 'assistant', parts: message.content.flatMap(assistantParts) });
	}
	const joined: PlainMessage[] = [];
	for (const message of all) {
		const last = joined.at(-1);
		if (message.parts.length === 0) continue;
		if (last?.role === message.role) joined[joined.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
		else joined.push(message);
	}
	return joined;
}

/** All words of the messages, for a count. */
export function plainText(messages: readonly PlainMessage[]): string {
	const textOf = (part: PlainPart): string => {
		switch (part.kind) {
			case 'text':
				return part.text;
			case 'image':
				return '';
			case 'call':
				return `${part.name} ${JSON.stringify(part.input)}`;
			case 'result':
				return part.parts.map(textOf).join('\n');
		}
	};
	return messages.flatMap(({ parts }) => parts.map(textOf)).join('\n');
}

function userParts(block: InputBlock | ToolResultBlock): readonly PlainPart[] {
	if (block.type === 'tool_result' && 'tool_use_id' in block) {
		const result = block as ToolResultBlock;
		const parts = result.content.flatMap(inputParts);
		const failed: readonly PlainPart[] = result.is_error === true ? [{ kind: 'text', text: 'The tool failed:' }] : [];
		return [{ kind: 'result', id: result.tool_use_id, parts: [...failed, ...parts] }];
	}
	return inputParts(block as InputBlock);
}

function inputParts(block: InputBlock): readonly PlainPart[] {
	if (isTextBlock(block)) return [{ kind: 'text', text: block.text }];
	if (block.type !== 'image') return [{ kind: 'text', text: `[a ${block.type} that this model cannot be shown]` }];
	const { source } = block as { readonly source: { readonly media_type: string; readonly data: string } };
	return [{ kind: 'image', mediaType: source.media_type, base64: source.data }];
}

/** Thinking belongs to the model that thought it, and what is unknown can be sent to nobody else. */
function assistantParts(block: { readonly type: string }): readonly PlainPart[] {
	if (isToolUseBlock(block)) {
		const input = typeof block.input === 'object' && block.input !== null ? block.input : {};
		return [{ kind: 'call', id: block.id, name: block.name, input }];
	}
	return isTextBlock(block) && block.text !== '' ? [{ kind: 'text', text: block.text }] : [];
}
