// What goes wrong at the endpoint, in the model's calls and with files: said where the user looks, with the next step, and nothing lost.
// One window for all of it; after every fault the conversation goes on with a sound request.
import assert from 'node:assert/strict';
import { chmodSync, closeSync, existsSync, ftruncateSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import type { ReplyBlock, ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { missingBrowser } from './support/environment.ts';
import { endedLog, type FaultedApi, newestEnd, pairedResults, startFaultedApi } from './support/faultedApi.ts';
import { editCard, permissionCard, send } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Bad input', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let faulted: FaultedApi;
	const panel = () => workbench.panel();
	const conversation = () => panel().getByRole('log', { name: 'Conversation' });
	const box = () => panel().getByRole('textbox', { name: 'Message Retrace' });
	const said = (text: string) => conversation().getByText(text, { exact: true }).last();
	const newest = (name: 'Error' | 'Warning' | 'Notice') => conversation().getByRole('group', { name }).last();

	before(async () => {
		faulted = await startFaultedApi();
		workbench = await openWorkbench({
			name: 'bad-input',
			env: { RETRACE_PROVIDER: undefined, ANTHROPIC_API_KEY: 'test-key' },
			settings: { 'retrace.provider': 'anthropic', 'retrace.baseUrl': faulted.api.url, 'retrace.mode': 'acceptEdits' },
		});
	});
	after(async () => {
		await workbench?.close();
		await faulted?.api.close();
	});

	/** Sends the prompt and waits for the last answer of its turn. */
	const ask = async (prompt: string, answer: string, ...replies: readonly ScriptedReply[]) => {
		faulted.lineUp(...replies);
		await send(panel(), prompt);
		await said(answer).waitFor();
		const log = await endedLog(workbench.userDataDir, prompt);
		assert.equal(newestEnd(log)?.reason, 'endTurn');
		return pairedResults(log);
	};
	/** The conversation goes on: the next request breaks no rule of the API. */
	const goesOn = async (id: string) => {
		const sent = faulted.api.accepted.length;
		await ask(`And after ${id}?`, `Still here after ${id}.`, { text: `Still here after ${id}.` });
		assert.equal(faulted.api.accepted.length, sent + 1);
		assert.deepEqual(faulted.api.violations, []);
	};
	const picture = (name: string) => workbench.pictures(`bad-input-${name}`, 'light', 'dark');
	/** The newest card may still be the one before. */
	const says = async (card: Locator, sentence: RegExp) => {
		await card.filter({ hasText: sentence }).waitFor();
	};
	/** Collects what the line above the input says from now on, so that nothing is missed that is only there for a second. */
	const progressSaid = async (): Promise<() => Promise<readonly string[]>> => {
		const body = panel().locator('body');
		await body.evaluate(({ ownerDocument: page }) => {
			const said: string[] = [];
			const look = () => {
				const text = page.querySelector('.progress-text')?.textContent;
				if (text && said.at(-1) !== text) said.push(text);
			};
			new MutationObserver(look).observe(page, { subtree: true, childList: true, characterData: true });
			Reflect.set(globalThis, 'progressSaid', said);
		});
		return () => body.evaluate(() => Reflect.get(globalThis, 'progressSaid') as string[]);
	};

	test('an empty prompt cannot be sent', async () => {
		const button = panel().getByRole('button', { name: 'Send', exact: true });
		for (const text of ['', '  \n ']) {
			await box().fill(text);
			await box().press('Enter');
			await panel().locator('body').press('Shift');
			assert.ok(await button.isDisabled());
		}
		assert.equal(await panel().getByRole('article').count(), 0);
		assert.equal(faulted.api.accepted.length, 0);
		await box().fill('');
	});

	test('a wrong key is named, and the same prompt is sent again once there is another', async () => {
		faulted.lineUp({ error: { status: 401, message: 'invalid x-api-key' } });
		await send(panel(), 'Who are you?');
		await newest('Error').waitFor();
		await says(
			newest('Error'),
			/did not accept the API key\. It said: invalid x-api-key\. Your message is saved\. Set a key/,
		);
		await newest('Error').getByRole('button', { name: 'Set API Key' }).waitFor();
		await newest('Error').getByRole('button', { name: 'Use the Demo Model' }).waitFor();
		const log = await endedLog(workbench.userDataDir, 'Who are you?');
		assert.equal(newestEnd(log)?.code, 'auth');
		await picture('wrong-key');
		faulted.lineUp({ text: 'I am Retrace.' });
		await newest('Error').getByRole('button', { name: 'Try Again' }).click();
		await said('I am Retrace.').waitFor();
		assert.equal(await conversation().getByText('Who are you?', { exact: true }).count(), 1);
		const { messages } = faulted.api.accepted.at(-1) ?? {};
		assert.equal(Array.isArray(messages) && messages.length, 1);
		await goesOn('the wrong key');
	});

	test('429 and 529 are waited out in sight, as long as the endpoint asks for', async () => {
		const saidSoFar = await progressSaid();
		const waiting = (text: RegExp) =>
			until(`${text} is said`, async () => (await saidSoFar()).some((line) => text.test(line)));
		const limit = (headers: Record<string, string>) => ({ error: { status: 429, message: 'Slow down', headers } });
		faulted.lineUp(limit({ 'retry-after': '2' }), limit({ 'retry-after-ms': '900' }), { text: 'After the limit.' });
		await send(panel(), 'Hurry');
		await waiting(/rate limit is reached.*Trying again in 2 s \(2 of 8\)/i);
		await picture('rate-limit');
		await waiting(/Trying again in 1 s \(3 of 8\)/);
		await said('After the limit.').waitFor();

		const overload = { error: { status: 529, message: 'Overloaded' } };
		faulted.lineUp(overload, overload, { text: 'After the overload.' });
		await send(panel(), 'Hurry again');
		await waiting(/model is overloaded.*Trying again in 1 s \(3 of 8\)/i);
		await said('After the overload.').waitFor();
		await goesOn('the limits');
	});

	test('a limit that does not end is an error with a way to try again, and goes on there', async () => {
		const limit = { error: { status: 429, message: 'Slow down', headers: { 'retry-after-ms': '1' } } };
		faulted.lineUp(...Array.from({ length: 8 }, () => limit));
		await send(panel(), 'Hurry for ever');
		await newest('Error')
			.getByText(/rate limit is reached/i)
			.waitFor();
		await says(
			newest('Error'),
			/It said: Slow down\. It was tried 8 times\. What was done is saved\. Wait a minute, then try again\./,
		);
		assert.equal(newestEnd(await endedLog(workbench.userDataDir, 'Hurry for ever'))?.code, 'rateLimit');
		faulted.lineUp({ text: 'At last.' });
		await newest('Error').getByRole('button', { name: 'Try Again' }).click();
		await said('At last.').waitFor();
		await goesOn('the long limit');
	});

	test('a reply that breaks off is asked for again, and what came of it is not said twice', async () => {
		for (const fault of ['overloaded', 'reset', 'eof', 'garbage', 'apiError'] as const) {
			const half = { text: `Half of ${fault}, which comes in several pieces and never ends.`, fault };
			await ask(`Break with ${fault}`, `Whole after ${fault}.`, half, { text: `Whole after ${fault}.` });
			assert.equal(await conversation().getByText(`Half of ${fault}`, { exact: false }).count(), 0);
		}
		await goesOn('the broken replies');
	});

	test('a reply that stalls can be stopped; what came is kept', async () => {
		faulted.lineUp({ text: 'Something to begin with, and then nothing more comes of it.', fault: 'stall' });
		await send(panel(), 'Stall');
		await conversation().getByText('Something to begin', { exact: false }).waitFor();
		await panel().getByRole('button', { name: 'Stop', exact: true }).click();
		await said('Stopped').waitFor();
		await conversation().getByText('Something to begin', { exact: false }).waitFor();
		assert.equal(newestEnd(await endedLog(workbench.userDataDir, 'Stall'))?.reason, 'stopped');
		await goesOn('the stall');
	});

	test('a network that is gone is waited for, and the turn goes on by itself when it is back', async () => {
		await faulted.disconnect();
		await send(panel(), 'Is anyone there?');
		await panel()
			.getByRole('status')
			.getByText(/No connection to .*nothing listens there.*Trying again in/)
			.waitFor();
		await picture('no-network');
		faulted.lineUp({ text: 'Here again.' });
		await faulted.reconnect();
		// The pauses between the tries grow while the pictures are taken.
		await said('Here again.').waitFor({ timeout: 60_000 });
		await goesOn('the network');
	});

	test('a reply cut at the output limit says so and goes on; a call cut there is not run', async () => {
		faulted.lineUp({ text: 'The first half of', stopReason: 'max_tokens' });
		await send(panel(), 'Tell me everything');
		await newest('Warning')
			.getByText(/cut at the output limit\. What came is saved\. Continue/)
			.waitFor();
		faulted.lineUp({ text: 'the whole story.' });
		await newest('Warning').getByRole('button', { name: 'Continue' }).click();
		await said('the whole story.').waitFor();

		const cut: ReplyBlock = { tool: 'Write', json: '{"file_path":"src/long.js","content":"export const' };
		const results = await ask(
			'Write a long file',
			'In parts, then.',
			{ blocks: [cut], stopReason: 'max_tokens' },
			{ text: 'In parts, then.' },
		);
		assert.match([...results.values()].at(-1) ?? '', /cut off by the output limit/);
		assert.ok(!existsSync(join(workbench.folder, 'src', 'long.js')));
		await goesOn('the cut call');
	});

	test('calls that cannot be run fail in their rows and are told to the model', async () => {
		writeFileSync(
			join(workbench.folder, 'logo.bin'),
			Uint8Array.from({ length: 3000 }, (_, index) => index % 256),
		);
		sparseFile(join(workbench.folder, 'huge.csv'), 50_000_000);
		const results = await ask(
			'Do strange things',
			'Enough of that.',
			{
				blocks: [
					{ tool: 'Teleport', id: 'unknown', input: { where: 'home' } },
					{ tool: 'Read', id: 'badInput', input: { path: 7 } },
					{ tool: 'Read', id: 'badJson', json: '{"file_path": "src/' },
					{ tool: 'Read', id: 'binary', input: { file_path: 'logo.bin' } },
					{ tool: 'Read', id: 'huge', input: { file_path: 'huge.csv' } },
					{ tool: 'Edit', id: 'hugeEdit', input: { file_path: 'huge.csv', old_string: 'a', new_string: 'b' } },
					{ tool: 'Edit', id: 'binaryEdit', input: { file_path: 'logo.bin', old_string: 'a', new_string: 'b' } },
				],
			},
			{ text: 'Enough of that.' },
		);
		const expected: Readonly<Record<string, RegExp>> = {
			unknown: /no tool named Teleport/,
			badInput: /not valid, so nothing was run/,
			badJson: /not valid JSON, so nothing was run/,
			binary: /binary file/,
			huge: /50\.0 MB, too large to read whole. Use Grep/,
			hugeEdit: /50\.0 MB, too large/,
			binaryEdit: /cannot be edited as text: it is a binary file. Nothing was changed/,
		};
		for (const [id, text] of Object.entries(expected)) assert.match(results.get(id) ?? '', text, id);
		for (const summary of [/unknown tool/, /invalid JSON/, /binary file/, /too large \(50\.0 MB\)/])
			await conversation().getByText(summary).first().waitFor();
		await picture('strange-calls');
		await goesOn('the strange calls');
	});

	test('a file outside the workspace is asked for, is refused, and stays as it was', async () => {
		const outside = join(workbench.userDataDir, 'outside.txt');
		writeFileSync(outside, 'mine\n');
		faulted.lineUp(
			{ blocks: [{ tool: 'Write', id: 'out', input: { file_path: outside, content: 'theirs\n' } }] },
			{ text: 'Not there, then.' },
		);
		await send(panel(), 'Write outside');
		const card = permissionCard(panel(), 'Write');
		await card.getByText('outside the workspace', { exact: false }).waitFor();
		await picture('outside');
		await card.getByRole('button', { name: 'Deny', exact: true }).click();
		await said('Not there, then.').waitFor();
		const results = pairedResults(await endedLog(workbench.userDataDir, 'Write outside'));
		assert.match(results.get('out') ?? '', /denied permission; nothing was run/);
		assert.equal(statSync(outside).size, 5);
		await goesOn('the file outside');
	});

	test('a read-only file stays as it is, and the card says what to do', async () => {
		const path = join(workbench.folder, 'src', 'area.js');
		const text = workbench.readFile('src/area.js');
		chmodSync(path, 0o444);
		const edit = { file_path: 'src/area.js', old_string: 'width * height', new_string: 'height * width' };
		await ask(
			'Edit the read-only file',
			'It is read-only.',
			{ blocks: [{ tool: 'Edit', input: edit }] },
			{ text: 'It is read-only.' },
		);
		await editCard(panel(), 'src/area.js')
			.getByText(/is read-only\. Nothing was changed\. Make it writable/)
			.waitFor();
		await picture('read-only-file');
		assert.equal(workbench.readFile('src/area.js'), text);
		chmodSync(path, 0o644);
		await goesOn('the read-only file');
	});

	test('an edit of a file with unsaved changes keeps them, saves nothing, and says so on the card and to the model', async () => {
		const onDisk = workbench.readFile('src/area.js');
		await workbench.openFile('src/area.js');
		const lines = workbench.page.locator('.editor-instance .view-lines').first();
		await workbench.page.keyboard.press('Control+Home');
		// In one piece: typed key by key, a suggestion may take the Enter.
		await workbench.page.keyboard.insertText('// my own line\n');
		// There before the agent edits, so that missing it afterwards can only be the edit's doing.
		await lines.getByText('// my own line').waitFor();
		const tab = workbench.page.locator('.editor-group-container .tab.dirty').filter({ hasText: 'area.js' });
		await tab.waitFor();
		const edit = { file_path: 'src/area.js', old_string: 'width * height', new_string: 'height * width' };
		const results = await ask(
			'Edit the open file',
			'Edited in the editor.',
			{ blocks: [{ tool: 'Edit', id: 'open', input: edit }] },
			{ text: 'Edited in the editor.' },
		);
		assert.match(results.get('open') ?? '', /not saved: commands still see the old content/);
		await editCard(panel(), 'src/area.js').getByText('Not saved: the file has unsaved changes of yours').waitFor();
		await lines.getByText('height * width').waitFor();
		await lines.getByText('// my own line').waitFor();
		await tab.waitFor();
		assert.equal(workbench.readFile('src/area.js'), onDisk);
		await picture('unsaved');
		await goesOn('the unsaved file');
	});

	test('a prompt over 100,000 characters goes as an attachment, whole', async () => {
		const long = `${'All work and no play makes a long prompt. '.repeat(2500)}END`;
		await box().fill(long);
		faulted.lineUp({ text: 'That was long.' });
		await panel().getByRole('button', { name: 'Send', exact: true }).click();
		await said('That was long.').waitFor();
		await conversation()
			.getByRole('list', { name: 'Attachments' })
			.getByText(/Pasted text 1\.txt/)
			.waitFor();
		assert.ok(JSON.stringify(faulted.api.accepted.at(-1)).includes(long));
		assert.equal(await box().inputValue(), '');
		await picture('long-prompt');
		await goesOn('the long prompt');
	});

	test('after a reload the whole story is still there', async () => {
		await workbench.reloadWindow();
		await said('Still here after the long prompt.').waitFor();
		// Far above what is on the screen, so not drawn.
		await said('I am Retrace.').waitFor({ state: 'attached' });
		await goesOn('the reload');
	});
});

/** A file of this size that takes no space. */
function sparseFile(path: string, sizeBytes: number): void {
	const file = openSync(path, 'w');
	ftruncateSync(file, sizeBytes);
	closeSync(file);
}
