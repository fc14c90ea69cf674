/** Samples of what asks the user besides permission: questions and a plan; and of the task list. */
import type { ShownTask } from '../../../src/protocol/asking.ts';
import type { ShownCommand } from '../../../src/protocol/shownCommand.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';

export const questionCard: Extract<TranscriptItem, { kind: 'question' }> = {
	kind: 'question',
	id: 'ask:toolu_q',
	questions: [
		{
			header: 'Database',
			text: 'Which database should the session index use?',
			options: [
				{ label: 'SQLite', description: 'One file, no server; a native module in the extension.' },
				{ label: 'Postgres', description: 'A server that has to run beside it.' },
			],
			isMulti: false,
		},
		{
			header: 'Tests',
			text: 'Which tests should cover it?',
			options: [
				{ label: 'Unit', description: '' },
				{ label: 'End to end', description: '' },
				{ label: 'Load', description: '' },
			],
			isMulti: true,
		},
	],
};

export const planCard: Extract<TranscriptItem, { kind: 'plan' }> = {
	kind: 'plan',
	id: 'ask:toolu_p',
	text: '# Guard the area\n\n1. Add a range check to `area` in `src/area.js`.\n2. Throw a `RangeError` for negative sides and for NaN.\n3. Cover both in `test/area.test.js`.\n\n## Checks\n- `npm test`',
	isChanged: false,
};

export const tasks: ShownTask[] = [
	{ text: 'Read the function', state: 'completed' },
	{ text: 'Add the range check', state: 'inProgress' },
	{ text: 'Cover it with a test', state: 'pending' },
];

export const commands: ShownCommand[] = [
	{ name: 'git:standup', detail: 'What changed since yesterday', hint: '', origin: 'user' },
	{ name: 'mcp__tickets__triage', detail: 'Sorts the newest tickets', hint: '[label]', origin: 'mcp' },
	{ name: 'review', detail: 'Reviews a file', hint: '<file>', origin: 'project' },
	{ name: 'release-notes', detail: 'How release notes are written here', hint: '[arguments]', origin: 'skill' },
];

export const commandPrompt: Extract<TranscriptItem, { kind: 'prompt' }> = {
	kind: 'prompt',
	id: 'p9',
	entryId: 'p9',
	command: '/review src/area.js',
	text: 'Review src/area.js.\n\nLook for missing checks, and say where.',
	attachments: [],
	timestamp: Date.UTC(2026, 10, 20, 9, 40),
};
