/** BashOutput and KillBash: what a command in the background printed since the last time, and its end. Bash starts it. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import type { BackgroundNews } from '../background/backgroundPort.ts';
import { failure } from './paths.ts';
import { readableOutput } from './readableOutput.ts';
import type { Tool, ToolContext, ToolOutcome } from './tool.ts';

const MAX_WAIT_MS = 60_000;

const readInput = z.object({
	id: z.string().min(1).describe('As Bash gave it'),
	wait_ms: z.int().min(0).max(MAX_WAIT_MS).optional().describe('Wait for news at most so long; default 0'),
	filter: z.string().min(1).optional().describe('Only lines with this text (case ignored); the others are passed over'),
});

export const bashOutputTool: Tool<z.infer<typeof readInput>> = {
	name: 'BashOutput',
	version: 1,
	description:
		'Gives what a background command of Bash (server, watcher) has printed since the last time, and its exit code once it has ended.',
	input: readInput,
	effect: 'none',
	label: ({ id }) => ({ verb: 'Read output of', target: id }),
	async run({ id, wait_ms = 0, filter }, context) {
		const news = await context.services?.background?.read(id, wait_ms, context.signal);
		if (!news) return noCommand(id, context);
		return newsOutcome(news, filter);
	},
};

const killInput = z.object({ id: z.string().min(1).describe('As Bash gave it') });

export const killBashTool: Tool<z.infer<typeof killInput>> = {
	name: 'KillBash',
	version: 1,
	description: 'Ends a background command of Bash (server, watcher) with all that it started.',
	input: killInput,
	effect: 'none',
	label: ({ id }) => ({ verb: 'Stop', target: id }),
	async run({ id }, context) {
		const background = context.services?.background;
		if (background && (await background.stop(id, 'agent'))) {
			const news = await background.read(id, 0, context.signal);
			if (news) return newsOutcome(news);
		}
		return noCommand(id, context, 'that runs');
	},
};

function noCommand(id: string, { services }: ToolContext, which = 'that was started in this window'): ToolOutcome {
	const running = services?.background?.running ?? [];
	const names = running.map((one) => `${one.id} (${one.command.split('\n', 1)[0]?.slice(0, 60) ?? ''})`);
	const known = names.length === 0 ? 'None runs now; start one with Bash.' : `These run: ${names.join(', ')}.`;
	return failure(`There is no background command ${id} ${which}. ${known}`, 'no such command');
}

function newsOutcome(
	{ text, leftOutChars, ended, isFailed, notes = [] }: BackgroundNews,
	filter?: string,
): ToolOutcome {
	const printed = readableOutput(text);
	const lines = printed === '' ? [] : printed.split('\n');
	const wanted = filter?.toLowerCase();
	const shown = wanted === undefined ? lines : lines.filter((line) => line.toLowerCase().includes(wanted));
	const cut = leftOutChars > 0 ? [`[… ${leftOutChars} characters before this left out …]`] : [];
	const none = lines.length === 0 ? '(nothing new)' : '(no new line has it)';
	// The end first, where it is found again: who was told here is not told once more.
	const head = ended ?? 'It still runs.';
	const body = shown.length === 0 ? [none] : [...cut, ...shown];
	return {
		isError: isFailed,
		content: [{ type: 'text', text: [head, ...body, ...notes].join('\n') }],
		summary: `${plural(shown.length, 'line')}${ended === undefined ? '' : ', ended'}`,
	};
}
