/**
 * Counts tokens with a hidden ratio per kind of block, 2.5 to 4.5 bytes a token, the same for the same seed.
 * A client that has learned its ratios must come near without knowing them.
 */
import { blocksOf, canonicalJson, type Json, type Piece } from './canonical.ts';

const LEAST_BYTES_PER_TOKEN = 2.5;
const MOST_BYTES_PER_TOKEN = 4.5;
/** An image costs what its size in pixels says; all test images are small. */
const IMAGE_TOKENS = 200;

export type TokenCount = { (piece: Piece): number; output(block: Json): number };

export function createTokenCount(seed: number): TokenCount {
	const ratioOf = (kind: string) => {
		let hash = (2166136261 ^ seed) >>> 0;
		for (const char of kind) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
		hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0;
		const share = ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
		return LEAST_BYTES_PER_TOKEN + share * (MOST_BYTES_PER_TOKEN - LEAST_BYTES_PER_TOKEN);
	};
	const tokens = (kind: string, block: Json): number => {
		if (block.type === 'image') return IMAGE_TOKENS;
		if (block.type === 'tool_result') {
			const images = blocksOf(block.content).filter((inner) => inner.type === 'image').length;
			return Math.ceil(Buffer.byteLength(countedText(block)) / ratioOf(kind)) + images * IMAGE_TOKENS;
		}
		return Math.ceil(Buffer.byteLength(countedText(block)) / ratioOf(kind));
	};
	const count = (piece: Piece) => tokens(piece.kind, piece.block);
	return Object.assign(count, { output: (block: Json) => tokens(`assistant:${String(block.type)}`, block) });
}

/** What the model reads of a block. Signatures and ids are not for it. */
function countedText(block: Json): string {
	switch (block.type) {
		case 'text':
			return String(block.text);
		case 'thinking':
			return String(block.thinking);
		case 'redacted_thinking':
			return String(block.data);
		case 'tool_use':
			return `${String(block.name)}${JSON.stringify(block.input)}`;
		case 'tool_result':
			return blocksOf(block.content)
				.filter((inner) => inner.type !== 'image')
				.map(countedText)
				.join('');
		default:
			return canonicalJson(block);
	}
}
