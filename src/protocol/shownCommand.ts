/** A slash command that is no built-in one, as the input offers it. */
import * as z from 'zod';

export const shownCommandSchema = z.object({
	/** Without the slash. */
	name: z.string(),
	detail: z.string(),
	/** What to type behind it; empty when nothing is needed. */
	hint: z.string(),
	origin: z.enum(['project', 'user', 'skill', 'mcp']),
});
export type ShownCommand = z.infer<typeof shownCommandSchema>;
