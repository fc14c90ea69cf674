/**
 * Reads the events of one streamed reply: puts its blocks together exactly as they come and tells what arrives.
 * Trusts nothing about the shape of an event, since compatible servers differ; knows nothing of the network.
 */
import type { ModelEvent } from '../../core/model/modelPort.ts';
import { INVALID_JSON_KEY, type OtherBlock, type Usage } from '../../core/session/content.ts';

export type ReplyFacts = {
	readonly messageId: string;
	readonly model: string;
	readonly stopReason: string;
	readonly stopDetails: unknown;
	readonly usage: Usage;
	readonly diagnostics: unknown;
};

export type ReplyReader = {
	/** Takes the next event. Returns true with the last one of the message. */
	read(event: unknown): boolean;
	/** Undefined until the reply has ended with a stop reason and all its blocks. */
	facts(): ReplyFacts | undefined;
};

type OpenBlock = { readonly block: Record<string, unknown> & { type: string }; inputJson: string };

export function createReplyReader(onEvent: (event: ModelEvent) => void): ReplyReader {
	const open = new Map<number, OpenBlock>();
	let message: { id: string; model: string } | undefined;
	let usage: Usage = NO_USAGE;
	let diagnostics: unknown = null;
	let stopReason: string | undefined;
	let stopDetails: unknown = null;
	let hasEnded = false;

	function startBlock(index: number, start: Record<string, unknown>): void {
		const type = textOf(start.type);
		if (type === '') return;
		// A copy, since deltas are added to it; the event itself stays as received.
		const block = { ...start, type };
		open.set(index, { block, inputJson: '' });
		onEvent({
			kind: 'blockStarted',
			index,
			type,
			...(typeof start.name === 'string' && { toolName: start.name }),
			...(typeof start.id === 'string' && { toolUseId: start.id }),
		});
		// Some servers put the first piece into the start.
		if (type === 'text' && textOf(start.text) !== '') onEvent({ kind: 'text', index, text: textOf(start.text) });
	}

	function addDelta(index: number, delta: Record<string, unknown>): void {
		const current = open.get(index);
		if (!current) return;
		const { block } = current;
		switch (delta.type) {
			case 'text_delta':
				block.text = textOf(block.text) + textOf(delta.text);
				onEvent({ kind: 'text', index, text: textOf(delta.text) });
				return;
			case 'thinking_delta':
				block.thinking = textOf(block.thinking) + textOf(delta.thinking);
				onEvent({ kind: 'thinking', index, text: textOf(delta.thinking) });
				return;
			case 'signature_delta':
				block.signature = textOf(delta.signature);
				return;
			case 'citations_delta':
				block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation];
				return;
			case 'input_json_delta':
				current.inputJson += textOf(delta.partial_json);
				onEvent({ kind: 'toolInput', index, partialJson: textOf(delta.partial_json) });
				return;
			default:
				// Kinds this version does not know add nothing it could replay.
				return;
		}
	}

	function endBlock(index: number): void {
		const current = open.get(index);
		if (!current) return;
		open.delete(index);
		if (current.inputJson !== '') current.block.input = parseInput(current.inputJson);
		const block: OtherBlock = current.block;
		onEvent({ kind: 'blockEnded', index, block });
	}

	return {
		read(event) {
			const fields = recordOf(event);
			const index = typeof fields.index === 'number' ? fields.index : -1;
			switch (fields.type) {
				case 'message_start': {
					const start = recordOf(fields.message);
					message = { id: textOf(start.id), model: textOf(start.model) };
					usage = mergeUsage(usage, recordOf(start.usage));
					diagnostics = start.diagnostics ?? null;
					onEvent({ kind: 'started', messageId: message.id, model: message.model, usage });
					break;
				}
				case 'content_block_start':
					startBlock(index, recordOf(fields.content_block));
					break;
				case 'content_block_delta':
					addDelta(index, recordOf(fields.delta));
					break;
				case 'content_block_stop':
					endBlock(index);
					break;
				case 'message_delta': {
					const delta = recordOf(fields.delta);
					if (typeof delta.stop_reason === 'string') stopReason = delta.stop_reason;
					if (delta.stop_details !== undefined) stopDetails = delta.stop_details;
					usage = mergeUsage(usage, recordOf(fields.usage));
					break;
				}
				case 'message_stop':
					hasEnded = true;
					break;
				default:
					break;
			}
			return hasEnded;
		},
		facts() {
			// A block that never ended, or no stop reason, means that the middle of the reply was lost on the way.
			if (!hasEnded || !message || stopReason === undefined || open.size > 0) return undefined;
			return { messageId: message.id, model: message.model, stopReason, stopDetails, usage, diagnostics };
		},
	};
}

const NO_USAGE: Usage = {
	inputTokens: 0,
	outputTokens: 0,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	cacheWrite1hTokens: 0,
};

/** Later counts replace earlier ones where they are given. The split by time to live comes with the start only. */
function mergeUsage(before: Usage, given: Record<string, unknown>): Usage {
	const cacheWriteTokens = countOf(given.cache_creation_input_tokens) ?? before.cacheWriteTokens;
	const oneHour = countOf(recordOf(given.cache_creation).ephemeral_1h_input_tokens) ?? before.cacheWrite1hTokens;
	return {
		inputTokens: countOf(given.input_tokens) ?? before.inputTokens,
		outputTokens: countOf(given.output_tokens) ?? before.outputTokens,
		cacheReadTokens: countOf(given.cache_read_input_tokens) ?? before.cacheReadTokens,
		cacheWriteTokens,
		cacheWrite1hTokens: Math.min(oneHour, cacheWriteTokens),
	};
}

function parseInput(json: string): unknown {
	let input: unknown;
	try {
		input = JSON.parse(json);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		return { [INVALID_JSON_KEY]: json };
	}
	const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
	return isObject ? input : { [INVALID_JSON_KEY]: json };
}

function recordOf(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

function countOf(value: unknown): number | undefined {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
}
