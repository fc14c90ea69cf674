/** What of a tool call's effects on files could not be brought back, as `toolStarted` says it. A schema only. */
import * as z from 'zod';

export const callLimitsSchema = z.object({
	/** The first ones; a folder's path has a `/` at its end. The reason is a sentence part. */
	items: z.array(z.object({ path: z.string(), reason: z.string() })),
	/** How many there are besides. */
	more: z.number().int().positive().optional(),
	/** Nothing at all is seen, and why. */
	unavailable: z.string().optional(),
});
export type CallLimits = z.infer<typeof callLimitsSchema>;
