/** TaskList: the steps of longer work, kept in the log and shown above the input. Each call gives the whole list. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { mendInput } from './mendInput.ts';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

export const TASK_LIST = 'TaskList';
const LOGGED = { pending: 'pending', active: 'inProgress', done: 'completed' } as const;

const input = z.object({
	tasks: z
		.array(z.object({ text: z.string().min(1).max(300), state: z.enum(['pending', 'active', 'done']) }))
		.max(50)
		.describe('The whole list; empty clears it'),
});

export const taskListTool: Tool<z.infer<typeof input>> = {
	name: TASK_LIST,
	version: 1,
	description:
		'Keeps the list of steps that the user sees, for work of three steps or more. Give the whole list each time: one task active while you work on it, done as soon as it is.',
	input,
	effect: 'none',
	label: ({ tasks }) => ({ verb: 'Tasks', target: tasks.find(({ state }) => state === 'active')?.text ?? '' }),
	async run({ tasks }, context) {
		const keeper = context.services?.tasks;
		if (!keeper) return failure('There is no task list here. Keep track of the steps yourself.');
		keeper.keep(tasks.map(({ text, state }) => ({ text: text.replace(/\s+/g, ' ').trim(), state: LOGGED[state] })));
		const done = tasks.filter(({ state }) => state === 'done').length;
		const summary = tasks.length === 0 ? 'cleared' : `${done} of ${tasks.length} done`;
		return success(`The task list has ${plural(tasks.length, 'task')}: ${summary}.`, summary);
	},
};

/** Whether a call of this tool left something to do. */
export function hasOpenTasks(callInput: unknown): boolean {
	const parsed = input.safeParse(mendInput(taskListTool, callInput));
	return parsed.success && parsed.data.tasks.some(({ state }) => state !== 'done');
}
