// Compaction in a real window against the strict Messages API: asked for, changed, used and undone; and by itself once the drawn line is
// reached.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { prefixBreak } from '../fakes/messagesApi/prefixKept.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { openRewind, send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { newSession } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
/** The line is in the middle of a window as small as this. */
const windowTokens = 36_000;
const words = (count: number, seed: number) =>
	Array.from({ length: count }, (_, index) => 'word'.repeat(1 + ((index * seed) % 3))).join(' ');
const prompts = {
	long: `First ${words(2_000, 5)}`,
	short: 'And now?',
	again: 'Go on.',
	over: `More ${words(3_500, 7)}`,
	read: 'Read the log.',
};
const logLine = 'a line of the log that is long enough to count for something\n';

const lastTextOf = (request: Json): string => {
	const message = Array.isArray(request.messages) ? request.messages.at(-1) : undefined;
	const block = Array.isArray(message?.content) ? message.content.at(-1) : undefined;
	return typeof block?.text === 'string' ? block.text : '';
};
const fact = '- decision | prices | The total is 24.5 | nowhere said';
const isQuestion = (request: Json) => lastTextOf(request).startsWith('The conversation above is about to be replaced');

suite('Compaction', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	let count = 0;
	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			seed: 3,
			script: (request) => {
				if (isQuestion(request))
					return { text: `<summary>\nSummary ${++count}: prices.\n</summary>\n<facts>\n${fact}\n</facts>` };
				if (lastTextOf(request) !== prompts.read) return undefined;
				return { blocks: [{ tool: 'Read', input: { file_path: 'build.log' } }] };
			},
		});
		workbench = await openWorkbench({
			name: 'compaction',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			files: { 'build.log': logLine.repeat(500) },
			settings: {
				'retrace.baseUrl': api.url,
				'retrace.context.windowTokens': windowTokens,
				'retrace.sessions.modelTitles': false,
			},
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
	const row = () => panel().getByRole('group', { name: 'Conversation summarized' });
	const meter = async () =>
		Number(await panel().getByRole('meter', { name: 'Context usage' }).getAttribute('aria-valuenow'));
	const last = () => api.accepted.at(-1) ?? {};
	const compactions = () =>
		readSessionLogs(workbench.userDataDir)
			.flatMap((log) => log.entries)
			.filter((entry) => entry.type === 'compaction');
	let whole: Json = {};

	test('/compact shows the summary first, made by a request that is read from the cache', async () => {
		await ask(prompts.long);
		await ask(prompts.short);
		whole = last();
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('/compact the prices');
		await panel().getByRole('textbox', { name: 'Message Retrace' }).press('Enter');
		const dialog = panel().getByRole('dialog', { name: 'Summary' });
		await dialog.waitFor();
		assert.equal(await dialog.getByRole('textbox', { name: 'Summary text' }).inputValue(), 'Summary 1: prices.');
		await workbench.screenshot('compaction-summary');
		const asked = api.requests.filter(({ usage }) => usage !== undefined).at(-1);
		assert.ok(asked?.json && asked.usage && isQuestion(asked.json));
		assert.match(lastTextOf(asked.json), /the prices/);
		assert.equal(prefixBreak(whole, asked.json), undefined, 'the conversation stands first, byte for byte');
		assert.equal(compactions().length, 0, 'nothing is replaced before it is used');
	});

	test('what is used is what the user made of it, and the next request carries it', async () => {
		const before = await meter();
		const dialog = panel().getByRole('dialog', { name: 'Summary' });
		await dialog.getByRole('textbox', { name: 'Summary text' }).fill('Edited by hand: 24.5.');
		await dialog.getByRole('button', { name: 'Use Summary' }).click();
		await row().waitFor();
		await until('the meter falls', async () => (await meter()) < before);
		await row().getByRole('button', { name: 'Show summary' }).click();
		await row().getByText('Edited by hand: 24.5.').waitFor();
		await row().getByText('prices: The total is 24.5').waitFor();
		await row().getByText('you asked for it, with the focus on “the prices”').waitFor();
		await workbench.screenshot('compaction-row');
		await ask(prompts.again);
		const sent = JSON.stringify(last().messages);
		assert.match(sent, /Edited by hand: 24\.5\./);
		assert.match(sent, /\[f1\] decision, prices: The total is 24\.5/);
		assert.doesNotMatch(sent, /First word|Summary 1/);
	});

	test('undo brings the whole conversation back: the next request begins with the bytes of the one before', async () => {
		await row().getByRole('button', { name: 'Undo' }).click();
		await row().waitFor({ state: 'hidden' });
		await ask('Back again.');
		assert.equal(prefixBreak(whole, last()), undefined);
	});

	test('by itself once the line is reached, and not before', async () => {
		assert.equal(compactions().length, 1);
		await ask(prompts.over);
		await row()
			.getByText(/Summarized to make room: .* tokens; the line at .*k was reached\./)
			.waitFor();
		assert.equal(compactions().length, 2);
		assert.equal(api.accepted.filter(isQuestion).length, 2);
		// The prompt that would have crossed the line is sent as it was typed, behind the summary.
		assert.match(JSON.stringify(last().messages), /Summary 2: prices\..*More word/);
		await workbench.screenshot('compaction-auto');
		await ask('Still there?');
		assert.match(JSON.stringify(last().messages), /Summary 2: prices\..*Still there\?/);
		assert.deepEqual(api.violations, []);
	});

	test('from the dialog of a rewind, up to a message', async () => {
		await ask('The last one.');
		const dialog = await openRewind(panel(), 5);
		await dialog.getByRole('radio', { name: 'Summarize up to here' }).click();
		await workbench.screenshot('compaction-part');
		await dialog.getByRole('button', { name: 'Summarize', exact: true }).click();
		const review = panel().getByRole('dialog', { name: 'Summary' });
		await review.getByRole('button', { name: 'Compare with Previous' }).waitFor();
		await review.getByRole('button', { name: 'Use Summary' }).click();
		await until('a third one', () => compactions().length === 3);
		await turnEnds(panel());
		await ask('And on.');
		assert.match(JSON.stringify(last().messages), /Summary 3: prices\..*The last one\..*And on\./);
		assert.deepEqual(api.violations, []);
	});

	test('an old result is folded instead, when that alone makes room: a quiet row says so and leads to the context', async () => {
		await newSession(workbench);
		await ask(prompts.read);
		assert.ok(JSON.stringify(last().messages).includes('a line of the log'));
		await ask(prompts.short);
		await ask(prompts.again);
		await ask(prompts.over);
		await panel()
			.getByText(/^An old result was folded to a note/)
			.waitFor();
		await ask('Still there?');
		const sent = JSON.stringify(last().messages);
		assert.ok(!sent.includes('a line of the log'), 'the result is not sent any more');
		assert.ok(sent.includes('[Read build.log: the result was folded to make room.'));
		assert.equal(compactions().length, 3, 'no summary was asked for');
		await workbench.screenshot('context-folded-row');
		await panel().getByRole('button', { name: 'Show Context', exact: true }).click();
		await panel().getByRole('dialog', { name: 'Context' }).waitFor();
		await workbench.screenshot('context-folded-dialog');
		assert.deepEqual(api.violations, []);
	});
});
