/** The fields of a `hook` entry: what a hook did that said something, held something up, changed something or failed. */
import * as z from 'zod';
import { toolUseIdSchema } from './content.ts';

export const hookFields = {
	point: z.string(),
	command: z.string(),
	exitCode: z.number().int().nullable(),
	durationMs: z.number(),
	/** What it printed, shortened; credentials masked. */
	output: z.string(),
	toolUseId: toolUseIdSchema.optional(),
	/** What came of it; absent in old logs. `blocked`: it held up what the point is about. */
	outcome: z.enum(['ok', 'blocked', 'failed']).optional(),
	/** For a person: why it blocked or failed, or what it wanted to say. */
	note: z.string().optional(),
	/** Files that were changed while the hooks of this point ran; their operations stand before this entry. */
	changedFiles: z.number().int().nonnegative().optional(),
	/** The input that the call got in the place of its own. */
	updatedInput: z.unknown().optional(),
} as const;
