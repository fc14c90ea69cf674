/** The lanes of agents, and rows of other tools, in the panel's page in a headless Chromium. Skipped, and counted as such, where there is no Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentItems, agentRows } from '../webview/harness/agentSamples.ts';
import type { PanelPage } from '../webview/harness/openPanel.ts';
import { panelSuite } from '../webview/harness/pageSuite.ts';
import { snapshot } from '../webview/harness/samples.ts';
import { toolItems, toolPictures } from '../webview/harness/toolSamples.ts';

panelSuite('agents in the page', 320, ({ withPage }) => {
	const withPanel = (check: (panel: PanelPage) => Promise<void>) => withPage([snapshot({ items: agentItems })], check);

	test('one that works says what it does and what it holds, and can be stopped', () =>
		withPanel(async (panel) => {
			const group = panel.page.getByRole('group', { name: 'Agent: Find all callers of area()' });
			await group.getByText('Search "area(" in src/geometry').waitFor();
			await group.getByText('41.2k / 200k · 4 steps · $0.18').waitFor();
			assert.equal(
				await group.getByRole('meter', { name: 'Context of explore-1' }).getAttribute('aria-valuenow'),
				'41200',
			);
			await group.getByRole('button', { name: 'Stop explore-1' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'agent.act', id: 'a1', action: 'stop' });
		}));

	test('one that is over shows what it did when it is opened, and what can be done with it', () =>
		withPanel(async (panel) => {
			const group = panel.page.getByRole('group', { name: 'Agent: Guard perimeter()' });
			assert.equal(await group.getByRole('button', { name: 'Continue…' }).count(), 0);
			// By keyboard alone.
			await group.getByRole('button', { expanded: false }).focus();
			await panel.page.keyboard.press('Enter');
			await group.getByRole('button', { expanded: true }).waitFor();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'agent.show', id: 'a2', isOpen: true });
			await panel.send(agentRows);
			const region = group.getByRole('region', { name: 'What general-1 did' });
			await region.getByText('RangeError').waitFor();
			await region.getByText('3 earlier rows').waitFor();
			for (const [name, action] of [
				['Continue…', 'continue'],
				['Take back its edits…', 'takeBack'],
				['Open transcript', 'open'],
			] as const) {
				await group.getByRole('button', { name }).click();
				assert.deepEqual((await panel.posted()).at(-1), { kind: 'agent.act', id: 'a2', action });
			}
		}));

	test('one that was stopped offers at once to take back its edits; one that changed nothing does not', () =>
		withPanel(async ({ page }) => {
			const stopped = page.getByRole('group', { name: 'Agent: Rename the module' });
			await stopped.getByRole('button', { name: 'Take back its edits…' }).waitFor();
			const waiting = page.getByRole('group', { name: 'Agent: Check the docs' });
			await waiting.getByText('begins when another one ends').waitFor();
			assert.equal(await waiting.getByRole('meter').count(), 0);
		}));

	test('what one asks names it', () =>
		withPanel(async ({ page }) => {
			const card = page.getByRole('group', { name: 'Permission: Bash' });
			await card.getByText('Agent general-2.').waitFor();
		}));

	test('the row of a screenshot shows it when it is opened', () =>
		withPage([snapshot({ items: toolItems })], async (panel) => {
			const { page } = panel;
			await page.getByRole('button', { name: 'Screenshot localhost' }).click();
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'item.expand', id: 'w5' });
			await panel.send(toolPictures);
			await page.getByRole('img', { name: 'Picture: Screenshot' }).waitFor();
			await page.waitForFunction(
				() => document.querySelector<HTMLImageElement>('.tool-picture > img')?.naturalWidth === 5,
			);
			await page.getByRole('button', { name: 'Picture: Screenshot', pressed: false }).click();
			await page.getByRole('button', { name: 'Picture: Screenshot', pressed: true }).waitFor();
			await page.getByText('1 more picture is too large').waitFor();
		}));

	test('in a very narrow panel rows stay in it, and why one failed is read without opening it', () =>
		withPage([snapshot({ items: [...toolItems, ...agentItems.slice(1)] })], async ({ page }) => {
			await page.setViewportSize({ width: 260, height: 900 });
			await page.getByText('Access denied: the path is outside').waitFor();
			await page.getByText('Deploys are closed on Fridays.').waitFor();
			const outside = await page.evaluate(() =>
				[...document.querySelectorAll('.tool :is(.verb, .target, .result, .time, .lane-figures, .lane-step)')]
					.filter((part) => part.getBoundingClientRect().right > innerWidth)
					.map((part) => part.textContent),
			);
			assert.deepEqual(outside, []);
		}));
});
