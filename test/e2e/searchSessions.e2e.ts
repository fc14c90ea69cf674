// Full-text search in a real VS Code: from the command over a word to the message that has it, and find in the open transcript.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { writePastSession } from './support/pastSession.ts';
import { searchView } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Search over all sessions', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'search' });
		// The storage of the workspace is there when the panel is.
		await workbench.panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
		const { userDataDir, folder } = workbench;
		await writePastSession(
			userDataDir,
			folder,
			'Say "hello" to C:\\temp',
			`Long ago. ${'words and words. '.repeat(400)}The needle is here.`,
		);
		await writePastSession(userDataDir, folder, 'Another one', 'Nothing of the kind.');
	});
	after(() => workbench?.close());

	const search = () => searchView(workbench.page);

	test('the command puts the caret into the textbox, and a hit opens the message', async () => {
		await workbench.runCommand('Retrace: Search Sessions');
		const page = search();
		const box = page.getByRole('textbox', { name: 'Search sessions' });
		await until('the textbox has the focus', () =>
			box.evaluate((element) => element === element.ownerDocument.activeElement),
		);
		await box.fill('"say \\"hello\\" to c:\\temp"');
		await page.getByRole('treeitem', { name: /^You: Say "hello"/ }).waitFor();
		await box.fill('needle here');
		const hit = page.getByRole('treeitem', { name: /^Retrace: .*The needle is here/ });
		await hit.waitFor();
		await workbench.screenshot('search-results');
		await hit.click();
		const panel = workbench.panel();
		await panel.getByText('The needle is here').waitFor();
		await until('the message has the focus', () =>
			panel.locator('body').evaluate((body) => body.ownerDocument.activeElement?.tagName === 'ARTICLE'),
		);
		await workbench.screenshot('search-jump');
	});

	test('Ctrl+F in the panel finds in the conversation', async () => {
		const panel = workbench.panel();
		await panel.getByRole('textbox', { name: 'Message Retrace' }).click();
		await workbench.page.keyboard.press('Control+f');
		const box = panel.getByRole('textbox', { name: 'Find in conversation' });
		await box.waitFor();
		await box.fill('needle');
		await panel.getByText('1 of 1', { exact: true }).waitFor();
		await workbench.screenshot('find-bar');
		await box.press('Escape');
		await until('the input has the focus again', () =>
			panel
				.getByRole('textbox', { name: 'Message Retrace' })
				.evaluate((element) => element === element.ownerDocument.activeElement),
		);
		assert.equal(await box.count(), 0);
	});

	test('a filter that is not valid is said', async () => {
		await workbench.runCommand('Retrace: Search Sessions');
		const page = search();
		await page.getByRole('textbox', { name: 'Search sessions' }).fill('needle is:wrong');
		await page.getByRole('alert').filter({ hasText: 'is:error' }).waitFor();
	});
});
