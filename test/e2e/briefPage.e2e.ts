/** The page around a fresh session in a headless Chromium: branching point, suggestion, the dialog of the brief and its card. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brief, briefCard, continued, startedBrief, suggestion, turnEnd } from '../webview/harness/briefSamples.ts';
import { panelSuite, posted } from '../webview/harness/pageSuite.ts';
import { head, items, snapshot } from '../webview/harness/samples.ts';

panelSuite('page around a fresh session', 400, ({ withPage }) => {
	const ended = [...items, turnEnd];

	test('the branching point stands under the newest turn only, and each choice does what it says', () =>
		withPage([snapshot({ items: ended })], async (panel) => {
			const { page } = panel;
			const next = page.getByRole('group', { name: 'What next' });
			assert.equal(await next.count(), 1);
			const input = page.getByRole('textbox', { name: 'Message Retrace' });
			await next.getByRole('button', { name: 'Rewind…' }).click();
			await next.getByRole('button', { name: 'New with brief…' }).press('Enter');
			await next.getByRole('button', { name: 'Continue' }).click();
			assert.equal(await input.evaluate((element) => element === document.activeElement), true);
			await next.getByRole('button', { name: 'Compact…' }).click();
			assert.equal(await input.inputValue(), '/compact ');
			await input.press('Enter');
			assert.deepEqual(await posted(panel), [
				{ kind: 'rewind.preview', entryId: '' },
				{ kind: 'context.clear', focus: '' },
				{ kind: 'context.compact', focus: '' },
			]);
		}));

	test('it goes while something is typed or runs, and nothing moves when it does', () =>
		withPage([snapshot({ items: ended })], async ({ page, send }) => {
			const next = page.locator('.branching');
			const heightOf = () => page.locator('.log').evaluate((log) => log.scrollHeight);
			const before = await heightOf();
			await page.getByRole('textbox', { name: 'Message Retrace' }).fill('x');
			await next.waitFor({ state: 'hidden' });
			assert.equal(await heightOf(), before);
			await page.getByRole('textbox', { name: 'Message Retrace' }).fill('');
			await next.waitFor();
			await send({ kind: 'head', seq: 1, head: { ...head, state: 'streaming' } });
			await next.waitFor({ state: 'detached' });
		}));

	test('no branching point where nothing can be sent, or before a turn is over', async () => {
		for (const change of [
			{ items: ended, head: { readOnlyReason: 'Open elsewhere.' } },
			{ items: ended, head: { isTrusted: false } },
			{ items },
		])
			await withPage([snapshot(change)], async ({ page }) => {
				assert.equal(await page.locator('.branching').count(), 0);
			});
	});

	test('a suggestion is spoken once, taken with one click, and can be dismissed', () =>
		withPage([snapshot({ items: ended })], async (panel) => {
			const { page, send } = panel;
			await send({ kind: 'head', seq: 1, head: { ...head, suggestion } });
			const line = page.getByRole('group', { name: 'Suggestion' });
			await line.getByText(suggestion.text).waitFor();
			await page.locator('[aria-live=polite]').getByText(`Suggestion: ${suggestion.text}`).waitFor();
			await line.getByRole('button', { name: 'Clear with brief…' }).click();
			await line.getByRole('button', { name: 'Dismiss suggestion' }).click();
			const dismiss = { kind: 'suggestion.dismiss', cause: 'newTask' };
			assert.deepEqual(await posted(panel), [dismiss, { kind: 'context.clear', focus: '' }, dismiss]);
		}));

	test('a suggestion to compact leaves what is being typed', () =>
		withPage(
			[snapshot({ items: ended, head: { suggestion: { ...suggestion, cause: 'rot', action: 'compact' } } })],
			async (panel) => {
				const { page } = panel;
				const input = page.getByRole('textbox', { name: 'Message Retrace' });
				const compact = page.getByRole('group', { name: 'Suggestion' }).getByRole('button', { name: 'Compact…' });
				await compact.click();
				assert.equal(await input.inputValue(), '/compact ');
				await input.fill('half a sentence');
				await compact.click();
				assert.equal(await input.inputValue(), 'half a sentence');
				const compacted = (await posted(panel)).filter(({ kind }) => kind === 'context.compact');
				assert.deepEqual(compacted, [{ kind: 'context.compact', focus: '' }]);
			},
		));

	test('the dialog answers with what stands in it; a new draft takes its place', () =>
		withPage([snapshot({ items: ended, head: { brief } })], async (panel) => {
			const { page, send } = panel;
			const dialog = page.getByRole('dialog', { name: 'Brief' });
			const text = dialog.getByRole('textbox', { name: 'Brief text' });
			await text.fill('Mine.');
			const focus = dialog.getByRole('textbox', { name: 'What the new session is for' });
			await focus.fill('the tax');
			await focus.press('Enter');
			await send({
				kind: 'head',
				seq: 1,
				head: { ...head, brief: { ...brief, id: '2', text: 'New.', focus: 'the tax' } },
			});
			await page.waitForFunction(
				() => document.querySelector<HTMLTextAreaElement>('dialog textarea')?.value === 'New.',
			);
			assert.equal(await focus.inputValue(), 'the tax');
			await dialog.getByRole('button', { name: 'Start Without' }).click();
			await text.fill(' Edited. ');
			await dialog.getByRole('button', { name: 'Start Session' }).click();
			await text.press('Escape');
			const answers = (await posted(panel)).flatMap((message) => (message.kind === 'brief.answer' ? [message] : []));
			assert.deepEqual(answers, [
				{ kind: 'brief.answer', id: '1', answer: { kind: 'redraft', focus: 'the tax', text: 'Mine.' } },
				{ kind: 'brief.answer', id: '2', answer: { kind: 'without' } },
				{ kind: 'brief.answer', id: '2', answer: { kind: 'use', text: 'Edited.' } },
				{ kind: 'brief.answer', id: '2', answer: { kind: 'cancel' } },
			]);
		}));

	test('a brief that goes with the first prompt is a card that can be edited; one that was sent is a line; both ends lead on', () =>
		withPage([snapshot({ items: [briefCard] })], async (panel) => {
			const { page, send } = panel;
			const card = page.getByRole('group', { name: 'Brief', exact: true });
			await card.getByRole('button', { name: 'Edit Brief' }).click();
			await send({ kind: 'head', seq: 1, head: { ...head, brief: startedBrief } });
			const dialog = page.getByRole('dialog', { name: 'Brief' });
			await dialog.getByRole('button', { name: 'Save Brief' }).click();
			assert.equal(await dialog.getByRole('button', { name: 'Start Without' }).count(), 0);
			await send({ kind: 'head', seq: 2, head });
			await send(
				{ kind: 'item', seq: 3, item: { ...briefCard, canEdit: false } },
				{ kind: 'item', seq: 4, item: continued },
			);
			const line = page.getByRole('group', { name: 'Continues another session' });
			await line.getByRole('button', { name: 'Show brief' }).click();
			await line.getByText('Run npm test').waitFor();
			await line.getByRole('button', { name: briefCard.title }).click();
			await page
				.getByRole('group', { name: 'Continued in a new session' })
				.getByRole('button', { name: 'Open' })
				.click();
			assert.deepEqual(await posted(panel), [
				{ kind: 'brief.edit' },
				{ kind: 'brief.answer', id: '1', answer: { kind: 'use', text: startedBrief.text } },
				{ kind: 'session.follow', id: 'session-0' },
				{ kind: 'session.follow', id: 'session-2' },
			]);
		}));
});
