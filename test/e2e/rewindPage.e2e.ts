/**
 * The rewind dialog and the row that a rewind leaves, in the panel's page in a headless Chromium: groups, ticks, moved files, hunks by keyboard,
 * what is posted. Skipped, and counted as such, where there is no Chromium.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { panelSuite, posted } from '../webview/harness/pageSuite.ts';
import { movedFiles, rewindFileHunks, rewindMany, rewindPlan, rewound } from '../webview/harness/rewindSamples.ts';
import { samples, snapshot } from '../webview/harness/samples.ts';

panelSuite('rewind page', 320, ({ withPage }) => {
	test('rewind: scope, conflict, apply', () =>
		withPage([snapshot()], async (panel) => {
			await panel.page.getByRole('button', { name: 'Rewind to here' }).first().click();
			await panel.send(rewindPlan);
			const dialog = panel.page.getByRole('dialog', { name: 'Rewind' });
			await dialog.getByRole('radio', { name: 'Conversation and code', checked: true }).waitFor();
			await dialog.getByRole('checkbox', { name: /Overwrite my changes/ }).click();
			await dialog.getByRole('radio', { name: 'Code only' }).click();
			await dialog.getByText('leave the conversation').waitFor({ state: 'detached' });
			await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
			await dialog.waitFor({ state: 'detached' });
			assert.deepEqual(await posted(panel), [
				{ kind: 'rewind.preview', entryId: 'p1' },
				{ kind: 'rewind.apply', entryId: 'p1', scope: 'code', overwrite: ['k2'], keep: [], keepHunks: [] },
			]);
		}));

	test('rewind: files are in groups, and only what takes nothing from the user is ticked', () =>
		withPage([snapshot(), rewindPlan], async ({ page }) => {
			const dialog = page.getByRole('dialog', { name: 'Rewind' });
			const ticked = async (name: string) => await dialog.getByRole('checkbox', { name, exact: true }).isChecked();
			assert.deepEqual(await dialog.getByRole('heading', { level: 3 }).allTextContents(), [
				'Will be restored',
				'Conflicts',
				'Changed by an unknown author',
				'Cannot be restored',
			]);
			assert.equal(await ticked('Restore src/area.js'), true);
			assert.equal(await ticked('Remove notes.md'), true);
			assert.equal(await ticked('Overwrite my changes in src/geometry/rectangles/perimeter.js'), false);
			assert.equal(await ticked('Also take back what an unknown author changed in package-lock.json'), false);
			assert.equal(await dialog.getByRole('checkbox', { name: /logo\.png/ }).count(), 0);
			await dialog
				.getByText('3 files are restored, 2 stay as they are, 1 conflict is left to merge.', { exact: false })
				.waitFor();
		}));

	test('rewind: a moved file is one row, and its tick is for both places', () =>
		withPage([snapshot(), { ...rewindPlan, files: movedFiles }], async (panel) => {
			const dialog = panel.page.getByRole('dialog', { name: 'Rewind' });
			await dialog.getByText('README.md → docs/GUIDE.md').waitFor();
			assert.equal(await dialog.getByRole('list', { name: 'Will be restored' }).getByRole('listitem').count(), 2);
			await dialog.getByRole('checkbox', { name: 'Move docs/GUIDE.md back to README.md' }).press('Space');
			await dialog.getByRole('button', { name: 'Rewind', exact: true }).press('Enter');
			assert.deepEqual(await posted(panel), [
				{ kind: 'rewind.apply', entryId: 'p1', scope: 'both', overwrite: [], keep: ['old', 'new'], keepHunks: [] },
			]);
		}));

	test('rewind: a file and a hunk are kept by keyboard alone', () =>
		withPage([snapshot(), rewindPlan], async (panel) => {
			const dialog = panel.page.getByRole('dialog', { name: 'Rewind' });
			const { keyboard } = panel.page;
			await dialog.getByRole('checkbox', { name: 'Restore src/area.js' }).focus();
			await keyboard.press('Space');
			await keyboard.press('ArrowDown');
			await keyboard.press('ArrowDown');
			await keyboard.press('ArrowRight');
			await panel.send(rewindFileHunks);
			await dialog.getByRole('checkbox', { name: 'Restore line 18 of README.md' }).press('Space');
			assert.equal(
				await dialog
					.getByRole('checkbox', { name: 'Restore README.md' })
					.evaluate((box: HTMLInputElement) => box.indeterminate),
				true,
			);
			await dialog.getByRole('button', { name: 'Open diff of README.md' }).press('Enter');
			await dialog.getByRole('button', { name: 'Rewind', exact: true }).press('Enter');
			assert.deepEqual(await posted(panel), [
				{ kind: 'rewind.expand', key: 'k4' },
				{ kind: 'rewind.diff', key: 'k4' },
				{
					...{ kind: 'rewind.apply', entryId: 'p1', scope: 'both', overwrite: [], keep: ['k1'] },
					keepHunks: [{ key: 'k4', version: 'v1', hunks: [1] }],
				},
			]);
		}));

	test('rewind: all and none of a group, also of twenty thousand files, in folders and with right counts', () =>
		withPage([snapshot(), rewindMany], async (panel) => {
			const dialog = panel.page.getByRole('dialog', { name: 'Rewind' });
			await dialog.getByText('15,000 files are restored, 5,000 stay as they are.', { exact: false }).waitFor();
			assert.ok((await panel.page.locator('dialog li').count()) < 10, 'only folders are drawn');
			await dialog.getByRole('checkbox', { name: 'docs/, 5,000 files' }).click();
			await dialog.getByText('10,000 files are restored, 10,000 stay as they are.', { exact: false }).waitFor();
			await dialog.getByRole('button', { name: /docs/ }).click();
			await dialog.getByRole('button', { name: 'Show 100 more of 4,900' }).waitFor();
			await dialog.getByRole('checkbox', { name: 'Restore docs/f10.ts' }).click();
			await dialog.getByText('10,001 files are restored, 9,999 stay as they are.', { exact: false }).waitFor();
			await dialog.getByRole('checkbox', { name: 'All files: Changed by an unknown author' }).click();
			await dialog.getByText('15,001 files are restored, 4,999 stay as they are.', { exact: false }).waitFor();
		}));

	test('rewind: while a turn runs the button says that it is stopped', () =>
		withPage(samples.rewindRunning?.messages ?? [], async ({ page }) => {
			await page.getByRole('dialog', { name: 'Rewind' }).getByRole('button', { name: 'Stop and rewind' }).waitFor();
		}));

	test('rewind: without code only the conversation can go; Escape cancels', () =>
		withPage(samples.rewindNoCode?.messages ?? [], async (panel) => {
			const dialog = panel.page.getByRole('dialog', { name: 'Rewind' });
			assert.equal(await dialog.getByRole('radio', { name: 'Conversation only' }).getAttribute('aria-checked'), 'true');
			assert.equal(await dialog.getByRole('radio', { name: 'Code only' }).getAttribute('aria-disabled'), 'true');
			await panel.page.keyboard.press('Escape');
			await panel.page.waitForSelector('dialog', { state: 'detached' });
			assert.deepEqual(await posted(panel), []);
		}));

	test('rewind: a message is chosen from the list, newest first', () =>
		withPage(samples.rewindChoose?.messages ?? [], async (panel) => {
			await panel.page
				.getByRole('dialog', { name: 'Rewind' })
				.getByRole('button', { name: /Now do the same/ })
				.press('Enter');
			assert.deepEqual(await posted(panel), [{ kind: 'rewind.preview', entryId: 'p2' }]);
		}));

	test('a rewind can be undone from a status', () =>
		withPage(samples.rewound?.messages ?? [], async (panel) => {
			await panel.page.getByRole('status').getByRole('button', { name: 'Undo rewind' }).click();
			assert.deepEqual(await posted(panel), [{ kind: 'rewind.undo' }]);
		}));

	test('the row of a rewind opens conflicts by name, says why files stayed, and an undone one is made again', () =>
		withPage([snapshot({ items: [rewound] })], async (panel) => {
			const status = panel.page.getByRole('status').filter({ hasText: 'Conversation rewound' });
			await status.getByRole('button', { name: 'Resolve src/area.js' }).press('Enter');
			await status.getByRole('button', { name: 'Details' }).press('Enter');
			await status.getByText('there is no copy of it: larger than 50 MB').waitFor();
			await panel.send(...(samples.rewoundUndone?.messages ?? []));
			await panel.page.getByRole('status').getByRole('button', { name: 'Redo rewind' }).press('Enter');
			assert.deepEqual(await posted(panel), [
				{ kind: 'conflict.open', restoreId: 'restore-1', key: '/w\nsrc/area.js' },
				{ kind: 'rewind.redo' },
			]);
		}));
});
