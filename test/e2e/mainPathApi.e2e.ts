// The main path against a strict local Messages API: every rule of the API is checked on every request, and the bytes of a request
// are the beginning of the next one, also after a reload and a resume.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { walkMainPath } from './support/mainPath.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
const prompts = {
	changeTwoFiles: 'Set the price in src/invoice.js to 26 and say in src/area.js that areas are in square metres.',
	runCommand: 'Now run the tests of this project.',
	streamLong: 'Count as far as you can.',
	ask: 'Which files did you change?',
};
const slowText = Array.from({ length: 400 }, (_, index) => String(index + 1)).join(' ');
/** Words of different lengths, so that no two prompts are alike. */
const words = (count: number, seed: number) =>
	Array.from({ length: count }, (_, index) => 'word'.repeat(1 + ((index * seed) % 3))).join(' ');
const learning = [words(300, 1), words(400, 2)];
const long = words(3_000, 5);

const script = repliesByPrompt({
	[prompts.changeTwoFiles]: [
		{
			blocks: [
				{ thinking: 'I should look before I change anything.' },
				{ text: 'I read both files first.' },
				{ tool: 'Read', input: { file_path: 'src/invoice.js' } },
				{ tool: 'Read', input: { file_path: 'src/area.js' } },
			],
		},
		{
			blocks: [
				{ thinking: 'The price first.' },
				{ tool: 'Edit', input: { file_path: 'src/invoice.js', old_string: '24.5', new_string: '26' } },
			],
		},
		{
			blocks: [
				{
					tool: 'Edit',
					input: {
						file_path: 'src/area.js',
						old_string: 'Area of a rectangle.',
						new_string: 'Area of a rectangle, in square metres.',
					},
				},
			],
		},
		{ text: 'Both files are changed.' },
	],
	[prompts.runCommand]: [
		{ blocks: [{ tool: 'Bash', input: { command: 'npm test', description: 'Run the tests' } }] },
		{ text: 'One test expects the old price.' },
	],
	[prompts.streamLong]: [{ text: slowText, chunkChars: 2, delayMs: 25 }],
	[prompts.ask]: [{ blocks: [{ thinking: 'Two.' }, { text: 'src/invoice.js and src/area.js.' }] }],
	[learning[0] ?? '']: [{ text: 'Read.' }],
	[learning[1] ?? '']: [{ text: 'Read as well.' }],
	[long]: [{ text: slowText.slice(0, 200), chunkChars: 4, delayMs: 40 }],
});

suite('The main path on the Messages API', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script, keys: [key], seed: 7 });
		workbench = await openWorkbench({
			name: 'main-api',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	walkMainPath({
		name: 'main-api',
		workbench: () => workbench,
		prompts,
	});

	test('every request kept the rules of the API and began with the bytes of the one before', () => {
		assert.deepEqual(api.violations, []);
		api.assertPrefixKept();
		assert.ok(api.accepted.length >= 8, `only ${api.accepted.length} requests`);
	});

	test('the meter is exact for what was sent and within 15 % for what was added since', async () => {
		const panel = workbench.panel();
		const meter = async () =>
			Number(await panel.getByRole('meter', { name: 'Context usage' }).getAttribute('aria-valuenow'));
		const inputOf = (index: number) => {
			const usage = api.requests.filter((request) => request.usage !== undefined).at(index)?.usage;
			assert.ok(usage);
			return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
		};
		for (const text of learning) {
			await send(panel, text);
			await turnEnds(panel);
		}
		const sent = inputOf(-1);
		const logged = readSessionLogs(workbench.userDataDir)
			.flatMap((log) => log.entries)
			.filter((entry) => entry.type === 'assistantEnded')
			.at(-1)?.usage as { outputTokens: number };
		await until(
			'the meter says what was sent and what was answered',
			async () => (await meter()) === sent + logged.outputTokens,
		);

		await send(panel, long);
		await panel.getByRole('button', { name: 'Stop', exact: true }).waitFor();
		await until('the request arrived', () => inputOf(-1) > sent + 1_000);
		const estimated = await meter();
		const actual = inputOf(-1);
		const before = sent + logged.outputTokens;
		const error = Math.abs(estimated - actual) / (actual - before);
		assert.ok(error <= 0.15, `estimated ${estimated - before} of ${actual - before} added tokens`);
		await turnEnds(panel);
		assert.deepEqual(api.violations, []);
	});

	test('the key is nowhere in what was written', () => {
		for (const { text } of readSessionLogs(workbench.userDataDir)) assert.ok(!text.includes(key));
	});
});
