/** The context meter and its breakdown, as the panel and the status bar show them. All counts are tokens. */
import * as z from 'zod';

export const contextMeterSchema = z.object({
	/** Tokens of the next request, without a prompt that is still being typed. */
	usedTokens: z.number().int().nonnegative(),
	/** The context window. */
	maxTokens: z.number().int().positive(),
	/** Where compaction would start. */
	triggerTokens: z.number().int().nonnegative(),
	/** Where the context-rot zone starts; at or above `maxTokens` = no zone. */
	rotTokens: z.number().int().nonnegative(),
	/** The part of `usedTokens` that is estimated rather than reported by the model. */
	estimatedTokens: z.number().int().nonnegative(),
	layers: z.array(
		z.object({
			layer: z.enum(['tools', 'system', 'context', 'messages', 'toolResults', 'reply']),
			label: z.string(),
			tokens: z.number().int().nonnegative(),
		}),
	),
	costUsd: z.number().nonnegative(),
	/** `$0.42`, `$0.42 and more`, `price not known`. */
	costText: z.string().optional(),
	/** Day and source of the prices, and what is not in the sum. */
	costNote: z.string().optional(),
	/** Share of the whole session's input that was read from the cache, 0 to 1; null before the first reply. */
	sessionCacheShare: z.number().min(0).max(1).nullable().optional(),
	/** Share of the last request's input that was read from the cache, 0 to 1; null before the first reply. */
	cacheShare: z.number().min(0).max(1).nullable(),
	/** Turns until the trigger at the present pace; null when unknown. */
	turnsLeft: z.number().int().nonnegative().nullable(),
});
export type ContextMeter = z.infer<typeof contextMeterSchema>;

/** The same text everywhere: `41,200 of 200,000 tokens, 21 %`. */
export function describeMeter(meter: Pick<ContextMeter, 'usedTokens' | 'maxTokens'>): string {
	const percent = Math.round((100 * meter.usedTokens) / meter.maxTokens);
	return `${meter.usedTokens.toLocaleString('en-US')} of ${meter.maxTokens.toLocaleString('en-US')} tokens, ${percent} %`;
}

/** `41.2k`, `200k`, `950`. */
export function shortTokens(tokens: number): string {
	if (tokens < 1000) return String(tokens);
	if (tokens < 1_000_000) return `${trimZero((tokens / 1000).toFixed(tokens < 99_950 ? 1 : 0))}k`;
	return `${trimZero((tokens / 1_000_000).toFixed(2))}M`;
}

const trimZero = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
