/** The inspector's part of what host and panel say to each other: the items of the next request, what an edit of them would cost, and the wishes. */
import * as z from 'zod';
import { factActSchema, panelFactsSchema } from './facts.ts';

const contextItemKindSchema = z.enum([
	'tools',
	'system',
	'memory',
	'environment',
	'prompt',
	'attachment',
	'reply',
	'thinking',
	'toolResult',
	'image',
	'reminder',
	'summary',
	'restored',
	'fact',
]);
export const contextOpSchema = z.enum(['fold', 'unfold', 'drop', 'pin', 'unpin']);
export type ContextOp = z.infer<typeof contextOpSchema>;

export const contextItemSchema = z.object({
	id: z.string(),
	kind: contextItemKindSchema,
	label: z.string(),
	tokens: z.number().int().nonnegative(),
	/** Prompts that came after it. */
	turnsAgo: z.number().int().nonnegative(),
	state: z.enum(['whole', 'folded', 'dropped']),
	isPinned: z.boolean(),
	isSuperseded: z.boolean(),
	/** What was read differs from the file as it is now. */
	stale: z.enum(['changed', 'gone']).nullable(),
	/** 0 to 1. */
	importance: z.number().min(0).max(1),
	ops: z.array(contextOpSchema),
	/** What `open` can show. */
	opens: z.array(z.enum(['file', 'message'])),
});
export type PanelContextItem = z.infer<typeof contextItemSchema>;

export const contextListSchema = z.object({
	/** In the order in which they are sent. */
	items: z.array(contextItemSchema),
	/** Why nothing can be changed now; null = it can. */
	busyReason: z.string().nullable(),
	/** Something was sent, so it can be shown. */
	hasLast: z.boolean(),
	/** The last request read less from the cache than it should: in a few words; null = it did not. */
	miss: z.string().nullable(),
	facts: panelFactsSchema,
});
export type ContextList = z.infer<typeof contextListSchema>;

/** What one edit would change and cost, before it is made. */
export const contextPlanSchema = z.object({
	op: contextOpSchema,
	ids: z.array(z.string()),
	/** Why it cannot be made; null = it can. */
	refusal: z.string().nullable(),
	/** Negative when the next request grows. */
	tokensFreed: z.number().int(),
	thinkingRemoved: z.number().int().nonnegative(),
	/** Tokens that the next request writes to the cache again. */
	tokensToWrite: z.number().int().nonnegative(),
	/** What the next request costs more, or less below zero; null = the price is not known. */
	costUsd: z.number().nullable(),
	/** What each one after it costs less; null likewise. */
	savedUsd: z.number().nullable(),
	/** Nothing is in the cache any more, so it costs nothing. */
	isCacheCold: z.boolean(),
});
export type ContextPlan = z.infer<typeof contextPlanSchema>;

const ids = z.array(z.string()).max(10_000);

/** What the dialog asks for. */
export const inspectSchema = z.discriminatedUnion('kind', [
	/** The list as it is now: answered with `context.list`. */
	z.object({ kind: z.literal('refresh') }),
	/** What an edit would cost: answered with `context.plan`. */
	z.object({ kind: z.literal('plan'), op: contextOpSchema, ids }),
	/** Make it. */
	z.object({ kind: z.literal('apply'), op: contextOpSchema, ids }),
	z.object({ kind: z.literal('fact'), fact: factActSchema }),
	z.object({ kind: z.literal('open'), id: z.string(), what: z.enum(['file', 'message']) }),
	z.object({ kind: z.literal('show'), what: z.enum(['nextRequest', 'lastRequest', 'lastResponse', 'cacheMiss']) }),
]);
export type Inspect = z.infer<typeof inspectSchema>;
