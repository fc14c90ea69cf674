/** Cards that ask, and the task list, in a headless Chromium: keys, what is answered, focus, and what a screen reader is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToHost } from '../../src/protocol/toHost.ts';
import type { ToPanel } from '../../src/protocol/toPanel.ts';
import { commandPrompt, commands, planCard, questionCard, tasks } from '../webview/harness/askingSamples.ts';
import type { PanelPage } from '../webview/harness/openPanel.ts';
import { panelSuite } from '../webview/harness/pageSuite.ts';
import { head, items, snapshot } from '../webview/harness/samples.ts';

panelSuite('page of questions, plans and tasks', 400, ({ withPage }) => {
	const answers = async (panel: PanelPage): Promise<readonly ToHost[]> =>
		(await panel.posted()).filter(({ kind }) => ['ask.answer', 'plan.edit', 'turn.stop'].includes(kind));
	const asking = { head: { state: 'awaitingUser' as const } };
	const ask = (seq: number, item: typeof questionCard | typeof planCard): ToPanel => ({ kind: 'item', seq, item });

	test('digits and Enter answer; the focus comes by itself while nothing is being typed', () =>
		withPage([snapshot({ items, ...asking }), ask(1, questionCard)], async (panel) => {
			const { page } = panel;
			const card = page.getByRole('group', { name: 'Question', exact: true });
			await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'question-0');
			await page.keyboard.press('2');
			await card.getByRole('radio', { name: 'Postgres', checked: true }).waitFor();
			await page.keyboard.press('Enter');
			// The second question has no answer yet, so the focus goes there.
			await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'question-1');
			assert.deepEqual(await answers(panel), []);
			await page.keyboard.press('1');
			await page.keyboard.press('3');
			await page.keyboard.press('Enter');
			assert.deepEqual(await answers(panel), [
				{
					kind: 'ask.answer',
					id: questionCard.id,
					answer: { kind: 'answers', answers: [{ chosen: ['Postgres'] }, { chosen: ['Unit', 'Load'] }] },
				},
			]);
		}));

	test('an own answer takes the place of a choice, or joins several', () =>
		withPage([snapshot({ items, ...asking }), ask(1, questionCard)], async (panel) => {
			const { page } = panel;
			const card = page.getByRole('group', { name: 'Question', exact: true });
			await card.getByRole('radio', { name: 'SQLite' }).check();
			await card.getByRole('textbox', { name: 'Own answer: Database' }).fill('DuckDB 1');
			await card.getByRole('radio', { name: 'SQLite', checked: false }).waitFor();
			await card.getByRole('checkbox', { name: 'Unit' }).check();
			await card.getByRole('textbox', { name: 'Own answer: Tests' }).fill('by hand');
			await page.keyboard.press('Enter');
			assert.deepEqual(await answers(panel), [
				{
					kind: 'ask.answer',
					id: questionCard.id,
					answer: {
						kind: 'answers',
						answers: [
							{ chosen: [], other: 'DuckDB 1' },
							{ chosen: ['Unit'], other: 'by hand' },
						],
					},
				},
			]);
		}));

	test('Escape declines and does not stop the turn; what is being typed keeps the focus', () =>
		withPage([snapshot({ items, ...asking })], async (panel) => {
			const { page, send } = panel;
			const input = page.getByRole('textbox', { name: 'Message Retrace' });
			await input.fill('half a thought');
			await send(ask(1, questionCard));
			await page.locator('[aria-live=assertive]').getByText('Retrace asks: Which database').waitFor();
			assert.equal(await input.evaluate((element) => element === document.activeElement), true);
			await page.getByRole('radio', { name: 'SQLite' }).focus();
			await page.keyboard.press('Escape');
			assert.deepEqual(await answers(panel), [
				{ kind: 'ask.answer', id: questionCard.id, answer: { kind: 'decline' } },
			]);
		}));

	test('a plan is accepted into a mode, opened in an editor, or sent back with words', () =>
		withPage([snapshot({ items: [...items, planCard], ...asking })], async (panel) => {
			const { page, send } = panel;
			const card = page.getByRole('group', { name: 'Plan', exact: true });
			await card.getByRole('heading', { name: 'Guard the area' }).waitFor();
			await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Plan');
			await card.getByRole('button', { name: 'Edit Plan' }).click();
			await send(ask(1, { ...planCard, text: '# Mine', isChanged: true }));
			await card.getByText('changed by you').waitFor();
			await card.getByRole('heading', { name: 'Mine' }).waitFor();
			await card.getByRole('button', { name: 'Accept and review edits' }).click();
			await card.getByRole('button', { name: 'Accept and apply edits' }).click();
			await card.getByRole('button', { name: 'Keep planning' }).click();
			await card.getByRole('textbox', { name: 'What should be different?' }).fill('smaller steps');
			await page.keyboard.press('Enter');
			const { id } = planCard;
			assert.deepEqual(await answers(panel), [
				{ kind: 'plan.edit', id },
				{ kind: 'ask.answer', id, answer: { kind: 'acceptPlan', mode: 'ask' } },
				{ kind: 'ask.answer', id, answer: { kind: 'acceptPlan', mode: 'acceptEdits' } },
				{ kind: 'ask.answer', id, answer: { kind: 'keepPlanning', comment: 'smaller steps' } },
			]);
		}));

	test('tasks are one line that opens, and go when there are none', () =>
		withPage([snapshot({ items, head: { tasks } })], async ({ page, send }) => {
			const line = page.getByRole('button', { name: 'Tasks 1/3 Add the range check' });
			await line.click();
			const list = page.getByRole('list', { name: 'Tasks' });
			const texts = (await list.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
			assert.deepEqual(texts, ['done: Read the function', 'now: Add the range check', 'to do: Cover it with a test']);
			await send({ kind: 'head', seq: 1, head });
			await line.waitFor({ state: 'detached' });
		}));

	test('custom commands are offered with what goes behind them, and chosen by keys', () =>
		withPage([snapshot({ items })], async (panel) => {
			const { page, send } = panel;
			const input = page.getByRole('textbox', { name: 'Message Retrace' });
			const sent = async () =>
				(await panel.posted()).filter(({ kind }) => kind === 'prompt.submit' || kind === 'commands.list');
			await input.pressSequentially('/');
			await page.getByRole('option', { name: '/compact' }).waitFor();
			await send({ kind: 'commands', commands });
			await input.pressSequentially('rev');
			await page.getByRole('option', { name: '/review <file>', selected: true }).waitFor();
			await input.press('Enter');
			assert.equal(await input.inputValue(), '/review ');
			await page.getByRole('status').getByText('/review <file>: Reviews a file').waitFor();
			await input.pressSequentially('a.js');
			await input.press('Enter');
			// One that needs nothing is sent as it is chosen.
			await input.pressSequentially('/stan');
			await input.press('Enter');
			await input.fill(' /review as it is');
			await input.press('Enter');
			assert.deepEqual(await sent(), [
				{ kind: 'commands.list' },
				{ kind: 'prompt.submit', text: '/review a.js', attachments: [] },
				{ kind: 'commands.list' },
				{ kind: 'prompt.submit', text: '/git:standup', attachments: [] },
				{ kind: 'prompt.submit', text: '/review as it is', attachments: [], isLiteral: true },
			]);
			await input.fill('/nope');
			await input.press('Enter');
			await page.getByText('/nope is not a command').waitFor();
			assert.equal(await input.inputValue(), '/nope');
		}));

	test('a prompt that a command made shows the command, and the rest when it is opened', () =>
		withPage([snapshot({ items: [commandPrompt] })], async ({ page }) => {
			await page.getByText('/review src/area.js').waitFor();
			assert.equal(await page.getByText('Look for missing checks').count(), 0);
			await page.getByRole('button', { name: 'Show the whole prompt' }).click();
			await page.getByText('Look for missing checks').waitFor();
		}));
});
