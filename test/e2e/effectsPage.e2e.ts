/**
 * What a command may change and did change, in the panel's page in a headless Chromium: lines, lists, what is posted. Skipped, and counted
 * as such, where there is no Chromium.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectItems } from '../webview/harness/effectSamples.ts';
import type { PanelPage } from '../webview/harness/openPanel.ts';
import { panelSuite } from '../webview/harness/pageSuite.ts';
import { askedSite, snapshot } from '../webview/harness/samples.ts';

panelSuite('effects of commands in the page', 320, ({ withPage }) => {
	const withPanel = (check: (panel: PanelPage) => Promise<void>) => withPage([snapshot({ items: effectItems })], check);

	test('the card says what cannot be taken back, with the whole list behind it', () =>
		withPanel(async ({ page }) => {
			const card = page.getByRole('group', { name: 'Permission: Bash' });
			await card.getByText('Cannot be taken back if it changes them: node_modules/ (ignored by git)').waitFor();
			assert.equal(await card.getByRole('listitem').count(), 0);
			await card.getByRole('button', { name: 'and 3 more' }).click();
			const list = card.getByRole('list', { name: 'Cannot be taken back' });
			await list.waitFor();
			await list.getByRole('listitem').nth(4).waitFor();
			assert.equal(await list.getByRole('listitem').count(), 5);
			await card.getByRole('button', { name: 'Show less' }).click();
			await list.waitFor({ state: 'detached' });
		}));

	test('the card names unsaved files and saves them on request', () =>
		withPanel(async (panel) => {
			const card = panel.page.getByRole('group', { name: 'Permission: Bash' });
			await card.getByText('Unsaved changes in src/area.js are not seen by the command.').waitFor();
			await card.getByRole('button', { name: 'Save and allow once' }).click();
			assert.deepEqual((await panel.posted()).at(-1), {
				kind: 'permission.answer',
				id: 'permission:c5',
				verdict: 'allowOnce',
				savesFirst: true,
			});
		}));

	test('a command that wants to reach a site asks about the site, which can be allowed everywhere', () =>
		withPage([snapshot({ items: [askedSite] })], async (panel) => {
			const card = panel.page.getByRole('group', { name: 'Permission: Bash' });
			await card.getByText('Allow this site?').waitFor();
			await card.getByRole('combobox', { name: 'Where it holds' }).selectOption('every workspace');
			await card.getByRole('button', { name: 'Always allow', exact: true }).click();
			assert.deepEqual((await panel.posted()).at(-1), {
				kind: 'permission.answer',
				id: 'pm5',
				verdict: 'alwaysAllow',
				scope: 'user',
			});
		}));

	test('the row lists what was changed; a file opens its diff, one without a copy says why', () =>
		withPanel(async (panel) => {
			const { page } = panel;
			await page.getByRole('button', { name: /^6 files changed/ }).click();
			const list = page.getByRole('list', { name: 'Changed files' });
			await list.waitFor();
			assert.equal(await list.getByRole('listitem').count(), 6);
			await list.getByText('cannot be taken back: larger than 50 MB').waitFor();
			assert.equal(await list.getByRole('button').count(), 4);
			await list.getByRole('button', { name: /src\/shape\.js → src\/shapes\.js/ }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'change.open', id: 'c1', key: 'k4' });
			await page.getByRole('button', { name: 'Open all diffs' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'change.open', id: 'c1' });
		}));

	test('what was only possible is not said any more once it is over; that nothing was seen is', () =>
		withPanel(async ({ page }) => {
			const row = (id: string) => page.locator(`[data-row=${id}]`);
			assert.equal(await row('c1').getByText('Cannot be taken back').count(), 0);
			assert.equal(await row('c4').getByText('Cannot be taken back').count(), 1);
			await row('c2').getByText('What it changes cannot be taken back: checkpoints are turned off').waitFor();
			await row('c1').getByRole('button', { name: /^Run/ }).click();
			await row('c1').getByText('Cannot be taken back if it').waitFor();
		}));

	test('commands that run in the background stand above the input, each with its terminal and its end', () => {
		const command = { id: 'toolu_1', name: 'bg0001', command: 'npm run dev -- --port 4000\n# more', startedAt: 0 };
		return withPage([snapshot({ items: effectItems, head: { commands: [command] } })], async (panel) => {
			const list = panel.page.getByRole('list', { name: 'Running in the background' });
			await list.getByText('npm run dev -- --port 4000').waitFor();
			await list.getByRole('button', { name: 'Show Terminal' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'command.act', id: 'toolu_1', action: 'terminal' });
			await list.getByRole('button', { name: 'Stop Command' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'command.act', id: 'toolu_1', action: 'stop' });
			await panel.page.locator('[data-row=c1]').getByRole('button', { name: /^Run/ }).click();
			await panel.page.locator('[data-row=c1]').getByRole('button', { name: 'Run in My Terminal' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'command.act', id: 'c1', action: 'runInTerminal' });
			await panel.send(snapshot({ items: effectItems }));
			await list.waitFor({ state: 'detached' });
		});
	});
});
