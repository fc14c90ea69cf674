/**
 * One question about a whole conversation: the request as it would be sent next with a text at its end, and what is found in the answer.
 * Appends nothing. What is asked, and for what, is the caller's.
 */
import { splitFacts } from '../context/factLines.ts';
import { type AskedFor, answerIn, shortened, withCallsRefused } from '../context/summaryRequest.ts';
import { ModelError } from '../model/modelError.ts';
import type { ModelReply, ModelRequest } from '../model/modelPort.ts';
import { costOf } from '../model/pricing.ts';
import { withRetry } from '../model/retry.ts';
import { type AssistantBlock, isTextBlock, isToolUseBlock, totalInputTokens } from '../session/content.ts';
import type { TurnEvent, TurnPorts } from './turnTypes.ts';

export type QuestionPorts = Pick<TurnPorts, 'clock' | 'model'>;

/** Of the messages' size, when a request was too large: each try is smaller. */
const SHORTER = [0.6, 0.35, 0.15];
/** The whole conversation, but for the thinking, which every shorter form is without. */
const UNTHINKING = Number.POSITIVE_INFINITY;

export type ConversationAnswer = {
	readonly text: string;
	/** The answer as it came, with what may stand beside what was asked for. */
	readonly whole: string;
	/** Of all attempts; null when the price is not known. */
	readonly costUsd: number | null;
	/** Share of the request that was read from the cache, 0 to 1. */
	readonly cacheShare: number;
};

/**
 * Undefined when the answer is not what was asked for. A conversation that is too large even for the question is asked about in a shorter
 * form; one whose thinking is refused, without it. Rejects with ModelError or CancelledError.
 */
export async function askConversation(
	request: ModelRequest,
	wanted: AskedFor,
	ttl: '5m' | '1h',
	ports: QuestionPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<ConversationAnswer | undefined> {
	let refused: ModelError['kind'] | undefined;
	const bytes = new TextEncoder().encode(JSON.stringify(request.messages)).length;
	for (const share of [undefined, UNTHINKING, ...SHORTER]) {
		if (share === UNTHINKING && refused !== 'thinkingBinding') continue;
		const tried = share === undefined ? request : shortened(request, bytes * share);
		try {
			return await ask(tried, wanted, ttl, ports, onEvent, signal);
		} catch (error) {
			if (!(error instanceof ModelError) || share === SHORTER.at(-1)) throw error;
			if (error.kind !== 'tooLarge' && (error.kind !== 'thinkingBinding' || share !== undefined)) throw error;
			refused = error.kind;
		}
	}
	return undefined;
}

async function ask(
	request: ModelRequest,
	wanted: AskedFor,
	ttl: '5m' | '1h',
	ports: QuestionPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<ConversationAnswer | undefined> {
	let costUsd: number | null = 0;
	let sent = request;
	for (const isLast of [false, true]) {
		const { reply, blocks } = await stream(sent, wanted, ports, onEvent, signal);
		const price = costOf(reply.model, reply.usage);
		costUsd = price === null || costUsd === null ? null : costUsd + price;
		const whole = textIn(blocks);
		const text = answerIn(splitFacts(whole).rest, reply.stopReason, wanted);
		const inputTokens = totalInputTokens(reply.usage);
		const cacheShare = inputTokens === 0 ? 0 : reply.usage.cacheReadTokens / inputTokens;
		if (text !== undefined) return { text, whole, costUsd, cacheShare };
		if (isLast || !blocks.some(isToolUseBlock)) break;
		sent = withCallsRefused(request, blocks, ttl, wanted);
	}
	return undefined;
}

async function stream(
	request: ModelRequest,
	wanted: AskedFor,
	ports: QuestionPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<{ readonly reply: ModelReply; readonly blocks: readonly AssistantBlock[] }> {
	return await withRetry(
		async () => {
			const blocks: AssistantBlock[] = [];
			let chars = 0;
			const reply = await ports.model.stream(
				request,
				(event) => {
					if (event.kind === 'blockEnded') blocks.push(event.block);
					if (event.kind !== 'text') return;
					chars += event.text.length;
					onEvent({ kind: 'compacting', chars, wanted });
				},
				signal,
			);
			return { reply, blocks };
		},
		{
			clock: ports.clock,
			// One window asks, so there is no crowd to spread.
			random: () => 0,
			onWait: ({ error, ...wait }) => onEvent({ kind: 'retrying', ...wait, cause: error.kind, message: error.message }),
		},
		signal,
	);
}

const textIn = (blocks: readonly AssistantBlock[]): string =>
	blocks
		.filter(isTextBlock)
		.map(({ text }) => text)
		.join('');
