// The inspector in a real window against the strict Messages API: the list is what is sent, an edit says its price and is in the next request
// literally, and the requests can be looked at.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { notification } from './support/notifications.ts';
import { openContext, send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const prompts = {
	read: 'Read the area file.',
	more: 'And what about rooms?',
	after: 'Is it still there?',
	back: 'And now?',
};
/** Long enough that folding it is worth something. */
const notes = Array.from({ length: 300 }, (_, index) => `Note ${index}: walls are measured twice.`).join('\n');

const byPrompt = repliesByPrompt({
	[prompts.read]: [
		{
			blocks: [
				{ thinking: 'I should read both.' },
				{ tool: 'Read', input: { file_path: 'src/area.js' } },
				{ tool: 'Read', input: { file_path: 'notes.md' } },
			],
		},
		{ blocks: [{ thinking: 'Simple.' }, { text: 'It multiplies.' }] },
	],
	[prompts.more]: [{ text: 'They have an alcove.' }],
	[prompts.after]: [{ text: 'It was folded.' }],
	[prompts.back]: [{ text: 'It is back.' }],
});
const isQuestion = (request: Json) =>
	JSON.stringify(request.messages).includes('The conversation above is about to be replaced');

suite('Inspector', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({
			keys: ['test-key'],
			seed: 5,
			script: (request, index) =>
				isQuestion(request) ? { text: '<summary>\nShort.\n</summary>' } : byPrompt(request, index),
		});
		workbench = await openWorkbench({
			name: 'inspector',
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
			files: { 'notes.md': notes, 'AGENTS.md': 'Use metres.\n' },
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
	const last = (): Json => api.accepted.at(-1) ?? {};
	const textOf = (request: Json) => JSON.stringify(request.messages);
	const meter = async () =>
		Number(await panel().getByRole('meter', { name: 'Context usage' }).getAttribute('aria-valuenow'));
	const dialog = () => panel().getByRole('dialog', { name: 'Context' });
	const filter = () => dialog().getByRole('searchbox', { name: 'Filter items' });
	const items = () => dialog().getByRole('listbox', { name: 'What the next request carries' }).getByRole('option');
	const item = (name: string) => dialog().getByRole('option', { name });
	const onlyOne = () => until('one item is left', async () => (await items().count()) === 1);
	/** Chooses an item and presses one of its actions. */
	const act = async (name: string, action: string) => {
		await filter().fill(name);
		await item(name).click();
		await dialog().getByRole('group', { name: 'Actions' }).getByRole('button', { name: action, exact: true }).click();
	};
	const close = async () => {
		await dialog().getByRole('button', { name: 'Close' }).click();
		await dialog().waitFor({ state: 'hidden' });
	};
	const edits = () =>
		readSessionLogs(workbench.userDataDir)
			.flatMap((log) => log.entries)
			.filter((entry) => entry.type === 'contextEdit');
	const plan = () => dialog().getByRole('group', { name: 'What it changes' });
	const confirm = (action: string): Locator => plan().getByRole('button', { name: action, exact: true });
	let whole: Json = {};

	test('the list is what is sent, from the tools to the newest reply', async () => {
		await ask(prompts.read);
		await ask(prompts.more);
		whole = last();
		await openContext(panel());
		await filter().fill('notes.md');
		await item('Read notes.md').waitFor();
		await onlyOne();
		for (const name of ['AGENTS.md', 'Bash', prompts.read, 'Read src/area.js', 'They have an alcove.', 'Thinking']) {
			await filter().fill(name);
			await item(name).first().waitFor();
		}
		await filter().fill('');
		await workbench.screenshot('inspector');
	});

	test('a file that changed on the disk is called stale', async () => {
		await close();
		await workbench.openFile('notes.md');
		await workbench.page.keyboard.type('Changed here. ');
		await openContext(panel());
		await filter().fill('stale on disk');
		await item('Read notes.md').waitFor();
		await onlyOne();
	});

	test('folding says what it changes and costs first; then the next request carries the note and no thinking behind it', async () => {
		const before = await meter();
		await act('Read notes.md', 'Fold');
		await confirm('Fold').waitFor();
		assert.match(
			(await plan().textContent()) ?? '',
			/Frees [\d.]+k tokens\..*thinking block.*written to the cache anew/s,
		);
		assert.equal(edits().length, 0, 'nothing is done before it is confirmed');
		await workbench.screenshot('inspector-plan');
		await confirm('Fold').click();
		await item('Read notes.md').filter({ hasText: 'folded' }).waitFor();
		await until('the meter falls', async () => (await meter()) < before - 1_000);
		const [edit] = edits();
		assert.ok(Array.isArray(edit?.edits));
		const text = String(edit.edits.find((one: { op: string }) => one.op === 'fold')?.text);
		await close();
		await ask(prompts.after);
		const sent = textOf(last());
		assert.ok(sent.includes(JSON.stringify(text).slice(1, -1)), 'the note stands there literally');
		assert.doesNotMatch(sent, /Note 17: walls/);
		assert.doesNotMatch(sent, /Simple\./);
	});

	test('unfolding gives the bytes back', async () => {
		await openContext(panel());
		await act('Read notes.md', 'Unfold');
		await confirm('Unfold').click();
		await item('Read notes.md').filter({ hasNotText: 'folded' }).waitFor();
		await close();
		await ask(prompts.back);
		assert.match(textOf(last()), /Note 17: walls/);
		const results = (request: Json) =>
			JSON.stringify(
				(Array.isArray(request.messages) ? request.messages : []).flatMap(({ content }) =>
					Array.isArray(content)
						? content.filter(({ type }) => type === 'tool_result').map((block) => block.content)
						: [],
				),
			);
		assert.equal(results(last()), results(whole));
	});

	test('a dropped message leaves a line; the request shown is the one that is sent then', async () => {
		await openContext(panel());
		await act('They have an alcove.', 'Drop');
		await confirm('Drop').click();
		await item('They have an alcove.').filter({ hasText: 'dropped' }).waitFor();
		await dialog().getByRole('button', { name: 'Next request' }).click();
		const tab = workbench.page.getByRole('tab', { name: /Next request\.json/ });
		await tab.waitFor();
		await close();
		await workbench.page.locator('.editor-instance .view-lines').getByText('"max_tokens"').first().waitFor();
		await workbench.screenshot('inspector-request');
		await ask('Go on.');
		assert.doesNotMatch(textOf(last()), /They have an alcove/);
		assert.deepEqual(api.violations, []);
	});

	test('why the cache missed is told with both requests at the place', async () => {
		await workbench.runCommand('Retrace: Why Did the Cache Miss?');
		await notification(workbench, /The last request read .* The first byte that differs is byte/);
		const lines = workbench.page.locator('.monaco-diff-editor .view-lines');
		await lines.getByText('[This was taken out of the context.]').first().waitFor();
		await workbench.screenshot('inspector-miss');
	});

	test('what is pinned comes through a summary word for word', async () => {
		await openContext(panel());
		await act('Read notes.md', 'Pin');
		await item('Read notes.md').filter({ hasText: 'pinned' }).waitFor();
		await close();
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('/compact');
		await panel().getByRole('textbox', { name: 'Message Retrace' }).press('Enter');
		const review = panel().getByRole('dialog', { name: 'Summary' });
		await review.getByRole('button', { name: 'Use Summary' }).click();
		await panel().getByRole('group', { name: 'Conversation summarized' }).waitFor();
		await ask('What do the notes say?');
		assert.match(textOf(last()), /Short\.[\s\S]*Note 17: walls/);
		assert.doesNotMatch(textOf(last()), /It multiplies/);
		assert.deepEqual(api.violations, []);
	});
});
