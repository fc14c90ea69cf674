// Sessions that cannot simply go on: a damaged log, no key, no network, no folder. (Another window: sessionsTwoWindows.)
// Each says what is wrong where the user looks, offers the next step, and gives back whatever was not sent.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { missingBrowser } from './support/environment.ts';
import { endedLog, type FaultedApi, newestEnd, pairedResults, startFaultedApi } from './support/faultedApi.ts';
import { send } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench, type WorkbenchOptions } from './support/workbench.ts';

const boxOf = (panel: FrameLocator) => panel.getByRole('textbox', { name: 'Message Retrace' });
const conversationOf = (panel: FrameLocator) => panel.getByRole('log', { name: 'Conversation' });
const saidIn = (panel: FrameLocator, text: string) =>
	conversationOf(panel).getByText(text, { exact: true }).last().waitFor();

async function openWithApi(options: WorkbenchOptions): Promise<{ workbench: Workbench; faulted: FaultedApi }> {
	const faulted = await startFaultedApi();
	const workbench = await openWorkbench({
		...options,
		env: { RETRACE_PROVIDER: undefined, ANTHROPIC_API_KEY: 'test-key', ...options.env },
		settings: { 'retrace.provider': 'anthropic', 'retrace.baseUrl': faulted.api.url, ...options.settings },
	});
	return { workbench, faulted };
}

const picture = (workbench: Workbench, name: string): Promise<void> =>
	workbench.pictures(`broken-${name}`, 'light', 'dark');

/** Opens the session with this title with a click on its row of the Sessions view. */
async function openFromTree(workbench: Workbench, title: string, page: Page = workbench.page): Promise<void> {
	await workbench.runCommand('View: Show Retrace', page);
	await page.locator('.pane-body [role="treeitem"][aria-level="2"]').filter({ hasText: title }).first().click();
}

