/** The fields of a `notice`: something the user was told that is part of the log. */
import * as z from 'zod';
import { blobRefSchema, toolUseIdSchema } from './content.ts';

export const noticeFields = {
	level: z.enum(['info', 'warning', 'error']),
	code: z.string(),
	text: z.string(),
	/** It is about the end of a command in the background, which this call started. */
	background: z
		.object({
			toolUseId: toolUseIdSchema,
			/** Null when it was killed, or is not known. */
			exitCode: z.number().int().nullable(),
			/** `lost`: the window in which it ran was gone. */
			how: z.enum(['exited', 'stopped', 'lost']),
			/** All that it printed, within a limit. */
			output: blobRefSchema.optional(),
			/** It failed in a sandbox, which may be the cause. */
			isBlocked: z.boolean().optional(),
			/** What it made in a sandbox though it is protected. */
			madeProtected: z.array(z.string()).optional(),
			/** Sites that it reached from a sandbox, and that it was kept from. */
			sites: z.object({ reached: z.array(z.string()), refused: z.array(z.string()) }).optional(),
		})
		.optional(),
} as const;
