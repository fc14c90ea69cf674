/** What a compaction keeps of the conversation it replaces, and what the user changes in the facts it drew. Fields of `entry.ts`. */
import * as z from 'zod';
import { storedInputBlockSchema, toolUseIdSchema } from './content.ts';
import { entryIdSchema } from './tailFields.ts';

/** A part of the context: an entry, one block of it, or a call with its result. */
export const contextRefSchema = z.object({
	entry: entryIdSchema,
	block: z.number().int().nonnegative().optional(),
	toolUseId: toolUseIdSchema.optional(),
});
export type ContextRef = z.infer<typeof contextRefSchema>;

export const factKindSchema = z.enum(['decision', 'cause', 'constraint']);
export type FactKind = z.infer<typeof factKindSchema>;

const factSchema = z.object({
	/** One on a branch, e.g. `f3`. */
	id: z.string(),
	kind: factKindSchema,
	topic: z.string(),
	text: z.string(),
	/** The entry it was said in, where that is known. */
	ref: z.object({ entry: entryIdSchema }).optional(),
	/** Kept whatever else is drawn. */
	isPinned: z.boolean().optional(),
	/** Who worded it last. */
	by: z.enum(['model', 'user']),
});
/** A short statement that outlives the conversation it was made in. */
export type Fact = z.infer<typeof factSchema>;

/** How room was made: by a model's summary, or without a model by what is kept word for word. */
export const strategySchema = z.enum(['summarize', 'rollingWindow', 'selective']);
export type ContextStrategy = z.infer<typeof strategySchema>;

/** The range (`after`, `until`] of the branch is replaced by the summary and what was restored. Undone by a rewind to the parent. */
export const compactionFields = {
	replaces: z.object({ after: entryIdSchema.nullable(), until: entryIdSchema }),
	summary: z.string(),
	/** `ref`: the part of the conversation that stands here word for word. */
	restored: z.array(z.object({ what: z.string(), content: storedInputBlockSchema, ref: contextRefSchema.optional() })),
	pins: z.array(contextRefSchema),
	by: z.enum(['auto', 'manual', 'partial', 'forced']),
	focus: z.string().optional(),
	/** All facts that are known from here on; they stand in `restored` as they were sent. */
	facts: z.array(factSchema).optional(),
	/** Absent: `summarize`. */
	strategy: strategySchema.optional(),
	/** Where the line stood that made it due. */
	lineTokens: z.number().int().nonnegative().optional(),
	/** What the summary cost; null = its price is not known. */
	costUsd: z.number().nullable().optional(),
	tokensBefore: z.number().int().nonnegative(),
	tokensAfter: z.number().int().nonnegative(),
} as const;

/** The user changed facts. Branch order, the last wins; the model is told with the next prompt. */
export const factEditFields = {
	edits: z.array(
		z.object({
			fact: z.string(),
			op: z.enum(['add', 'change', 'delete', 'pin', 'unpin']),
			kind: factKindSchema.optional(),
			topic: z.string().optional(),
			text: z.string().optional(),
		}),
	),
} as const;
