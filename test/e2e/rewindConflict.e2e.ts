// A rewind over what the user changed as well: hunks that are kept, a conflict that waits over a reload and is settled in the merge editor,
// and the way back and forth again.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { clickInto } from './support/editors.ts';
import { missingBrowser } from './support/environment.ts';
import { openRewind, openSessionFromTree, send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const ends = (first: string, last: string) => `${first}\n${'between\n'.repeat(8)}${last}\n`;
const prompt =
	'replace "alpha" with "beta" in merge.txt then replace "first" with "FIRST" in ends.txt then replace "last" with "LAST" in ends.txt';
const original = 'top\nalpha\nbottom\n';
const mine = 'top\nmine\nbottom\n';

suite('A rewind over changes of the user', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'rewind-conflict',
			settings: { 'retrace.mode': 'acceptEdits' },
			files: { 'merge.txt': original, 'ends.txt': ends('first', 'last') },
		});
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const row = () =>
		panel()
			.getByRole('status')
			.filter({ hasText: /Files rewound|Conflict settled|Rewind undone/ });
	const holds = async (path: string, text: string) =>
		await until(`${path} holds ${JSON.stringify(text)}`, () => workbench.readFile(path) === text);
	const resolve = () => panel().getByRole('button', { name: 'Resolve merge.txt' });
	const mergeEditor = () => workbench.page.locator('.merge-editor');
	const pictures = (name: string) => workbench.pictures(`rewind-conflict-${name}`, 'light', 'dark');

	test('the agent changes two files; the user changes the same line of one', async () => {
		await send(panel(), prompt);
		await turnEnds(panel());
		await holds('ends.txt', ends('FIRST', 'LAST'));
		writeFileSync(join(workbench.folder, 'merge.txt'), mine);
	});

	test('the conflict is listed and not ticked, and one of two hunks of the other file is kept', async () => {
		const dialog = await openRewind(panel(), 0);
		await dialog.getByRole('heading', { name: 'Conflicts' }).waitFor();
		const overwrite = dialog.getByRole('checkbox', { name: 'Overwrite my changes in merge.txt' });
		await overwrite.waitFor();
		assert.equal(await overwrite.isChecked(), false);
		assert.equal(await dialog.getByRole('checkbox', { name: 'Restore ends.txt' }).isChecked(), true);
		await dialog.getByRole('button', { name: /ends\.txt/ }).click();
		await dialog.getByRole('checkbox', { name: 'Restore line 1 of ends.txt' }).click();
		await dialog.getByRole('radio', { name: 'Code only' }).click();
		await dialog.getByText('1 file is restored (1 in part), 1 conflict is left to merge.', { exact: false }).waitFor();
		await pictures('1-dialog');
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await dialog.waitFor({ state: 'hidden' });
		await holds('ends.txt', ends('FIRST', 'last'));
		assert.equal(workbench.readFile('merge.txt'), mine);
		await row().getByText('Files rewound: 1 file restored, 1 conflict').waitFor();
		await pictures('2-row');
	});

	test('the conflict still waits after a reload, and opens in the merge editor', async () => {
		await workbench.reloadWindow();
		await openSessionFromTree(workbench);
		await resolve().click();
		await mergeEditor().waitFor();
		await mergeEditor().getByText('Earlier Version').first().waitFor();
		await pictures('3-merge-editor');
	});

	test('a result in which nothing is decided asks first; the decided one gets into the file', async () => {
		await panel().getByRole('button', { name: 'Use result' }).click();
		const question = workbench.page.locator('.monaco-dialog-box').filter({ hasText: 'Nothing is decided' });
		await question.getByRole('button', { name: 'Cancel' }).click();
		assert.equal(workbench.readFile('merge.txt'), mine);
		await mergeEditor().getByText('Accept Your Version').click();
		// The result stands below both sides.
		await mergeEditor().getByText('0 Conflicts Remaining').waitFor();
		const result = mergeEditor().locator('.view-line').filter({ hasText: 'mine' }).last();
		await clickInto(workbench.page, result);
		await workbench.page.keyboard.press('End');
		await workbench.page.keyboard.insertText(' and alpha');
		await result.filter({ hasText: 'and alpha' }).waitFor();
		await pictures('4-merged');
		await panel().getByRole('button', { name: 'Use result' }).click();
		await holds('merge.txt', 'top\nmine and alpha\nbottom\n');
		await mergeEditor().waitFor({ state: 'detached' });
		await row().getByText('Conflict settled: merge.txt').waitFor();
		await resolve().waitFor({ state: 'detached' });
	});

	test('it can be undone, made again and undone again, and so can the rewind', async () => {
		const button = (name: string) => panel().getByRole('button', { name, exact: true }).last();
		const merged = workbench.readFile('merge.txt');
		await button('Undo rewind').click();
		await holds('merge.txt', mine);
		await resolve().waitFor();
		await button('Redo rewind').click();
		await holds('merge.txt', merged);
		await button('Undo rewind').click();
		await holds('merge.txt', mine);
		await button('Undo rewind').click();
		await holds('ends.txt', ends('FIRST', 'LAST'));
		assert.equal(workbench.readFile('merge.txt'), mine);
		await button('Redo rewind').click();
		await holds('ends.txt', ends('FIRST', 'last'));
	});

	test('a conflict that is ticked is overwritten, and comes back with the undo', async () => {
		const dialog = await openRewind(panel(), 0);
		await dialog.getByRole('checkbox', { name: 'Overwrite my changes in merge.txt' }).click();
		await dialog.getByRole('radio', { name: 'Code only' }).click();
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await holds('merge.txt', original);
		await panel().getByRole('button', { name: 'Undo rewind', exact: true }).last().click();
		await holds('merge.txt', mine);
	});
});