suite('Broken sessions', { skip: missingBrowser() }, () => {
	const open: { workbench: Workbench; faulted: FaultedApi }[] = [];
	const start = async (options: WorkbenchOptions) => {
		const started = await openWithApi(options);
		open.push(started);
		return started;
	};
	after(async () => {
		for (const { workbench, faulted } of open) {
			await workbench.close();
			await faulted.api.close();
		}
	});

	suite('with a folder', () => {
		let workbench: Workbench;
		let faulted: FaultedApi;
		const log = () => endedLog(workbench.userDataDir, 'First question');

		test('a damaged log opens with what can be read, says what cannot, and goes on', async () => {
			({ workbench, faulted } = await start({ name: 'broken' }));
			faulted.lineUp({ text: 'First answer.' }, { text: 'Second answer.' });
			for (const [prompt, answer] of [
				['First question', 'First answer.'],
				['Second question', 'Second answer.'],
			] as const) {
				await send(workbench.panel(), prompt);
				await saidIn(workbench.panel(), answer);
				await endedLog(workbench.userDataDir, prompt);
			}
			const { path, text } = await log();
			const [header = '', ...lines] = text.trimEnd().split('\n');
			assert.match(header, /"type":"header"/);
			const id = '01890000-0000-7000-8000-000000000001';
			const renamed = lines.map((line) => line.replaceAll('First question', 'Damaged question'));
			const damaged = [...renamed.slice(0, 4), '{"this is": not a line', ...renamed.slice(4), '{"v":1,"id":"torn'].join(
				'\n',
			);
			const damagedPath = join(dirname(path), `${id}.jsonl`);
			writeFileSync(damagedPath, damaged);
			await openFromTree(workbench, 'Damaged question');
			const panel = workbench.panel();
			await saidIn(panel, 'Damaged question');
			await saidIn(panel, 'Second answer.');
			const notice = panel.getByRole('group', { name: 'Warning' }).last();
			await notice.getByText(/Part of this session’s log is damaged/).waitFor();
			const said = await notice.innerText();
			for (const part of [
				/header line is missing/,
				/Line 5 cannot be read: it is not JSON/,
				/last line was cut off/,
				/go on/,
			])
				assert.match(said, part);
			await picture(workbench, 'damaged');
			assert.equal(readFileSync(damagedPath, 'utf8'), damaged, 'looking at a log changed it');

			faulted.api.markNewPrefix();
			faulted.lineUp({ text: 'Third answer.' });
			await send(panel, 'Third question');
			await saidIn(panel, 'Third answer.');
			await until('the log grew behind what was there', () => {
				const now = readFileSync(damagedPath, 'utf8');
				return now.startsWith(damaged) && now.includes('Third answer.') && now.includes('"turnEnded"');
			});
			// The helpers of the tests below take every line for JSON.
			rmSync(damagedPath);
			assert.deepEqual(faulted.api.violations, []);
		});
	});

	test('without a key nothing is sent, and the prompt comes back with what was attached', async () => {
		// Nothing listens there, and it is no address of this machine's own that would need no key.
		const { workbench } = await start({
			name: 'no-key',
			env: { ANTHROPIC_API_KEY: undefined },
			settings: { 'retrace.baseUrl': 'http://127.0.0.2:9' },
		});
		const panel = workbench.panel();
		await panel.getByRole('button', { name: 'Set API key' }).waitFor();
		const long = 'A long story. '.repeat(8000);
		await boxOf(panel).fill(long);
		await panel.getByRole('button', { name: 'Send', exact: true }).click();
		const notice = panel.getByRole('group', { name: 'Warning' }).last();
		await notice.getByText(/No API key is set.*Your prompt is back in the input/).waitFor();
		await panel
			.getByRole('list', { name: 'Attachments' })
			.getByText(/Pasted text 1\.txt/)
			.waitFor();
		await until('the prompt is back', async () => (await boxOf(panel).inputValue()) !== '');
		assert.deepEqual(readSessionLogs(workbench.userDataDir), []);
		await picture(workbench, 'no-key');

		// Hidden and shown again: the page is a new one.
		await workbench.runCommand('View: Toggle Secondary Side Bar Visibility');
		await workbench.page.locator('.part.auxiliarybar').waitFor({ state: 'hidden' });
		await workbench.runCommand('Retrace: Focus Chat');
		await panel
			.getByRole('list', { name: 'Attachments' })
			.getByText(/Pasted text 1\.txt/)
			.waitFor();
		await until('the draft is back', async () => (await boxOf(panel).inputValue()) !== '');

		await panel
			.getByRole('group', { name: 'Warning' })
			.last()
			.getByRole('button', { name: 'Use the Demo Model' })
			.click();
		await until('the demo model is chosen', async () =>
			(await panel.getByRole('combobox', { name: 'Model' }).innerText()).includes('Demo model'),
		);
		await boxOf(panel).fill('list files src/*.js');
		await panel.getByRole('button', { name: 'Send', exact: true }).click();
		const ended = await endedLog(workbench.userDataDir, 'list files src/*.js');
		assert.equal(newestEnd(ended)?.reason, 'endTurn');
		assert.ok(
			ended.entries.some(({ type }) => type === 'attachment'),
			'the attachment was lost',
		);
	});

	test('without a folder a conversation works, and says what does not', async () => {
		const { workbench, faulted } = await start({ name: 'no-folder', isFolderless: true });
		const panel = workbench.panel();
		await panel.getByText('No folder is open').first().waitFor();
		faulted.lineUp(
			{ blocks: [{ tool: 'Write', id: 'nowhere', input: { file_path: 'notes.md', content: 'x' } }] },
			{ text: 'There is no folder.' },
		);
		await send(panel, 'Write notes');
		const deny = panel.getByRole('button', { name: 'Deny', exact: true });
		await deny
			.or(conversationOf(panel).getByText('There is no folder.', { exact: true }))
			.first()
			.waitFor();
		if (await deny.isVisible()) await deny.click();
		await saidIn(panel, 'There is no folder.');
		await panel.getByRole('group', { name: 'Notice' }).getByRole('button', { name: 'Open Folder' }).waitFor();
		await picture(workbench, 'no-folder');
		pairedResults(await endedLog(workbench.userDataDir, 'Write notes'));
		faulted.lineUp({ text: 'Just talk.' });
		await send(panel, 'Then let us talk');
		await saidIn(panel, 'Just talk.');
		assert.deepEqual(faulted.api.violations, []);
	});
});
