/**
 * What a memory file costs in tokens, the same wherever it is shown: of a file that is in the context its share there, moved by what changed
 * in it since; of any other an estimate by its bytes. Pure.
 */
import { utf8Length } from '../../base/text.ts';
import { amountOf, noEvidence, ratiosFrom, type TokenRatios, tokensOf } from '../context/tokenRatios.ts';
import { type MemoryFile, memorySection } from './memoryFile.ts';

export type MemoryWeights = {
	readonly tokensPerByte: number;
	/** Of files that are in the context. `bytes` are those of their sections when they were frozen. */
	readonly files: readonly { readonly path: string; readonly tokens: number; readonly bytes: number }[];
};

/** Before any session told better. */
export const priorWeights: MemoryWeights = { tokensPerByte: perByte(ratiosFrom(noEvidence())), files: [] };

/** A whole number. */
export function memoryTokens(file: Pick<MemoryFile, 'path' | 'text'>, weights: MemoryWeights): number {
	if (file.text.trim() === '') return 0;
	const bytes = utf8Length(memorySection(file));
	const path = slashed(file.path);
	const known = weights.files.find((one) => slashed(one.path) === path);
	const tokens = known ? known.tokens + (bytes - known.bytes) * weights.tokensPerByte : bytes * weights.tokensPerByte;
	return Math.max(0, Math.round(tokens));
}

type InContext = { readonly kind: string; readonly path?: string; readonly tokens: number };
type Sent = { readonly kind: string; readonly path?: string; readonly text: string };

/** From the items of the context and the pieces of its frozen start. */
export function memoryWeights(
	items: readonly InContext[],
	pieces: readonly Sent[],
	ratios: TokenRatios | undefined,
): MemoryWeights {
	const texts = new Map(
		pieces.flatMap(({ kind, path, text }) =>
			kind === 'memory' && path !== undefined ? [[path, text.slice(Math.max(0, text.indexOf(`## ${path}\n`)))]] : [],
		),
	);
	const files = items.flatMap(({ kind, path, tokens }) => {
		const text = kind === 'memory' && path !== undefined ? texts.get(path) : undefined;
		return path === undefined || text === undefined ? [] : [{ path, tokens, bytes: utf8Length(text) }];
	});
	return { tokensPerByte: ratios ? perByte(ratios) : priorWeights.tokensPerByte, files };
}

function perByte(ratios: TokenRatios): number {
	return tokensOf(amountOf('prefix', 1), ratios);
}

const slashed = (path: string): string => path.replaceAll('\\', '/');
