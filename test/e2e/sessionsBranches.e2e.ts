// Branches in a real window: a rewind and another prompt make two, both are shown, one switches between them without loss, and two are compared.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { endedLog } from './support/faultedApi.ts';
import { editCard, openRewind, send, turnEnds } from './support/panelActions.ts';
import { chooseInMenu, showSessions, treeRow } from './support/sessionViews.ts';
import { settled, until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Branches', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'branches', settings: { 'retrace.mode': 'acceptEdits' } });
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const conversation = () => panel().getByRole('log', { name: 'Conversation' });
	const ask = async (prompt: string) => {
		await send(panel(), prompt);
		await turnEnds(panel());
		return await endedLog(workbench.userDataDir, prompt);
	};
	const branchRow = (text: string) => treeRow(workbench.page, 'Branches', text);
	/** The first branch is named after the prompt it begins with; the second one begins where the two part. */
	const firstPrompt = 'list files src/*.js';
	/** Conversation and files. */
	const switchTo = async (text: string) => {
		await chooseInMenu(workbench.page, branchRow(text), 'Switch to Branch');
		await workbench.page.getByRole('dialog').getByRole('button', { name: 'Conversation and code' }).click();
	};
	/** What was said. What one may do next stands behind it only while nothing is in the input. */
	const said = () =>
		conversation()
			.getByRole('article')
			.evaluateAll((articles) =>
				articles
					.flatMap(({ children }) => [...children])
					.map((part) => (part instanceof HTMLElement && !part.matches('.branching') ? part.innerText : ''))
					.join('\n'),
			);
	let first = '';
	let second = '';
	let firstFile = '';

	test('a rewind and another prompt make a second branch, and the view shows both', async () => {
		await ask('list files src/*.js');
		await ask('replace "24.5" with "26" in src/invoice.js');
		await editCard(panel(), 'src/invoice.js').waitFor();
		first = await settled('the first branch', said);
		firstFile = workbench.readFile('src/invoice.js');
		const dialog = await openRewind(panel(), 1);
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await dialog.waitFor({ state: 'hidden' });
		const box = panel().getByRole('textbox', { name: 'Message Retrace' });
		// It would come over what is typed before it.
		await until('the prompt is back in the input', async () => (await box.inputValue()).includes('"26"'));
		await box.fill('');
		await ask('replace "24.5" with "30" in src/invoice.js');
		second = await settled('the second branch', said);
		await showSessions(workbench);
		await branchRow(firstPrompt).waitFor();
		await branchRow('"30"').waitFor();
		await workbench.screenshot('branches');
	});

	test('switching back shows the same transcript, and nothing of the other one is lost', async () => {
		const before = (await endedLog(workbench.userDataDir, 'list files src/*.js')).text;
		const secondFile = workbench.readFile('src/invoice.js');
		assert.notEqual(secondFile, firstFile);
		await switchTo(firstPrompt);
		await until('the same transcript', async () => (await said()) === first);
		await until('the first file', () => workbench.readFile('src/invoice.js') === firstFile);
		await workbench.screenshot('branches-switched');
		await switchTo('"30"');
		await until('the other one again', async () => (await said()) === second);
		await until('the second file', () => workbench.readFile('src/invoice.js') === secondFile);
		const now = (await endedLog(workbench.userDataDir, 'list files src/*.js')).text;
		assert.ok(now.startsWith(before));
	});

	test('two branches are compared as a multi-file diff', async () => {
		await chooseInMenu(workbench.page, branchRow(firstPrompt), 'Compare with Current Branch');
		await workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'Files' }).click();
		await workbench.page.locator('.multiDiffEntry').filter({ hasText: 'invoice.js' }).first().waitFor();
		await workbench.screenshot('branches-compare');
	});

	test('their messages stand side by side', async () => {
		await chooseInMenu(workbench.page, branchRow(firstPrompt), 'Compare with Current Branch');
		await workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'Messages' }).click();
		const diff = workbench.page.locator('.monaco-diff-editor');
		await diff.getByText('26').first().waitFor();
		await diff.getByText('30').first().waitFor();
		await workbench.screenshot('branches-messages');
	});
});
