/**
 * The fields of a `subagent` entry: one when a run of a subagent begins, one with the start of its requests once that is frozen, one when
 * the run is over.
 */
import * as z from 'zod';
import { toolUseIdSchema } from './content.ts';
import { prefixFields } from './prefixFields.ts';
import { entryIdSchema } from './tailFields.ts';

/** How a run was over. `limit`: it used up its steps. */
const endSchema = z.object({
	reason: z.enum(['done', 'stopped', 'failed', 'limit', 'interrupted']),
	/** Of this run; null = the price is not known. */
	costUsd: z.number().nullable(),
	steps: z.number().int().nonnegative(),
	/** What its last request and reply came to. */
	tokens: z.number().int().nonnegative(),
	durationMs: z.number(),
});
export type SubagentEnd = z.infer<typeof endSchema>;

export const subagentFields = {
	subagentId: z.string().min(1),
	/** What kind of agent it is. */
	name: z.string(),
	/** What it was told; empty in an entry that does not begin a run. */
	prompt: z.string(),
	toolUseId: toolUseIdSchema.optional(),
	/** What it is for, in a few words for a person. */
	description: z.string().optional(),
	model: z.string().optional(),
	windowTokens: z.number().int().positive().optional(),
	/** It knows the conversation up to this entry (null = none of it) and sends the same start. */
	knows: entryIdSchema.nullable().optional(),
	/** What its requests start with from here on. Not a `prefix` of its own, since the session's own one is found by that type. */
	prefix: z.object({ ...prefixFields, thinking: z.unknown().optional() }).optional(),
	/** Set in the entry that ends a run. */
	end: endSchema.optional(),
} as const;
