/** A quiet line above the input: why now may be a good moment, and what for. */
import * as z from 'zod';

export const suggestionCauseSchema = z.enum(['newTask', 'rot', 'forecast']);
export type SuggestionCause = z.infer<typeof suggestionCauseSchema>;

export const suggestionSchema = z.object({
	cause: suggestionCauseSchema,
	text: z.string(),
	/** What the line offers. */
	action: z.enum(['clear', 'compact']),
});
export type Suggestion = z.infer<typeof suggestionSchema>;
