/** The fields of the two entries that link a session to the fresh one which continues it, each in the log of its own side. */
import * as z from 'zod';
import { sessionIdSchema } from './tailFields.ts';

export const continuationFields = {
	/** This session continues another one. The newest one counts; it stands before the first prompt. */
	continues: {
		other: sessionIdSchema,
		/** What the other one was called then. */
		title: z.string(),
		/** What the first prompt takes along, as the user left it; empty = nothing. */
		brief: z.string(),
	},
	/** A fresh session was started from here, with a brief or without. Nothing else of this session changed. */
	continuedIn: {
		other: sessionIdSchema,
		/** What drafting the brief cost; null = its price is not known. */
		costUsd: z.number().nullable().optional(),
	},
} as const;
