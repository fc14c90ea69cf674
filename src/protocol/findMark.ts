/** What to mark in a row that was found, as the host made it from the query: the page need not know how a query is read. */
import * as z from 'zod';

export const findMarkSchema = z.object({
	/** Source of a regular expression with the flag `u`. */
	pattern: z.string(),
	isCaseSensitive: z.boolean(),
});
export type FindMark = z.infer<typeof findMarkSchema>;
