/** The fields of a `tail`: what a list and a session opened in part need of everything before it. With the ids that entries name each other by. */
import * as z from 'zod';
import { asEntryId, asSessionId } from '../../base/ids.ts';
import { worktreeRefSchema } from './worktreeFields.ts';

export const entryIdSchema = z.string().min(1).transform(asEntryId);
export const sessionIdSchema = z.string().min(1).transform(asSessionId);

export const tailFields = {
	title: z.string(),
	leaf: entryIdSchema.nullable(),
	counts: z.object({ entries: z.number().int(), prompts: z.number().int(), tools: z.number().int() }),
	costUsd: z.number(),
	state: z.string(),
	lastPrompt: z.string(),
	pinned: z.boolean(),
	isArchived: z.boolean().optional(),
	/** When the conversation last went on: names, pins and labels do not count. */
	usedAt: z.number().optional(),
	/** The last turn ended with an error. */
	hasFailed: z.boolean().optional(),
	/** Where the session's log ended when this was made: when it does not stand there, another window wrote in between. */
	upTo: z.number().int().nonnegative().optional(),
	/** The highest epoch of a file operation so far. */
	epoch: z.number().int().nonnegative().optional(),
	model: z.string().optional(),
	/** Who named the session; absent while nobody did. */
	titleBy: z.enum(['prompt', 'model', 'user']).optional(),
	/** The entry it was forked from. */
	origin: z.object({ sessionId: sessionIdSchema, entryId: entryIdSchema.nullable() }).optional(),
	/** As in the header. */
	worktree: worktreeRefSchema.optional(),
	/** Ledger entries that count though a compaction replaced what they hang on, each with that compaction. */
	held: z.array(z.tuple([entryIdSchema, entryIdSchema])).optional(),
	/** Where the way up goes on, for each entry on it that is in no range: the next one up that is. */
	links: z.array(z.tuple([entryIdSchema, entryIdSchema.nullable()])).optional(),
	/** Byte ranges `[start, end)` of the active branch and its ledger since its newest compaction, merged to at most 64. */
	extents: z.array(z.tuple([z.number().int(), z.number().int()])),
} as const;
