/** The context dialog in the panel's page in a headless Chromium: keyboard, what is posted, what an edit says before it is made, long lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inspect } from '../../src/protocol/contextItems.ts';
import type { ToPanel } from '../../src/protocol/toPanel.ts';
import { contextMessage, contextPlan, manyItems } from '../webview/harness/contextSamples.ts';
import type { PanelPage } from '../webview/harness/openPanel.ts';
import { panelSuite } from '../webview/harness/pageSuite.ts';
import { meter, snapshot } from '../webview/harness/samples.ts';
import { until } from './support/until.ts';

panelSuite('context dialog', 320, ({ withPage }) => {
	const withDialog = (message: ToPanel, check: (panel: PanelPage) => Promise<void>) =>
		withPage([snapshot(), message], async (panel) => {
			await items(panel).first().waitFor();
			await check(panel);
		});
	const list = ({ page }: PanelPage) => page.getByRole('listbox', { name: 'What the next request carries' });
	const items = (panel: PanelPage) => list(panel).getByRole('option');
	const inspected = async (panel: PanelPage): Promise<readonly Inspect[]> =>
		(await panel.posted()).flatMap((message) => (message.kind === 'context.inspect' ? [message.act] : []));
	const focused = ({ page }: PanelPage) =>
		page.evaluate(
			() => document.activeElement?.querySelector('.item-label')?.textContent ?? document.activeElement?.tagName,
		);
	const button = ({ page }: PanelPage, name: string) => page.getByRole('button', { name, exact: true });

	test('keys: down from the filter, arrows, Home and End, Space chooses, Enter opens', () =>
		withDialog(contextMessage(meter), async (panel) => {
			const { page } = panel;
			await page.getByRole('searchbox', { name: 'Filter items' }).press('ArrowDown');
			assert.equal(await focused(panel), 'Bash');
			await page.keyboard.press('End');
			assert.equal(await focused(panel), 'I will add two cases.');
			await page.keyboard.press('ArrowUp');
			await page.keyboard.press('Space');
			assert.equal(await items(panel).and(page.locator('[aria-selected="true"]')).count(), 1);
			await page.keyboard.press('Enter');
			assert.deepEqual(await inspected(panel), [{ kind: 'open', id: 'r3', what: 'file' }]);
			await page.keyboard.press('Home');
			assert.equal(await focused(panel), 'Bash');
			assert.equal(await list(panel).locator('[tabindex="0"]').count(), 1, 'one stop for Tab');
		}));

	test('what an edit changes is said first, and is made only when it is confirmed', () =>
		withDialog(contextMessage(meter), async (panel) => {
			const { page } = panel;
			await page.getByRole('searchbox', { name: 'Filter items' }).fill('superseded');
			await items(panel).filter({ hasText: 'superseded' }).click();
			await button(panel, 'Fold').click();
			assert.deepEqual(await inspected(panel), [{ kind: 'plan', op: 'fold', ids: ['r1'] }]);
			await panel.send({ kind: 'context.plan', plan: contextPlan });
			const plan = page.getByRole('group', { name: 'What it changes' });
			await plan.getByText('17.9k tokens are written to the cache anew: $0.11 more now.').waitFor();
			await until('the focus is where it is confirmed', () =>
				page.evaluate(() => document.activeElement?.textContent?.trim() === 'Fold'),
			);
			await page.keyboard.press('Enter');
			assert.deepEqual((await inspected(panel)).at(-1), { kind: 'apply', op: 'fold', ids: ['r1'] });
			await plan.waitFor({ state: 'detached' });
		}));

	test('a range with Shift is one edit; a pin needs no question; a cold cache is said to be free', () =>
		withDialog(contextMessage(meter), async (panel) => {
			const { page } = panel;
			await page.getByRole('searchbox', { name: 'Filter items' }).press('ArrowDown');
			await page.keyboard.press('End');
			await page.keyboard.press('Shift+ArrowUp');
			await page.keyboard.press('Shift+ArrowUp');
			await page.getByText('3 items, 7,320 tokens').waitFor();
			await button(panel, 'Drop').click();
			assert.deepEqual(await inspected(panel), [{ kind: 'plan', op: 'drop', ids: ['at1', 'r3', 'a2'] }]);
			await panel.send({
				kind: 'context.plan',
				plan: { ...contextPlan, op: 'drop', ids: ['at1', 'r3', 'a2'], isCacheCold: true },
			});
			await page.getByText('Free: the cache is cold.').waitFor();
			await button(panel, 'Cancel').click();
			await button(panel, 'Pin').click();
			assert.deepEqual((await inspected(panel)).at(-1), { kind: 'apply', op: 'pin', ids: ['at1', 'a2'] });
		}));

	test('while a turn runs nothing can be changed, and it says why', () => {
		const reason = 'A turn is running: the context can be changed when it has ended.';
		return withDialog(contextMessage(meter, { busyReason: reason }), async (panel) => {
			await panel.page.getByRole('searchbox', { name: 'Filter items' }).press('ArrowDown');
			await panel.page.keyboard.press('End');
			await panel.page.getByText(reason).waitFor();
			for (const name of ['Fold', 'Drop', 'Pin']) assert.ok(await button(panel, name).isDisabled(), name);
			assert.ok(await button(panel, 'Open').isEnabled());
		});
	});

	test('the list follows the meter, and keeps what is known of the files', () =>
		withDialog(contextMessage(meter), async (panel) => {
			await panel.send({ kind: 'context.stale', items: [{ id: 'r3', stale: 'changed' }] });
			await items(panel).filter({ hasText: 'stale on disk' }).filter({ hasText: 'pinned' }).waitFor();
			await panel.send({ kind: 'meter', seq: 2, meter: { ...meter, usedTokens: 40_000 } });
			await until('the list is asked for', async () => (await inspected(panel)).some(({ kind }) => kind === 'refresh'));
			const next = contextMessage(meter);
			assert.ok(next.kind === 'context');
			await panel.send({ kind: 'context.list', list: next.list });
			await items(panel).filter({ hasText: 'stale on disk' }).filter({ hasText: 'pinned' }).waitFor();
		}));

	test('of 3,000 items only those in sight are drawn, wherever one scrolls, and every one can be reached', () =>
		withDialog(contextMessage(meter, { items: [...manyItems(3_000)] }), async (panel) => {
			const { page } = panel;
			assert.ok((await items(panel).count()) < 60);
			await list(panel).evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
			await items(panel).filter({ hasText: 'Item 1500 ' }).waitFor();
			assert.ok((await items(panel).count()) < 60);
			await page.getByRole('searchbox', { name: 'Filter items' }).press('ArrowDown');
			await page.keyboard.press('End');
			assert.equal(await focused(panel), 'Item 3000 of src/file89.ts');
			const active = list(panel).locator('[tabindex="0"]');
			assert.equal(await active.getAttribute('aria-posinset'), '3000');
			assert.equal(await active.getAttribute('aria-setsize'), '3000');
			await page.getByRole('combobox', { name: 'Sort items' }).selectOption('size');
			await items(panel).filter({ hasText: '9k' }).first().waitFor();
			await page.getByRole('searchbox', { name: 'Filter items' }).fill('item 2999');
			await items(panel).filter({ hasText: 'Item 2999 ' }).waitFor();
			await until('one is left', async () => (await items(panel).count()) === 1);
		}));
});
