/**
 * How many tokens a byte of each kind of content costs with the model at hand, learned from what its replies reported: non-negative
 * least squares, pulled towards a prior until there is evidence. Pure numbers: knows no entries and no requests.
 */

/** What content is measured in. Bytes of text, except where said. */
export const contentKinds = [
	/** Tools, system prompt and project context, as JSON. */
	'prefix',
	'userText',
	'toolResult',
	'assistantText',
	'toolUse',
	'thinking',
	/** Number of images: their size in bytes says nothing about their tokens. */
	'image',
	/** Number of blocks on the user's side: what a block costs besides its text. */
	'block',
	/** Output tokens of a reply that are replayed as input: near 1 unless the endpoint drops earlier thinking. */
	'reply',
] as const;
export type ContentKind = (typeof contentKinds)[number];

/** An amount per kind, in the order of `contentKinds`. */
export type Amounts = Float64Array;
/** Tokens per unit, in the order of `contentKinds`. */
export type TokenRatios = Float64Array;

/** English text and code run at 3 to 4 bytes a token with current tokenizers. */
const PRIOR_BYTES_PER_TOKEN = 3.5;
/** A screenshot of common size. */
const PRIOR_IMAGE_TOKENS = 1500;
const PRIOR_BLOCK_TOKENS = 3;

/** Expected tokens per unit and how far off it may be, as a share of it. */
const priors: Readonly<Record<ContentKind, { readonly ratio: number; readonly spread: number }>> = {
	prefix: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 0.4 },
	userText: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 0.4 },
	toolResult: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 0.4 },
	assistantText: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 0.4 },
	toolUse: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 0.4 },
	thinking: { ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread: 1 },
	image: { ratio: PRIOR_IMAGE_TOKENS, spread: 1 },
	block: { ratio: PRIOR_BLOCK_TOKENS, spread: 1 },
	reply: { ratio: 1, spread: 0.03 },
};

/** Text of one kind varies by about this share around its mean, and counts are whole numbers: how much one observation is trusted. */
const NOISE_SHARE = 0.02;
const NOISE_TOKENS = 1;
/** Coordinate descent on nine unknowns settles in a few dozen rounds unless two kinds always came together; then any split will do. */
const MAX_ROUNDS = 1000;
const SETTLED = 1e-7;

const size = contentKinds.length;
const priorRatios = Float64Array.from(contentKinds, (kind) => priors[kind].ratio);
const priorWeights = Float64Array.from(contentKinds, (kind) => 1 / (priors[kind].ratio * priors[kind].spread) ** 2);

export const noAmounts = (): Amounts => new Float64Array(size);

export function amountOf(kind: ContentKind, amount: number): Amounts {
	const amounts = noAmounts();
	amounts[contentKinds.indexOf(kind)] = amount;
	return amounts;
}

/** A new sum; `a` and `b` stay as they are. */
export function addAmounts(a: Amounts, b: Amounts): Amounts {
	return a.map((value, index) => value + at(b, index));
}

/** Tokens that `amounts` cost, not rounded. */
export function tokensOf(amounts: Amounts, ratios: TokenRatios): number {
	let tokens = 0;
	for (let index = 0; index < size; index++) tokens += at(amounts, index) * at(ratios, index);
	return tokens;
}

/** What was observed so far, as the normal equations of the fit: adding one observation costs the same however many there are. */
export type Evidence = { readonly matrix: Float64Array; readonly vector: Float64Array; observations: number };

export const noEvidence = (): Evidence => ({
	matrix: new Float64Array(size * size),
	vector: new Float64Array(size),
	observations: 0,
});

/** Adds that `amounts` cost `tokens`, give or take `noiseTokens`. Changes `evidence`. */
export function observe(evidence: Evidence, amounts: Amounts, tokens: number, noiseTokens = NOISE_TOKENS): void {
	const noise = NOISE_SHARE * Math.max(tokens, tokensOf(amounts, priorRatios)) + noiseTokens;
	const weight = 1 / (noise * noise);
	for (let row = 0; row < size; row++) {
		const scaled = at(amounts, row) * weight;
		if (scaled === 0) continue;
		evidence.vector[row] = at(evidence.vector, row) + scaled * tokens;
		for (let column = 0; column < size; column++) {
			const cell = row * size + column;
			evidence.matrix[cell] = at(evidence.matrix, cell) + scaled * at(amounts, column);
		}
	}
	evidence.observations++;
}

/** The most plausible ratios, none negative. Without evidence: the prior. */
export function ratiosFrom(evidence: Evidence): TokenRatios {
	const ratios = priorRatios.slice();
	for (let round = 0; round < MAX_ROUNDS; round++) {
		let largestMove = 0;
		for (let row = 0; row < size; row++) {
			let rest = at(evidence.vector, row) + at(priorWeights, row) * at(priorRatios, row);
			for (let column = 0; column < size; column++) {
				if (column !== row) rest -= at(evidence.matrix, row * size + column) * at(ratios, column);
			}
			const best = Math.max(0, rest / (at(evidence.matrix, row * size + row) + at(priorWeights, row)));
			largestMove = Math.max(largestMove, Math.abs(best - at(ratios, row)) / at(priorRatios, row));
			ratios[row] = best;
		}
		if (largestMove < SETTLED) break;
	}
	return ratios;
}

const at = (array: Float64Array, index: number): number => array[index] ?? 0;
