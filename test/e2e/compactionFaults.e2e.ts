// What goes wrong around compaction, in a real window against the strict Messages API: a model with a smaller window is chosen, the endpoint
// finds a prompt too long, and the summary fails twice. No prompt and no turn is lost.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { standardModels } from '../fakes/messagesApi/modelList.ts';
import { prefixBreak } from '../fakes/messagesApi/prefixKept.ts';
import type { ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
const [large, small] = ['claude-opus-5-5', 'claude-haiku-5-5'] as const;
/** The line is in the middle of windows as small as these. */
const windows: Readonly<Record<string, number>> = { [large]: 44_000, [small]: 26_000 };
const words = (count: number, seed: number) =>
	Array.from({ length: count }, (_, index) => 'word'.repeat(1 + ((index * seed) % 3))).join(' ');
/** Two of these are below the line of the large window and above that of the small one. */
const long = (name: string) => `${name} ${words(2_200, 5)}`;

const lastTextOf = (request: Json): string => {
	const message = Array.isArray(request.messages) ? request.messages.at(-1) : undefined;
	const block = Array.isArray(message?.content) ? message.content.at(-1) : undefined;
	return typeof block?.text === 'string' ? block.text : '';
};
const isQuestion = (request: Json) => lastTextOf(request).startsWith('The conversation above is about to be replaced');
const SUMMARY: ScriptedReply = { text: '<summary>\nShort: prices.\n</summary>' };

suite('Faults of compaction', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	/** What a test lines up for the requests that it is about; undefined = the usual. */
	let script: (request: Json) => ScriptedReply | undefined = () => undefined;
	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			seed: 3,
			models: standardModels.flatMap((model) => {
				const tokens = windows[model.id];
				return tokens === undefined ? [] : [{ ...model, max_input_tokens: tokens }];
			}),
			script: (request) => script(request) ?? (isQuestion(request) ? SUMMARY : undefined),
		});
		workbench = await openWorkbench({
			name: 'compaction-faults',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const panel = () => workbench.panel();
	const ask = async (prompt: string) => {
		await send(panel(), prompt);
		await turnEnds(panel());
	};
	const command = async (line: string) => {
		const input = panel().getByRole('textbox', { name: 'Message Retrace' });
		await input.fill(line);
		await input.press('Enter');
	};
	const model = () => panel().getByRole('combobox', { name: 'Model' });
	const modelIs = (id: string) => until(`the model is ${id}`, async () => (await model().inputValue()) === id);
	const dialog = () => workbench.page.locator('.monaco-dialog-box');
	const choose = async (button: string) => {
		await dialog().getByRole('button', { name: button }).click();
		await dialog().waitFor({ state: 'hidden' });
	};
	const row = () => panel().getByRole('group', { name: 'Conversation summarized' });
	const last = () => api.accepted.at(-1) ?? {};
	const freshSession = async () => {
		await command('/new');
		await panel().getByRole('article').first().waitFor({ state: 'detached' });
		api.markNewPrefix();
		script = () => undefined;
	};

	test('a model with too small a window is asked about first: cancelled, nothing changes; compacted first, by the model that has the cache', async () => {
		await ask(long('One'));
		await ask(long('More'));
		const whole = last();
		await model().selectOption(small);
		await dialog()
			.getByText(/the window of Claude haiku 5\.5/)
			.waitFor();
		await workbench.screenshot('compaction-model-switch');
		await choose('Cancel');
		await modelIs(large);
		await model().selectOption(small);
		await choose('Compact First');
		const review = panel().getByRole('dialog', { name: 'Summary' });
		await review.getByRole('button', { name: 'Use Summary' }).click();
		await row().waitFor();
		await modelIs(small);
		const asked = last();
		assert.ok(isQuestion(asked));
		assert.equal(asked.model, large);
		assert.equal(prefixBreak(whole, asked), undefined, 'read from the cache of the model that was used');
		await ask('And now?');
		assert.equal(last().model, small);
		assert.match(JSON.stringify(last().messages), /Short: prices\..*And now\?/);
		assert.deepEqual(api.violations, []);
	});

	test('switched anyway, the new model makes room before the next prompt, which is sent as it was typed', async () => {
		await freshSession();
		await model().selectOption(large);
		await ask(long('Two'));
		await ask(long('More'));
		await model().selectOption(small);
		await choose('Switch Anyway');
		await modelIs(small);
		const before = api.accepted.length;
		await ask('Still here?');
		await row().getByText('Summarized to make room').waitFor();
		const sent = api.accepted.slice(before);
		assert.deepEqual(
			sent.map((request) => [request.model, isQuestion(request)]),
			[
				[small, true],
				[small, false],
			],
		);
		assert.match(JSON.stringify(last().messages), /Short: prices\..*Still here\?/);
		assert.deepEqual(api.violations, []);
	});

	test('a prompt that the endpoint finds too long is answered after a summary, and is not lost', async () => {
		await freshSession();
		await ask('Three, a short one');
		let refusals = 0;
		script = (request) =>
			lastTextOf(request) === 'Tell me more' && refusals++ === 0
				? { error: { status: 400, message: 'prompt is too long: 27000 tokens > 26000 maximum' } }
				: undefined;
		await ask('Tell me more');
		assert.equal(refusals, 2, 'refused once, then sent again');
		await row().waitFor();
		assert.match(JSON.stringify(last().messages), /Short: prices\..*Tell me more/);
		assert.equal(await panel().getByRole('group', { name: 'Error' }).count(), 0);
		assert.equal(await panel().getByRole('article').getByText('Tell me more', { exact: true }).count(), 1);
		assert.deepEqual(api.violations, []);
	});

	test('a summary that fails twice is not tried a third time, and the chat goes on', async () => {
		await freshSession();
		await model().selectOption(small);
		await modelIs(small);
		const questions = () => api.accepted.filter(isQuestion).length;
		script = (request) => (isQuestion(request) ? { text: '<summary>\nCut', stopReason: 'max_tokens' } : undefined);
		const before = questions();
		await ask(long('Four'));
		await ask(long('More'));
		const warning = panel().getByRole('group', { name: 'Warning' });
		await warning.getByText('It will be tried once more.').waitFor();
		await ask('Five');
		await warning.getByText('It is not tried by itself any more in this session').waitFor();
		assert.equal(questions() - before, 2);
		await workbench.screenshot('compaction-breaker');
		await ask('Six');
		assert.equal(questions() - before, 2, 'no third one');
		assert.match(JSON.stringify(last().messages), /Four word.*More word.*Five.*Six/);
		assert.equal(await row().count(), 0);
		assert.deepEqual(api.violations, []);
	});
});
