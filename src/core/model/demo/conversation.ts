/** Where the demo model stands in a conversation: the newest prompt, and the answers to its calls since then. */

import type { InputBlock } from '../../session/content.ts';
import type { ApiMessage, ModelRequest, ToolResultBlock } from '../modelPort.ts';
import type { DemoAnswer } from './script.ts';

/** `texts` are those of the newest prompt message, in order: earlier unanswered prompts, the prompt, its attachments. */
export type Standing = { readonly texts: readonly string[]; readonly answers: readonly DemoAnswer[] };

export function standingIn(request: ModelRequest): Standing {
	const { messages } = request;
	const answers: DemoAnswer[] = [];
	for (let index = messages.length - 1; index >= 0; index--) {
		const message = messages[index];
		if (message?.role !== 'user') continue;
		const texts = promptTexts(message);
		if (texts.length > 0) return { texts, answers };
		answers.unshift(...message.content.filter(isToolResult).map(answerOf));
	}
	return { texts: [], answers };
}

/** Texts behind the last tool result, reminders left out. */
function promptTexts(message: Extract<ApiMessage, { role: 'user' }>): string[] {
	const from = message.content.findLastIndex(isToolResult) + 1;
	return message.content.slice(from).flatMap((block) => {
		if (isToolResult(block) || block.type !== 'text') return [];
		const text = String(block.text);
		return /^\s*<system-reminder>/.test(text) ? [] : [text];
	});
}

function isToolResult(block: InputBlock | ToolResultBlock): block is ToolResultBlock {
	return block.type === 'tool_result';
}

function answerOf(block: ToolResultBlock): DemoAnswer {
	const text = block.content.map((part) => (part.type === 'text' ? String(part.text) : '(image)')).join('\n');
	return { isError: block.is_error === true, text };
}
