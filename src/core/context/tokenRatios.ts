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

type Prior = {
	/** Expected tokens per unit. */
	readonly ratio: number;
	/** How far off it may be by itself, as a share of it. */
	readonly spread: number;
	/** Text of ours: a denser tokenizer makes all of these dearer together. The tokens of replies count thinking that nobody sees as well. */
	readonly isShared: boolean;
};
const ofText = (spread: number, isShared: boolean): Prior => ({ ratio: 1 / PRIOR_BYTES_PER_TOKEN, spread, isShared });
const priors: Readonly<Record<ContentKind, Prior>> = {
	prefix: ofText(0.3, true),
	userText: ofText(0.3, true),
	toolResult: ofText(0.3, true),
	assistantText: ofText(0.4, false),
	toolUse: ofText(0.4, false),
	thinking: ofText(1, false),
	image: { ratio: PRIOR_IMAGE_TOKENS, spread: 1, isShared: false },
	block: { ratio: PRIOR_BLOCK_TOKENS, spread: 1, isShared: false },
	reply: { ratio: 1, spread: 0.03, isShared: false },
};
/** How far off all texts of ours may be together: what is learned about one kind tells something about those that were not seen yet. */
const SHARED_SPREAD = 0.3;

/** Text of one kind varies by about this share around its mean, and counts are whole numbers: how much one observation is trusted. */
const NOISE_SHARE = 0.02;
const NOISE_TOKENS = 1;
/** Coordinate descent on nine unknowns settles in a few dozen rounds unless two kinds always came together; then any split will do. */
const MAX_ROUNDS = 1000;
const SETTLED = 1e-7;

const size = contentKinds.length;
const priorRatios = Float64Array.from(contentKinds, (kind) => priors[kind].ratio);
const priorMatrix = priorWeights();
const priorVector = priorRatios.map((_, row) => {
	let sum = 0;
	for (let column = 0; column < size; column++) sum += at(priorMatrix, row * size + column) * at(priorRatios, column);
	return sum;
});

/** The inverse of the covariance of the ratios: one's own spread on the diagonal, and the shared one between the texts of ours. */
function priorWeights(): Float64Array {
	const weights = new Float64Array(size * size);
	let own = 0;
	for (const kind of contentKinds) if (priors[kind].isShared) own += 1 / priors[kind].spread ** 2;
	const shared = SHARED_SPREAD ** 2 / (1 + SHARED_SPREAD ** 2 * own);
	contentKinds.forEach((left, row) => {
		const first = priors[left];
		weights[row * size + row] = 1 / (first.ratio * first.spread) ** 2;
		if (!first.isShared) return;
		contentKinds.forEach((right, column) => {
			const second = priors[right];
			if (!second.isShared) return;
			const both = first.spread ** 2 * second.spread ** 2 * first.ratio * second.ratio;
			weights[row * size + column] = at(weights, row * size + column) - shared / both;
		});
	});
	return weights;
}

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
			let rest = at(evidence.vector, row) + at(priorVector, row);
			for (let column = 0; column < size; column++) {
				const cell = row * size + column;
				if (column !== row) rest -= (at(evidence.matrix, cell) + at(priorMatrix, cell)) * at(ratios, column);
			}
			const cell = row * size + row;
			const best = Math.max(0, rest / (at(evidence.matrix, cell) + at(priorMatrix, cell)));
			largestMove = Math.max(largestMove, Math.abs(best - at(ratios, row)) / at(priorRatios, row));
			ratios[row] = best;
		}
		if (largestMove < SETTLED) break;
	}
	return ratios;
}

function at(array: Float64Array, index: number): number {
	return array[index] ?? 0;
}
