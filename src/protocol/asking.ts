/** Cards that ask the user something else than permission: questions with choices, and a plan. Their rows and their answers. */
import * as z from 'zod';

export const questionSchema = z.object({
	header: z.string(),
	text: z.string(),
	options: z.array(z.object({ label: z.string(), description: z.string() })),
	isMulti: z.boolean(),
});
export type ShownQuestion = z.infer<typeof questionSchema>;

export const askAnswerSchema = z.discriminatedUnion('kind', [
	/** One for each question, in order. `chosen` are labels. */
	z.object({
		kind: z.literal('answers'),
		answers: z.array(z.object({ chosen: z.array(z.string()), other: z.string().optional() })),
	}),
	z.object({ kind: z.literal('decline') }),
	z.object({ kind: z.literal('acceptPlan'), mode: z.enum(['ask', 'acceptEdits']) }),
	z.object({ kind: z.literal('keepPlanning'), comment: z.string().optional() }),
]);
export type AskAnswer = z.infer<typeof askAnswerSchema>;

/** A step of the work, above the input. */
export const shownTaskSchema = z.object({ text: z.string(), state: z.enum(['pending', 'inProgress', 'completed']) });
export type ShownTask = z.infer<typeof shownTaskSchema>;
