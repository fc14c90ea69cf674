/** AskUser: questions with choices, answered in the panel. The answer always may be the user's own words. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { type Question, type QuestionAnswer, waitForUser } from './asking.ts';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

const MAX_SHOWN_CHARS = 80;

const question = z.object({
	header: z.string().min(1).max(40).describe('1 or 2 words'),
	question: z.string().min(1).max(2_000),
	options: z
		.array(z.object({ label: z.string().min(1).max(200), description: z.string().max(1_000).optional() }))
		.min(2)
		.max(5),
	multi_select: z.boolean().optional(),
});

const input = z.object({ questions: z.array(question).min(1).max(4) });

export const askUserTool: Tool<z.infer<typeof input>> = {
	name: 'AskUser',
	version: 1,
	description:
		'Asks the user to choose, where the choice is theirs and changes the work. They may always answer in their own words, so offer no "Other". Put the option you recommend first.',
	input,
	effect: 'none',
	label: ({ questions }) => ({ verb: 'Ask', target: questions.map(({ question: text }) => shown(text)).join(' · ') }),
	async run({ questions }, context) {
		const asking = context.services?.asking;
		if (!asking) return failure('The user cannot be asked from here. Choose the sensible way and say which.');
		const asked = questions.map(toQuestion);
		const { toolUseId, signal } = context;
		const answer = await waitForUser(context, () => asking.askQuestions({ toolUseId, questions: asked }, signal));
		if (answer.kind === 'declined')
			return success(
				'The user declined to answer. Do not ask it again: choose the sensible way and say which, or end the turn if nothing can be done without it.',
				'declined',
			);
		const lines = asked.map(
			({ header, text }, index) => `${oneLine(header)}: ${text.trim()}\nAnswer: ${answerText(answer.answers[index])}`,
		);
		const first = answer.answers.length === 1 ? shown(answerText(answer.answers[0])) : undefined;
		return success(lines.join('\n\n'), first ?? plural(answer.answers.length, 'answer'));
	},
};

function toQuestion({ header, question: text, options, multi_select }: z.infer<typeof question>): Question {
	return {
		header,
		text,
		options: options.map(({ label, description }) => (description ? { label, description } : { label })),
		isMulti: multi_select === true,
	};
}

function answerText(answer: QuestionAnswer | undefined): string {
	const own = answer?.other?.trim();
	const parts = [...(answer?.chosen ?? []).map(oneLine), ...(own ? [`in their own words: ${own}`] : [])];
	return parts.length === 0 ? 'none given' : parts.join('; ');
}

function shown(text: string): string {
	const line = oneLine(text);
	return line.length > MAX_SHOWN_CHARS ? `${line.slice(0, MAX_SHOWN_CHARS - 1)}…` : line;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
