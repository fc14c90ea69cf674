/**
 * Signs the thinking that the stand-in issues and checks what comes back: unchanged, in order, and bound to the same
 * model-visible prefix (tools, system, messages before; cache marks and thinking aside).
 */
import { asList, bindingHash, blocksOf, hashOf, isRecord, isThinking, type Json } from './canonical.ts';

export type ThinkingSignatures = {
	/** A thinking block as it is issued in answer to `request`. */
	sign(request: Json, kind: 'thinking' | 'redacted_thinking', text: string): Json;
	/** Remembers a complete answer, so that a later request cannot leave out its thinking while the turn goes on. */
	remember(request: Json, blocks: readonly Json[]): void;
	/** What is wrong with the thinking in a request. */
	check(request: Json): readonly string[];
};

type Issued = { readonly block: Json; readonly binding: string; readonly order: number };

export function createThinkingSignatures(secret: string): ThinkingSignatures {
	const issued = new Map<string, Issued>();
	const thinkingOfCall = new Map<string, number>();
	/** After the stand-in refused thinking, the client is to send without it, also within a turn. */
	let hasRefused = false;
	return {
		sign(request, kind, text) {
			const binding = bindingHash(request, pausedPart(request).before);
			const order = issued.size;
			const signature = hashOf(secret, binding, text, String(order));
			const block: Json =
				kind === 'thinking'
					? { type: 'thinking', thinking: text, signature }
					: { type: 'redacted_thinking', data: `${signature}:${text}` };
			issued.set(keyOf(block), { block, binding, order });
			return block;
		},
		remember(request, blocks) {
			const count = [...pausedPart(request).blocks, ...blocks].filter(isThinking).length;
			for (const block of blocks) if (block.type === 'tool_use') thinkingOfCall.set(String(block.id), count);
		},
		check(request) {
			const problems: string[] = [];
			const messages = asList(request.messages).filter(isRecord);
			const turnStart = messages.findLastIndex(
				(message) =>
					message.role === 'user' && blocksOf(message.content).every((block) => block.type !== 'tool_result'),
			);
			let lastOrder = -1;
			for (const [index, message] of messages.entries()) {
				if (message.role !== 'assistant') continue;
				const blocks = blocksOf(message.content);
				const thinking = blocks.filter(isThinking);
				for (const block of thinking) {
					const where = `messages.${index}`;
					const known = issued.get(keyOf(block));
					if (!known) {
						problems.push(`${where}: Invalid \`signature\` in \`thinking\` block: it was never issued`);
						continue;
					}
					if (JSON.stringify(known.block) !== JSON.stringify(block))
						problems.push(`${where}: \`thinking\` blocks cannot be modified`);
					if (known.binding !== bindingHash(request, messages.slice(0, index)))
						problems.push(`${where}: \`thinking\` block is bound to another prefix (thinking binding)`);
					if (known.order <= lastOrder)
						problems.push(`${where}: \`thinking\` blocks must remain in their order (binding)`);
					lastOrder = known.order;
				}
				if (index <= turnStart || hasRefused) continue;
				const call = blocks.find((block) => block.type === 'tool_use');
				const expected = thinkingOfCall.get(String(call?.id)) ?? thinking.length;
				if (thinking.length !== expected)
					problems.push(`messages.${index}: \`thinking\` of the unfinished turn must remain (binding)`);
			}
			if (problems.length > 0) hasRefused = true;
			return problems;
		},
	};
}

/** A reply that goes on from a paused one becomes one message with it. */
function pausedPart(request: Json): { readonly before: readonly Json[]; readonly blocks: readonly Json[] } {
	const messages = asList(request.messages).filter(isRecord);
	const last = messages.at(-1);
	return last?.role === 'assistant'
		? { before: messages.slice(0, -1), blocks: blocksOf(last.content) }
		: { before: messages, blocks: [] };
}

/** The signature finds the block; the text is compared afterwards. */
function keyOf(block: Json): string {
	if (block.type === 'thinking') return `t ${String(block.signature)}`;
	return `r ${String(block.data).split(':')[0] ?? ''}`;
}
