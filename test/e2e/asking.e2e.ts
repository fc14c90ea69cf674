// A slash command with arguments, a question answered by keys, and a plan that ends plan mode: in one window, and the same rows after a reload.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { turnEnds } from './support/panelActions.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const COMMAND =
	'---\ndescription: Asks about a thing\nargument-hint: thing\n---\nask me "Which $0?" with "the first" or "the second"\n';

suite('Asking and planning', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		const files = { '.claude/commands/choose.md': COMMAND };
		workbench = await openWorkbench({ name: 'asking', files });
	});
	after(() => workbench?.close());

	test('a command asks, its answer and an accepted plan stand in the rows, also after a reload', async () => {
		const panel = workbench.panel();
		const log = panel.getByRole('log', { name: 'Conversation' });
		const input = panel.getByRole('textbox', { name: 'Message Retrace' });
		await input.fill('/cho');
		await panel.getByRole('option', { name: /^\/choose thing/ }).waitFor();
		await input.press('Enter');
		await input.pressSequentially('"data base"');
		await input.press('Enter');
		const question = panel.getByRole('group', { name: 'Question', exact: true });
		await question.getByText('Which data base?').waitFor();
		await question.getByRole('radio', { name: 'the first' }).press('2');
		await question.getByRole('radio', { name: 'the second' }).press('Enter');
		await log.getByText('You answered: the second.').waitFor();
		await turnEnds(panel);

		await input.fill('plan to replace "24.5" with "26" in src/invoice.js');
		await input.press('Enter');
		const plan = panel.getByRole('group', { name: 'Plan', exact: true });
		await plan.getByRole('button', { name: 'Accept and apply edits' }).click();
		await log.getByText('The plan is carried out.').waitFor();
		await turnEnds(panel);
		assert.equal(await panel.getByRole('combobox', { name: 'Mode', exact: true }).inputValue(), 'acceptEdits');
		const rows = await panel.locator('[data-row]').evaluateAll((all) => all.map((row) => row.getAttribute('data-row')));

		await workbench.reload();
		const again = workbench.panel();
		const shownLog = again.getByRole('log', { name: 'Conversation' });
		await shownLog.getByText('/choose "data base"').waitFor();
		await shownLog.getByText('The plan is carried out.').waitFor();
		const shown = await again
			.locator('[data-row]')
			.evaluateAll((all) => all.map((row) => row.getAttribute('data-row')));
		assert.deepEqual(shown, rows);
		assert.equal(await again.getByRole('group', { name: 'Plan', exact: true }).count(), 0);
	});
});
