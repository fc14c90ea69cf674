/**
 * A model in this process whose prompt cache works like the service's: requests go through the body that is sent, are counted with hidden
 * ratios, and read and write a simulated cache by the clock. Says where a request does not start with the bytes of the one before.
 */

import type { ModelReply, StreamModel } from '../../src/core/model/modelPort.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { AssistantBlock } from '../../src/core/session/content.ts';
import { createParams } from '../../src/node/model/requestBody.ts';
import { canonicalJson, hashOf, type Json, type Piece, piecesOf } from './messagesApi/canonical.ts';
import { prefixBreak } from './messagesApi/prefixKept.ts';
import { createPromptCache } from './messagesApi/promptCache.ts';
import { createTokenCount } from './messagesApi/tokenCount.ts';

/** What one request cost, in tokens of uncached input: a read costs a tenth, a write a quarter more, for an hour twice. */
type SentRequest = {
	readonly at: number;
	readonly totalTokens: number;
	readonly readTokens: number;
	readonly writeTokens: number;
	readonly cost: number;
	/** The same bytes with a mark at every piece that helps, by what earlier requests could have left in the cache. */
	readonly idealCost: number;
	/** All of what the longest earlier start of this request could have left in the cache. */
	readonly idealReadTokens: number;
};

export type CachedModel = StreamModel & {
	readonly sent: readonly SentRequest[];
	/** Where a request did not start with the one before it, while the cache still held that one. */
	readonly divergences: readonly string[];
	/** The same with a cold cache, when parts are folded for nothing. */
	readonly coldDivergences: readonly string[];
	/** The service drops what it holds. */
	forget(): void;
};

const TTL_MS = { tools: 3_600_000, system: 3_600_000, messages: 300_000 } as const;
const WRITE_FACTOR = { tools: 2, system: 2, messages: 1.25 } as const;
const READ_FACTOR = 0.1;
/** Shorter starts are not kept by the service. */
const LEAST_CACHED_TOKENS = 1_024;
const REPLY_MS = 6_000;

export function createCachedModel(
	clock: Clock & { advance(ms: number): void },
	replyTo: (index: number) => readonly AssistantBlock[],
): CachedModel {
	const countOf = createTokenCount(7);
	const cache = createPromptCache(countOf, () => clock.now(), LEAST_CACHED_TOKENS);
	const ideal = createIdealCache(countOf, () => clock.now());
	const sent: SentRequest[] = [];
	const divergences: string[] = [];
	const coldDivergences: string[] = [];
	let before: Json | undefined;
	let count = 0;
	return {
		label: 'cached',
		sent,
		divergences,
		coldDivergences,
		forget: cache.clear,
		async stream(request, onEvent) {
			const body = JSON.parse(JSON.stringify(createParams(request))) as Json;
			const parting = before && prefixBreak(before, body);
			const isWarm = clock.now() - (sent.at(-1)?.at ?? 0) <= TTL_MS.messages;
			if (parting) (isWarm ? divergences : coldDivergences).push(`request ${sent.length}: ${parting.where}`);
			before = body;
			const input = cache.use(body, true);
			const best = ideal.use(body);
			const { ephemeral_1h_input_tokens: hour, ephemeral_5m_input_tokens: minutes } = input.cache_creation;
			const readTokens = input.cache_read_input_tokens;
			const writeTokens = input.cache_creation_input_tokens;
			sent.push({
				at: clock.now(),
				totalTokens: input.input_tokens + readTokens + writeTokens,
				readTokens,
				writeTokens,
				cost:
					input.input_tokens + readTokens * READ_FACTOR + minutes * WRITE_FACTOR.messages + hour * WRITE_FACTOR.tools,
				idealCost: best.cost,
				idealReadTokens: best.readTokens,
			});
			const blocks = replyTo(count);
			count++;
			const messageId = `msg_${count}`;
			const usage = {
				inputTokens: input.input_tokens,
				outputTokens: 0,
				cacheReadTokens: readTokens,
				cacheWriteTokens: writeTokens,
				cacheWrite1hTokens: hour,
			};
			onEvent({ kind: 'started', messageId, model: request.model, usage });
			for (const [index, block] of blocks.entries()) {
				onEvent({ kind: 'blockStarted', index, type: block.type });
				onEvent({ kind: 'blockEnded', index, block });
			}
			clock.advance(REPLY_MS);
			const output = blocks.reduce((sum, block) => sum + countOf.output(block as Json), 0);
			return reply(request.model, messageId, blocks, { ...usage, outputTokens: output });
		},
		async listModels() {
			return [];
		},
		async countTokens() {
			return undefined;
		},
	};
}

function reply(
	model: string,
	messageId: string,
	blocks: readonly AssistantBlock[],
	usage: ModelReply['usage'],
): ModelReply {
	return {
		messageId,
		requestId: `req_${messageId}`,
		model,
		stopReason: blocks.at(-1)?.type === 'tool_use' ? 'tool_use' : 'end_turn',
		stopDetails: null,
		usage,
		diagnostics: null,
		firstTokenMs: 1,
		totalMs: REPLY_MS,
	};
}

/** A cache that keeps the start of a request up to every piece of it, each for the time of its layer. */
function createIdealCache(countOf: (piece: Piece) => number, now: () => number) {
	const expiry = new Map<string, number>();
	return {
		use(body: Json): { readonly cost: number; readonly readTokens: number } {
			let hash = hashOf(String(body.model));
			let isHit = true;
			let cost = 0;
			let readTokens = 0;
			for (const piece of piecesOf(body)) {
				hash = hashOf(
					hash,
					piece.layer === 'messages' ? canonicalJson([body.thinking, body.output_config]) : '',
					piece.text,
				);
				const tokens = countOf(piece);
				isHit &&= (expiry.get(hash) ?? 0) > now();
				if (isHit) readTokens += tokens;
				cost += tokens * (isHit ? READ_FACTOR : WRITE_FACTOR[piece.layer]);
				expiry.set(hash, now() + TTL_MS[piece.layer]);
			}
			return { cost, readTokens };
		},
	};
}
