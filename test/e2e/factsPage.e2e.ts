/** The facts in the context dialog, in a page of its own in a headless Chromium: names, keyboard, and what is posted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToHost } from '../../src/protocol/toHost.ts';
import type { PanelPage } from '../webview/harness/openPanel.ts';
import { panelSuite } from '../webview/harness/pageSuite.ts';
import { samples } from '../webview/harness/samples.ts';

panelSuite('facts in the context dialog', 320, ({ withPage }) => {
	const isFact = (message: ToHost) => message.kind === 'context.inspect' && message.act.kind === 'fact';
	const acts = async (panel: PanelPage) =>
		(await panel.posted()).flatMap((message) =>
			message.kind === 'context.inspect' && message.act.kind === 'fact' ? [message.act.fact] : [],
		);

	test('they are read, worded anew, added, pinned and deleted', () =>
		withPage(samples.context?.messages ?? [], async (panel) => {
			const { page } = panel;
			const dialog = page.getByRole('dialog', { name: 'Context' });
			await dialog.getByText('2 facts kept through summaries').click();
			const facts = dialog.getByRole('list', { name: 'Facts' });
			assert.equal(await facts.getByRole('listitem').count(), 2);

			await facts.getByRole('button', { name: 'Change fact: No new dependency for this' }).click();
			const form = dialog.getByRole('form', { name: 'Change fact' });
			await form.getByRole('textbox', { name: 'Fact' }).press('Escape');
			await form.waitFor({ state: 'detached' });
			assert.ok(await dialog.isVisible(), 'Escape ends the change and not the dialog');

			await facts.getByRole('button', { name: 'Change fact: No new dependency for this' }).click();
			await form.getByRole('textbox', { name: 'Fact' }).fill('One small dependency is fine');
			await form.getByRole('combobox', { name: 'Kind of fact' }).selectOption('decision');
			await form.getByRole('button', { name: 'Save Fact' }).click();
			await form.waitFor({ state: 'detached' });

			await dialog.getByRole('button', { name: 'Add Fact' }).click();
			const added = dialog.getByRole('form', { name: 'New fact' });
			await added.getByRole('textbox', { name: 'Topic' }).fill('release');
			await added.getByRole('textbox', { name: 'Fact' }).fill('Never on a Friday');
			await added.getByRole('button', { name: 'Save Fact' }).click();
			await added.waitFor({ state: 'detached' });

			await facts.getByRole('button', { name: /^Unpin fact: Guards/ }).click();
			await facts.getByRole('button', { name: /^Delete fact: No new/ }).click();
			await page.waitForFunction(() => document.querySelector('.fact-form') === null);
			assert.deepEqual(await acts(panel), [
				{ op: 'change', id: 'f2', factKind: 'decision', topic: 'style', text: 'One small dependency is fine' },
				{ op: 'add', factKind: 'decision', topic: 'release', text: 'Never on a Friday' },
				{ op: 'unpin', id: 'f1' },
				{ op: 'delete', id: 'f2' },
			]);
		}));

	test('while a turn runs they can be read and not changed', () =>
		withPage(samples.contextBusy?.messages ?? [], async (panel) => {
			const dialog = panel.page.getByRole('dialog', { name: 'Context' });
			await dialog.getByText('2 facts kept through summaries').click();
			assert.ok(await dialog.getByRole('button', { name: /^Delete fact: No new/ }).isDisabled());
			assert.ok(await dialog.getByRole('button', { name: 'Add Fact' }).isDisabled());
			assert.equal((await panel.posted()).filter(isFact).length, 0);
		}));
});
