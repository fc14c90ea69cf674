// Agents in a real window: two work beside each other, one is stopped, and what it changed is taken back apart.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Agents', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'agents', settings: { 'retrace.mode': 'acceptEdits' } });
	});
	after(() => workbench?.close());

	test('two work beside each other; one is stopped, and its edit is taken back apart', async () => {
		const panel = workbench.panel();
		const file = () => workbench.readFile('src/invoice.js');
		const before = file();
		await send(
			panel,
			'delegate "replace 24.5 with 26 in src/invoice.js, then count to 400 slowly" and "explain src/invoice.js"',
		);
		const edits = panel.getByRole('group', { name: 'Agent: replace 24.5 with 26' });
		const explains = panel.getByRole('group', { name: 'Agent: explain src/invoice.js' });
		await explains.getByText('done', { exact: true }).waitFor();
		await until('the edit is on the disk', async () => file().includes('26') && file() !== before);
		await edits.getByText('working', { exact: true }).waitFor();
		await edits.getByRole('meter', { name: /^Context of general-/ }).waitFor();
		await edits.getByRole('button', { expanded: false }).press('Enter');
		await edits
			.getByRole('region', { name: /^What general-/ })
			.getByText('src/invoice.js')
			.first()
			.waitFor();
		await workbench.screenshot('agents-dark');
		await edits.getByRole('button', { name: /^Stop general-/ }).click();
		await edits.getByText('stopped', { exact: true }).waitFor();
		await turnEnds(panel);
		await edits.getByRole('button', { name: 'Take back its edits…' }).click();
		const picker = workbench.page.locator('.quick-input-widget:visible');
		await picker.getByText('invoice.js').first().waitFor();
		await picker.getByRole('button', { name: 'OK' }).click();
		await until('the file is as it was', async () => file() === before);
		await panel.getByText(/^Taken back: what general-\d changed/).waitFor();
		assert.equal(file(), before);
	});
});
