/** What the window tells the language server of context files: what it knows of tools and models, and what files weigh in the session. */
import * as z from 'zod';

/** Sent once, with the start. */
export const serverFactsSchema = z.object({
	tools: z.array(
		z.object({
			name: z.string(),
			description: z.string(),
			/** What the pattern of a rule for it is compared with. */
			reach: z.enum(['none', 'command', 'host', 'name', 'path']),
		}),
	),
	models: z.array(z.object({ id: z.string(), displayName: z.string() })),
});
export type ServerFacts = z.infer<typeof serverFactsSchema>;

/** Sent whenever they change: the same figures as those of the list of what is in the context. */
export const memoryWeightsSchema = z.object({
	tokensPerByte: z.number().nonnegative(),
	files: z.array(z.object({ path: z.string(), tokens: z.number(), bytes: z.number() })),
});
