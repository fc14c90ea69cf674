/** A command that goes on in the background, as the panel lists it above the input, and what can be done with a command. */
import * as z from 'zod';

export const runningCommandSchema = z.object({
	/** Of the call that started it. */
	id: z.string(),
	/** What the agent calls it. */
	name: z.string(),
	command: z.string(),
	/** Unix ms. */
	startedAt: z.number(),
});
export type RunningCommand = z.infer<typeof runningCommandSchema>;

/** About the command of a call. */
export const commandActSchema = z.object({
	kind: z.literal('command.act'),
	id: z.string(),
	/** `terminal` shows what it prints; `runInTerminal` runs it once more, in a terminal of the user's. */
	action: z.enum(['stop', 'terminal', 'runInTerminal']),
});
