/**
 * The prompt cache: what a request reads from it and writes to it, by chained hashes of its pieces.
 * Entries stand where breakpoints were; each breakpoint finds entries up to 20 pieces back.
 */
import { canonicalJson, hashOf, isRecord, type Json, type Piece, piecesOf } from './canonical.ts';
import type { TokenCount } from './tokenCount.ts';

const LOOK_BACK_PIECES = 20;
const TTL_MS = { '5m': 5 * 60_000, '1h': 60 * 60_000 } as const;

export type InputUsage = {
	readonly input_tokens: number;
	readonly cache_read_input_tokens: number;
	readonly cache_creation_input_tokens: number;
	readonly cache_creation: {
		readonly ephemeral_5m_input_tokens: number;
		readonly ephemeral_1h_input_tokens: number;
	};
};

export type PromptCache = {
	/** Usage of the request. With `keep` the request is a real one: its breakpoints are stored and what it read is renewed. */
	use(request: Json, keep: boolean): InputUsage;
	/** Forgets everything, as if the time to live had passed. */
	clear(): void;
};

/** Starts of fewer than `leastTokens` are not kept. */
export function createPromptCache(countOf: TokenCount, now: () => number, leastTokens = 0): PromptCache {
	const entries = new Map<string, { expiresAtMs: number; ttl: '5m' | '1h' }>();
	return {
		clear: () => entries.clear(),
		use(request, keep) {
			const pieces = withTopLevelMark(request, piecesOf(request));
			const chain = chainOf(request, pieces);
			const tokens = pieces.map(countOf);
			const upTo = (count: number) => tokens.slice(0, count).reduce((sum, value) => sum + value, 0);
			const isLive = (index: number) => (entries.get(chain[index] ?? '')?.expiresAtMs ?? 0) > now();

			const marked = pieces.flatMap((piece, index) => (piece.mark && upTo(index + 1) >= leastTokens ? [index] : []));
			let hit = -1;
			for (const mark of marked)
				for (let index = mark; index >= 0 && index > mark - LOOK_BACK_PIECES; index--)
					if (index > hit && isLive(index)) hit = index;

			const written = { '5m': 0, '1h': 0 };
			let from = hit + 1;
			for (const mark of marked) {
				const ttl = pieces[mark]?.mark?.ttl ?? '5m';
				if (mark >= from) {
					written[ttl] += upTo(mark + 1) - upTo(from);
					from = mark + 1;
				}
				if (keep) entries.set(chain[mark] ?? '', { ttl, expiresAtMs: now() + TTL_MS[ttl] });
			}
			const read = entries.get(chain[hit] ?? '');
			if (keep && read) read.expiresAtMs = now() + TTL_MS[read.ttl];
			return {
				input_tokens: upTo(pieces.length) - upTo(from),
				cache_read_input_tokens: upTo(hit + 1),
				cache_creation_input_tokens: written['5m'] + written['1h'],
				cache_creation: { ephemeral_5m_input_tokens: written['5m'], ephemeral_1h_input_tokens: written['1h'] },
			};
		},
	};
}

/** A request-level `cache_control` marks the last block that can carry one. */
function withTopLevelMark(request: Json, pieces: readonly Piece[]): readonly Piece[] {
	if (!isRecord(request.cache_control)) return pieces;
	const ttl = request.cache_control.ttl === '1h' ? '1h' : '5m';
	const last = pieces.findLastIndex((piece) => !piece.kind.includes('thinking'));
	return pieces.map((piece, index) => (index === last ? { ...piece, mark: piece.mark ?? { ttl } } : piece));
}

/** The model changes everything; thinking and effort change what follows the system prompt. */
function chainOf(request: Json, pieces: readonly Piece[]): readonly string[] {
	let hash = hashOf(String(request.model));
	let hasConfig = false;
	return pieces.map((piece) => {
		if (piece.layer === 'messages' && !hasConfig) {
			hash = hashOf(hash, canonicalJson([request.thinking, request.output_config, request.tool_choice]));
			hasConfig = true;
		}
		hash = hashOf(hash, piece.layer, piece.text);
		return hash;
	});
}
