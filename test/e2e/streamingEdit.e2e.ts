// An edit that the model still writes: the card shows the path and the lines so far, stops without a trace, and becomes the card that
// waits for the user.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { editCard, send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
const content = `${Array.from({ length: 60 }, (_, index) => `export const side${index + 1} = ${index + 1}; // “é” 🚂`).join('\n')}\n`;
const write = { tool: 'Write', input: { file_path: 'src/sides.js', content } };
const prompts = { stop: 'Write the sides, I will stop you.', write: 'Write the sides.', edit: 'Change the price.' };

suite('An edit while it is written', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		const script = repliesByPrompt({
			[prompts.stop]: [{ blocks: [write], chunkChars: 8, delayMs: 60 }],
			[prompts.write]: [{ blocks: [write], chunkChars: 12, delayMs: 40 }, { text: 'The sides are written.' }],
			[prompts.edit]: [
				{ blocks: [{ tool: 'Read', input: { file_path: 'src/invoice.js' } }] },
				{
					blocks: [
						{
							tool: 'Edit',
							input: {
								file_path: 'src/invoice.js',
								old_string: '24.5',
								new_string: Array.from({ length: 40 }, (_, index) => `${index} +`).join('\n'),
							},
						},
					],
					chunkChars: 4,
					delayMs: 60,
				},
				{ text: 'As you like.' },
			],
		});
		api = await startMessagesApi({ script, keys: [key], seed: 7 });
		workbench = await openWorkbench({
			name: 'streaming-edit',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const lines = () => editCard(workbench.panel(), 'src/sides.js').locator('.diff-line');
	/** How many lines the card has had so far, each number once: a test on a busy machine looks too late for the first ones. */
	const lineCounts = async (): Promise<() => Promise<readonly number[]>> => {
		const body = workbench.panel().locator('body');
		await body.evaluate(({ ownerDocument: page }) => {
			const counts = new Set<number>();
			Reflect.set(globalThis, 'lineCounts', counts);
			const look = () => {
				const count = page.querySelectorAll('[aria-label="Edit: src/sides.js"] .diff-line').length;
				if (count > 0) counts.add(count);
			};
			new MutationObserver(look).observe(page, { subtree: true, childList: true, characterData: true });
		});
		return () => body.evaluate(() => [...(Reflect.get(globalThis, 'lineCounts') as Set<number>)]);
	};
	const isStreaming = () => workbench.panel().getByRole('button', { name: 'Stop', exact: true }).isVisible();
	const logged = (type: string) =>
		readSessionLogs(workbench.userDataDir)
			.flatMap((log) => log.entries)
			.filter((entry) => entry.type === type);
	const calls = () =>
		logged('assistant').filter(({ block }) => (block as { readonly type?: string }).type === 'tool_use');

	test('stopped in the middle, it leaves no card and no file', async () => {
		const panel = workbench.panel();
		await send(panel, prompts.stop);
		await lines().getByText('export const side2 = 2').waitFor();
		assert.equal(calls().length, 0);
		await panel.getByRole('button', { name: 'Stop', exact: true }).click();
		await turnEnds(panel);
		await until('the card is gone', async () => (await editCard(panel, 'src/sides.js').count()) === 0);
		assert.throws(() => workbench.readFile('src/sides.js'));
		assert.equal(calls().length, 0);
	});

	test('the card shows path and growing lines before the call is whole, and then waits for the user', async () => {
		const panel = workbench.panel();
		const counts = await lineCounts();
		await send(panel, prompts.write);
		const card = editCard(panel, 'src/sides.js');
		await lines().getByText('export const side1 = 1; // “é” 🚂', { exact: true }).waitFor();
		await lines().getByText('export const side20 = 20', { exact: false }).waitFor();
		const early = Math.min(...(await counts()));
		assert.ok(early < 12, `${early} lines`);
		assert.equal(await lines().count(), 12);
		assert.ok(await isStreaming());
		assert.equal(calls().length, 0);
		await workbench.screenshot('streaming-edit');

		await card.getByRole('button', { name: 'Accept', exact: true }).click({ timeout: 60_000 });
		await turnEnds(panel);
		assert.equal(workbench.readFile('src/sides.js'), content);
		assert.equal(calls().length, 1);
	});

	test('an edit of a part shows what goes and what comes', async () => {
		const panel = workbench.panel();
		await send(panel, prompts.edit);
		const card = editCard(panel, 'src/invoice.js');
		await card.locator('.diff-line.is-removed').getByText('24.5', { exact: true }).waitFor();
		await card.locator('.diff-line.is-added').getByText('2 +', { exact: true }).waitFor();
		await card.getByRole('button', { name: 'Reject', exact: true }).click({ timeout: 60_000 });
		await turnEnds(panel);
		assert.deepEqual(api.violations, []);
	});
});
