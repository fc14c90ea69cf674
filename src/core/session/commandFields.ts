/** What the log keeps of a slash command: how it was typed, and what its file brought with it. */
import * as z from 'zod';
import { blobRefSchema, toolUseIdSchema } from './content.ts';

/** A shell command of the file whose output belongs to the prompt. */
const runSchema = z.object({
	/** Under which its question, its effects and its output stand. */
	toolUseId: toolUseIdSchema,
	command: z.string(),
	/** Where the output belongs: the place of the mark in the text of the prompt, in UTF-16 units. */
	at: z.number().int().nonnegative(),
	length: z.number().int().positive(),
});

/** Rules that a file asks for, with the hash of what was to be agreed to. */
export const commandGrantSchema = z.object({
	/** What asks for them: `/review`. */
	by: z.string(),
	path: z.string(),
	scope: z.enum(['project', 'user']),
	rules: z.array(z.string()).readonly(),
	hash: z.string(),
});
export type CommandGrant = Readonly<z.infer<typeof commandGrantSchema>>;

/** Of a `user` entry that a slash command made. */
export const commandSchema = z.object({
	name: z.string(),
	argument: z.string(),
	/** The prompt is words of its own, by which the work of an earlier one of the command goes on. */
	continues: z.literal(true).optional(),
	runs: z.array(runSchema).optional(),
	grant: commandGrantSchema.optional(),
	/** Rules for what may not be used in the turn. */
	denied: z.array(z.string()).optional(),
	/** An agent of this kind does it, in a conversation of its own that begins with `prompt`; places of `runs` are places there. */
	fork: z
		.object({
			toolUseId: toolUseIdSchema,
			kind: z.string(),
			prompt: z.string(),
			model: z.string().optional(),
			effort: z.string().optional(),
		})
		.optional(),
	/** What the file says; `before`: the turn runs with it, and this is the model to go back to. */
	model: z.object({ wanted: z.string(), before: z.string().optional() }).optional(),
	/** Likewise: how much the model thinks in the turn, and effort and thinking to go back to. */
	tuning: z
		.object({
			effort: z.string().optional(),
			before: z.object({ effort: z.string().nullable(), isThinking: z.boolean() }).optional(),
		})
		.optional(),
});

/** Of an `attachment` that is the output of a command of the prompt. */
export const ranSchema = z.object({
	toolUseId: toolUseIdSchema,
	isError: z.boolean(),
	durationMs: z.number(),
	summary: z.string().optional(),
	/** All of it, where the content is a shortened form. */
	output: blobRefSchema.optional(),
});
