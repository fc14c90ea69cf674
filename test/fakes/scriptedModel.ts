/** A StreamModel that says what it was told to say, step by step, and keeps the requests it got. */
import { CancelledError } from '../../src/base/errors.ts';
import { asToolUseId } from '../../src/base/ids.ts';
import type { ModelEvent, ModelReply, ModelRequest, StreamModel } from '../../src/core/model/modelPort.ts';
import type { AssistantBlock, TextBlock, ToolUseBlock, Usage } from '../../src/core/session/content.ts';

/** One attempt. Whole blocks come first, then what is cut, then the failure or the end. */
export type ScriptedStep = {
	readonly blocks?: readonly AssistantBlock[];
	/** Default: `tool_use` when the last block is a call, else `end_turn`. */
	readonly stopReason?: string;
	readonly stopDetails?: unknown;
	readonly usage?: Partial<Usage>;
	/** Default: one of its own for each request. */
	readonly messageId?: string;
	/** A text block that begins and is not completed. */
	readonly cutText?: string;
	/** The name of a tool whose call begins and is not completed. */
	readonly cutCall?: string;
	/** Thrown at the end instead of replying. */
	readonly error?: Error;
	/** Waits until the turn is stopped. `onHang` is called then first. */
	readonly onHang?: () => void;
};

export type ScriptedModel = StreamModel & { readonly requests: readonly ModelRequest[] };

export const text = (words: string): TextBlock => ({ type: 'text', text: words });
export const call = (name: string, input: unknown, id = `toolu_${name}`): ToolUseBlock => ({
	type: 'tool_use',
	id: asToolUseId(id),
	name,
	input,
});
export const thinking = (words: string): AssistantBlock => ({ type: 'thinking', thinking: words, signature: 'sig' });

/** Throws when it is asked more often than it was told. Functions are called with the request. */
export function createScriptedModel(
	steps: readonly (ScriptedStep | ((request: ModelRequest) => ScriptedStep))[],
): ScriptedModel {
	const requests: ModelRequest[] = [];
	return {
		label: 'scripted',
		requests,
		async stream(request, onEvent, signal) {
			const told = steps[requests.length];
			requests.push(request);
			if (!told) throw new Error(`The scripted model was told nothing about request ${requests.length}`);
			const step = typeof told === 'function' ? told(request) : told;
			const messageId = step.messageId ?? `msg_${requests.length}`;
			const usage = {
				inputTokens: 100,
				outputTokens: 20,
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				cacheWrite1hTokens: 0,
			};
			onEvent({ kind: 'started', messageId, model: request.model, usage });
			const blocks = step.blocks ?? [];
			for (const [index, block] of blocks.entries()) emitBlock(index, block, onEvent);
			if (step.cutText !== undefined) {
				onEvent({ kind: 'blockStarted', index: blocks.length, type: 'text' });
				onEvent({ kind: 'text', index: blocks.length, text: step.cutText });
			}
			if (step.cutCall !== undefined)
				onEvent({ kind: 'blockStarted', index: blocks.length, type: 'tool_use', toolName: step.cutCall });
			if (step.onHang) await untilAborted(signal, step.onHang);
			if (signal.aborted) throw new CancelledError();
			if (step.error) throw step.error;
			return reply(request, messageId, step, { ...usage, ...step.usage });
		},
		async listModels() {
			return [];
		},
		async countTokens() {
			return undefined;
		},
	};
}

function emitBlock(index: number, block: AssistantBlock, onEvent: (event: ModelEvent) => void): void {
	onEvent({ kind: 'blockStarted', index, type: block.type });
	if (block.type === 'text') onEvent({ kind: 'text', index, text: String(block.text) });
	onEvent({ kind: 'blockEnded', index, block });
}

function reply(request: ModelRequest, messageId: string, step: ScriptedStep, usage: Usage): ModelReply {
	const isCall = step.blocks?.at(-1)?.type === 'tool_use';
	return {
		messageId,
		requestId: `req_${messageId}`,
		model: request.model,
		stopReason: step.stopReason ?? (isCall ? 'tool_use' : 'end_turn'),
		stopDetails: step.stopDetails ?? null,
		usage,
		diagnostics: null,
		firstTokenMs: 1,
		totalMs: 2,
	};
}

function untilAborted(signal: AbortSignal, onHang: () => void): Promise<void> {
	return new Promise((resolve) => {
		signal.addEventListener('abort', () => resolve(), { once: true });
		onHang();
	});
}
