// The time line in a real window: a checkpoint is made and seen, a file is looked at as it was and stepped through, compared, and restored.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { clickInto, goToLine } from './support/editors.ts';
import { missingBrowser } from './support/environment.ts';
import { endedLog } from './support/faultedApi.ts';
import { notification } from './support/notifications.ts';
import { editCard, permissionCard, send, turnEnds } from './support/panelActions.ts';
import { chooseInMenu, expand, treeRow } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Time line', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'timeline', settings: { 'retrace.mode': 'acceptEdits' } });
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const page = () => workbench.page;
	const ask = async (prompt: string) => {
		await send(panel(), prompt);
		await turnEnds(panel());
		return await endedLog(workbench.userDataDir, prompt);
	};
	const row = (text: string) => treeRow(page(), 'Time Line', text);
	/** Of the one point that is expanded. */
	const fileRow = () =>
		page()
			.locator('.pane:has(.pane-header[aria-label^="Time Line"]) [role="treeitem"][aria-level="2"]')
			.filter({ hasText: 'invoice.js' });
	const file = () => workbench.readFile('src/invoice.js');
	const editorText = () => page().locator('.editor-instance .view-lines').last();
	const tab = (name: string) => page().locator('.tab').filter({ hasText: name });
	const first = 'replace "24.5" with "26" in src/invoice.js';
	const second = 'replace "26" with "30" in src/invoice.js';

	test('a checkpoint is made by name, and stands in the chat and in the time line', async () => {
		await ask(first);
		await editCard(panel(), 'src/invoice.js').waitFor();
		await workbench.runCommand('Retrace: Create Checkpoint…');
		const name = page().locator('.quick-input-widget:visible input[type="text"]');
		await name.fill('Rate is 26');
		await name.press('Enter');
		await panel().getByText('Checkpoint: Rate is 26').waitFor();
		await ask(second);
		await workbench.runCommand('Retrace: Show Time Line');
		await row('Rate is 26').waitFor();
		await row(first).waitFor();
		await row(second).getByText('1 file').waitFor();
		await row(second).getByText('+1 −1').waitFor();
		await expand(row(second));
		await fileRow().getByText('agent').waitFor();
		await workbench.screenshot('timeline-dark');
	});

	test('a row shows what changed there', async () => {
		await fileRow().click();
		const diff = page().locator('.monaco-diff-editor');
		await diff.getByText('26').first().waitFor();
		await diff.getByText('30').first().waitFor();
		await workbench.screenshot('timeline-change');
	});

	test('a file is opened as it was, read-only, and stepped through', async () => {
		const now = file();
		await chooseInMenu(page(), fileRow(), 'Open File as It Was…');
		await tab('invoice (at replace').waitFor();
		await until('the newest version', async () => /30/.test(await editorText().innerText()));
		await workbench.screenshot('timeline-as-it-was');
		await clickInto(page(), editorText());
		await page().keyboard.press('Alt+,');
		await until('the version before', async () => {
			const text = await editorText().innerText();
			return /26/.test(text) && !/30/.test(text);
		});
		await page().keyboard.press('Alt+,');
		await until('the first version', async () => /24\.5/.test(await editorText().innerText()));
		await page().keyboard.press('Alt+.');
		await until('the next version', async () => /26/.test(await editorText().innerText()));
		assert.equal(file(), now, 'looking restores nothing');
	});

	test('two moments are compared', async () => {
		await chooseInMenu(page(), row('Rate is 26'), 'Compare All Files with…');
		await page().locator('.quick-input-list .monaco-list-row').filter({ hasText: 'the files as they are' }).click();
		await page().locator('.multiDiffEntry').filter({ hasText: 'invoice' }).first().waitFor();
		await workbench.screenshot('timeline-compare');
	});

	test('the files of a checkpoint are restored after a preview, and that can be undone', async () => {
		assert.match(file(), /30/);
		await chooseInMenu(page(), row('Rate is 26'), 'Restore Files to Here…');
		const list = page().locator('.quick-input-list .monaco-list-row').filter({ hasText: 'src/invoice.js' });
		await list.getByText('restore').first().waitFor();
		await workbench.screenshot('timeline-restore');
		assert.match(file(), /30/, 'a preview changes nothing');
		await page().locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
		await until('the file is restored', () => /26/.test(file()) && !/30/.test(file()));
		await row('Files rewound').waitFor();
		await panel().getByRole('button', { name: 'Undo rewind' }).last().click();
		await until('the restore is undone', () => /30/.test(file()));
	});

	test('one past turn is taken back, and what a later turn did stays', async () => {
		await ask('replace "const" with "let" in src/area.js');
		await ask('replace "let" with "var" in src/area.js');
		const area = workbench.readFile('src/area.js');
		await chooseInMenu(page(), row(second), 'Undo This Turn’s Changes…');
		await page().locator('.quick-input-list .monaco-list-row').filter({ hasText: 'src/invoice.js' }).waitFor();
		await page().locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
		await until('the turn is taken back', () => /26/.test(file()) && !/30/.test(file()));
		await row('Taken back: replace').waitFor();
		assert.equal(workbench.readFile('src/area.js'), area);
		await panel().getByText('One turn taken back: 1 file restored').waitFor();
	});

	test('a command that changed files is a point of its own, and one file of it is taken back', async () => {
		await send(panel(), 'Run `echo made > made.txt`');
		// The grammar of the shell is in the package: it saw the redirection, and that echo itself does nothing.
		await permissionCard(panel(), 'Bash').getByText('It writes made.txt.', { exact: true }).waitFor();
		await permissionCard(panel(), 'Bash').getByRole('button', { name: 'Allow once' }).click();
		await turnEnds(panel());
		await row('Run echo made').getByText('1 file').waitFor();
		await chooseInMenu(page(), row('Run echo made'), 'Undo This Turn’s Changes…');
		await page().locator('.quick-input-list .monaco-list-row').filter({ hasText: 'made.txt' }).waitFor();
		await page().locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
		await until('the file is gone', () => !existsSync(join(workbench.folder, 'made.txt')));
	});

	test('a line says which prompt wrote it', async () => {
		await workbench.openFile('src/area.js');
		const goTo = async (line: number) => {
			await clickInto(page(), editorText());
			await goToLine(page(), line);
		};
		await goTo(8);
		await workbench.runCommand('Retrace: Show Who Wrote This Line');
		const picker = page().locator('.quick-input-widget');
		await picker.getByText('Line 8 · written by the agent with Edit').waitFor();
		await picker.getByText('Compare with Now').waitFor();
		await workbench.screenshot('timeline-line-origin');
		await page().keyboard.press('Escape');
		await picker.waitFor({ state: 'hidden' });
		const word = editorText().locator('.view-line').filter({ hasText: 'main =' }).getByText('main').first();
		const hover = page().locator('.monaco-hover').filter({ hasText: 'written by the agent' });
		const said = hover.getByText('replace "let" with "var" in src/area.js');
		// A window that draws anew meanwhile takes the hover away.
		await until('the hover is shown', async () => {
			await editorText().hover({ position: { x: 1, y: 1 } });
			await word.hover();
			return await said.waitFor({ timeout: 4_000 }).then(
				() => true,
				() => false,
			);
		});
		await workbench.screenshot('timeline-hover');
		await goTo(1);
		await workbench.runCommand('Retrace: Show Who Wrote This Line');
		await notification(workbench, 'Line 1: it was there before');
	});

	test('what is stored is listed, and nothing of an open session can be removed', async () => {
		await workbench.runCommand('Retrace: Show Storage…');
		const picker = page().locator('.quick-input-widget');
		await picker.getByText(/^Storage: .* of 1024\.0 MB$/).waitFor();
		const session = picker.locator('.monaco-list-row').filter({ hasText: 'pinned or open' });
		await session.getByText('log').first().waitFor();
		await workbench.screenshot('timeline-storage');
		await session.click();
		await notification(workbench, 'its contents stay');
	});

	test('it reads well in light, in high contrast and in a narrow side bar', async () => {
		await workbench.runCommand('View: Close All Editors');
		const side = await page().locator('.part.sidebar').boundingBox();
		assert.ok(side);
		const edge = side.x + side.width;
		await page().mouse.move(edge + 1, side.y + side.height / 2);
		await page().mouse.down();
		await page().mouse.move(edge - 80, side.y + side.height / 2, { steps: 4 });
		await page().mouse.up();
		await workbench.screenshot('timeline-narrow');
		await workbench.setTheme('light');
		await workbench.screenshot('timeline-light');
		await workbench.setTheme('highContrast');
		await workbench.runCommand('Retrace: Show Time Line');
		// With the focus the selected row comes into view, which is so far down that there is no room for the newest ones.
		await until('the newest rows are in view', async () => {
			await page().locator('.pane:has(.pane-header[aria-label^="Time Line"]) .monaco-list').hover({ timeout: 2_000 });
			await page().mouse.wheel(0, -1_000);
			return await row('Run echo made').isVisible();
		});
		await workbench.screenshot('timeline-contrast');
	});
});
