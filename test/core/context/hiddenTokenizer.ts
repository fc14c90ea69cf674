/**
 * Counts a request as an endpoint would, at ratios that the meter does not know: each kind of block has its own bytes per token,
 * and each message costs something besides.
 */
import { utf8Length } from '../../../src/base/text.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { canonical } from './request.ts';

export type HiddenRatios = {
	readonly tools: number;
	readonly system: number;
	readonly userText: number;
	readonly toolResult: number;
	readonly assistantText: number;
	readonly toolUse: number;
	readonly thinking: number;
};
export type HiddenTokenizer = {
	input(request: ModelRequest): number;
	output(blocks: readonly AssistantBlock[]): number;
};

export function hiddenTokenizer(ratios: HiddenRatios, messageTokens: number): HiddenTokenizer {
	const assistant = (block: AssistantBlock): number => {
		const fields = block as Record<string, unknown>;
		switch (block.type) {
			case 'text':
				return utf8Length(String(fields.text)) / ratios.assistantText;
			case 'tool_use':
				return utf8Length(`${fields.name}${JSON.stringify(fields.input)}`) / ratios.toolUse;
			default:
				return utf8Length(String(fields.thinking)) / ratios.thinking;
		}
	};
	const user = (block: object): number => {
		const fields = block as Record<string, unknown>;
		if (fields.type !== 'tool_result') return utf8Length(String(fields.text)) / ratios.userText;
		const value = (fields.content as { text: string }[]).map((inner) => inner.text).join('');
		return utf8Length(value) / ratios.toolResult;
	};
	return {
		input(request) {
			let tokens =
				utf8Length(canonical(request.tools)) / ratios.tools + utf8Length(canonical(request.system)) / ratios.system;
			for (const message of request.messages) {
				tokens += messageTokens;
				if (typeof message.content === 'string') tokens += utf8Length(message.content) / ratios.userText;
				else if (message.role === 'user') for (const block of message.content) tokens += user(block);
				else for (const block of message.content) tokens += assistant(block as AssistantBlock);
			}
			return Math.round(tokens);
		},
		output: (blocks) => Math.round(blocks.reduce((tokens, block) => tokens + assistant(block), 0)),
	};
}
