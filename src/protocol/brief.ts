/** The brief that a fresh session starts with: the dialog that shows it, and what the user does there. */
import * as z from 'zod';

export const panelBriefSchema = z.object({
	id: z.string(),
	text: z.string(),
	/** What the new session is for, as the user said it; empty = not said. */
	focus: z.string(),
	/** What to know of the text, e.g. that no model wrote it; empty = nothing. */
	note: z.string(),
	/** What drafting it cost; null = not known. */
	costUsd: z.number().nullable(),
	/** It is the brief of the session that is shown, to be changed before the first prompt. */
	isStarted: z.boolean(),
});
export type PanelBrief = z.infer<typeof panelBriefSchema>;

/** About 50,000 tokens: a brief that long is none. */
const MAX_BRIEF_CHARS = 200_000;

export const briefAnswerSchema = z.object({
	kind: z.literal('brief.answer'),
	id: z.string(),
	answer: z.discriminatedUnion('kind', [
		z.object({ kind: z.literal('use'), text: z.string().max(MAX_BRIEF_CHARS) }),
		z.object({ kind: z.literal('without') }),
		z.object({ kind: z.literal('redraft'), focus: z.string(), text: z.string() }),
		z.object({ kind: z.literal('cancel') }),
	]),
});
