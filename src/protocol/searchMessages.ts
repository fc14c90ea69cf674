/** What the search page and the host say to each other. Closed unions; both sides parse every message. */
import * as z from 'zod';

export const searchToHostSchema = z.discriminatedUnion('kind', [
	/** The page has loaded: answer with `search.setup`. */
	z.object({ kind: z.literal('search.ready') }),
	/** A new search; the one before is cancelled. An empty text only cancels. Answered with `found` and `done` of the same number. */
	z.object({ kind: z.literal('search.start'), number: z.number().int(), text: z.string() }),
	/** Show this message. */
	z.object({
		kind: z.literal('search.open'),
		session: z.string(),
		entryId: z.string().nullable(),
		/** What to mark in it. */
		text: z.string(),
	}),
	/** A part of the page failed; logged. */
	z.object({ kind: z.literal('search.pageError'), message: z.string() }),
]);
export type SearchToHost = z.infer<typeof searchToHostSchema>;

const rangeSchema = z.tuple([z.number().int(), z.number().int()]);

export const searchSessionSchema = z.object({
	/** Opaque; comes back in `search.open`. */
	key: z.string(),
	title: z.string(),
	/** Unix ms. */
	updatedAt: z.number(),
	isTrashed: z.boolean(),
});
export type SearchSession = z.infer<typeof searchSessionSchema>;

export const searchHitSchema = z.object({
	/** Key of its session. */
	session: z.string(),
	entryId: z.string(),
	/** `You`, `Retrace`, `Bash` … */
	label: z.string(),
	isError: z.boolean(),
	/** It is in the model's thinking. */
	isThinking: z.boolean(),
	/** Unix ms. */
	timestamp: z.number(),
	text: z.string(),
	/** `[start, end)` in `text`. */
	ranges: z.array(rangeSchema),
});
export type SearchPageHit = z.infer<typeof searchHitSchema>;

export const searchToPageSchema = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('search.setup'),
		/** Why nothing can be searched; null = it can. */
		unavailable: z.string().nullable(),
		/** Names to choose from. */
		tools: z.array(z.string()),
	}),
	z.object({
		kind: z.literal('search.found'),
		number: z.number().int(),
		sessions: z.array(searchSessionSchema),
		hits: z.array(searchHitSchema),
	}),
	z.object({
		kind: z.literal('search.done'),
		number: z.number().int(),
		/** False: more was there than is shown. */
		isComplete: z.boolean(),
		/** Sessions with more hits than are shown of one session. */
		cutSessions: z.array(z.string()),
		/** Stored outputs that could not be searched. */
		unsearchedOutputs: z.number().int(),
	}),
	/** What was typed is not valid (`isInvalid`), or the search failed. */
	z.object({ kind: z.literal('search.failed'), number: z.number().int(), message: z.string(), isInvalid: z.boolean() }),
	/** Put the cursor into the textbox, and this text if there is one. */
	z.object({ kind: z.literal('search.focus'), text: z.string().optional() }),
]);
export type SearchToPage = z.infer<typeof searchToPageSchema>;
