/**
 * The search page, and find and reveal in the panel's page, in a headless Chromium: accessible names, keyboard, what is posted, marks, axe in
 * every state. Skipped, and counted as such, where there is no Chromium.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SearchToPage } from '../../src/protocol/searchMessages.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import type { PanelPage, SearchTestPage } from '../webview/harness/openPanel.ts';
import { panelSuite, searchSuite } from '../webview/harness/pageSuite.ts';
import { snapshot } from '../webview/harness/samples.ts';
import { hits, searchSamples, sessions, setup } from '../webview/harness/searchSamples.ts';
import type { ThemeName } from '../webview/harness/themes.ts';

const AXE = `axe.run(document, { rules: { region: { enabled: false } } }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target + ' ' + (n.any[0]?.message ?? '')).join(' | ')))`;

searchSuite('search page', 280, (suite) => {
	const withPage = (check: (search: SearchTestPage) => Promise<void>, theme?: ThemeName) =>
		suite.withPage([setup], check, theme);
	const box = ({ page }: SearchTestPage) => page.getByRole('textbox', { name: 'Search sessions' });
	const started = async (search: SearchTestPage) =>
		(await search.posted()).filter((message) => message.kind === 'search.start');
	/** Types, waits for the search to start, and answers it. */
	async function answer(search: SearchTestPage, text: string, messages: (number: number) => readonly SearchToPage[]) {
		const before = (await started(search)).length;
		await box(search).fill(text);
		await search.page.waitForFunction(
			(count) => JSON.stringify(Reflect.get(window, 'posted')).split('"search.start"').length - 1 > count,
			before,
		);
		await search.send(...messages((await started(search)).at(-1)?.number ?? 0));
	}
	const results = (number: number): readonly SearchToPage[] => searchSamples.results?.messages(number) ?? [];

	test('one search for what is typed fast, and the text as it is', () =>
		withPage(async (search) => {
			// In one go in the page: between two keys that are sent to a busy page, a search may well begin.
			await box(search).evaluate((input: HTMLTextAreaElement | HTMLInputElement) => {
				for (const char of 'say "hi"') {
					input.value += char;
					input.dispatchEvent(new InputEvent('input', { bubbles: true, data: char, inputType: 'insertText' }));
				}
			});
			await search.page.waitForFunction(() => JSON.stringify(Reflect.get(window, 'posted')).includes('search.start'));
			assert.deepEqual(
				(await started(search)).map(({ text }) => text),
				['say "hi"'],
			);
		}));

	test('results: a tree of sessions and messages, marked, counted for everybody', () =>
		withPage(async (search) => {
			const { page } = search;
			await answer(search, 'area', results);
			const tree = page.getByRole('tree', { name: 'Results' });
			assert.equal(await tree.getByRole('treeitem', { level: 1 }).count(), sessions.length);
			assert.equal(await tree.getByRole('treeitem', { level: 2 }).count(), hits.length);
			assert.deepEqual(
				await tree.locator('mark').allTextContents(),
				hits.map(() => 'area'),
			);
			await page.getByRole('status').filter({ hasText: '7 results in 3 sessions' }).waitFor();
			await tree.getByRole('treeitem', { name: /^Old experiment, .*1 result, in the trash$/ }).waitFor();
		}));

	test('keyboard: down into the results, fold, open, and back', () =>
		withPage(async (search) => {
			const { page } = search;
			await answer(search, 'area', results);
			/** What the page makes of a key is there after it has drawn. */
			const press = async (...keys: readonly string[]) => {
				for (const key of keys) {
					await page.keyboard.press(key);
					await search.send();
				}
			};
			const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
			await box(search).focus();
			await press('ArrowDown');
			assert.match(await focused(), /^Guard the area function/);
			await press('ArrowLeft');
			assert.equal(await page.getByRole('treeitem', { level: 2 }).count(), 2);
			await press('ArrowRight', 'ArrowRight');
			assert.match(await focused(), /^You: Guard/);
			await press('Enter', 'End');
			assert.match(await focused(), /triangle/);
			await press('Home', 'ArrowUp');
			assert.equal(await focused(), 'Search sessions');
			await press('Enter', 'Escape');
			assert.equal(await box(search).inputValue(), '');
			assert.equal(await page.getByRole('tree').count(), 0);
			const opened = (await search.posted()).filter((message) => message.kind === 'search.open');
			const first = { kind: 'search.open', session: 'sessions/a', entryId: hits[0]?.entryId, text: 'area' };
			assert.deepEqual(opened, [first, first]);
		}));

	test('one row is in the tab order, and a click opens', () =>
		withPage(async (search) => {
			const { page } = search;
			await answer(search, 'area', results);
			assert.equal(await page.locator('[role=treeitem][tabindex="0"]').count(), 1);
			await page.getByText('what is the').click();
			const opened = (await search.posted()).findLast((message) => message.kind === 'search.open');
			assert.deepEqual(opened, {
				kind: 'search.open',
				session: 'trash/c',
				entryId: hits.at(-1)?.entryId,
				text: 'area',
			});
		}));

	test('filters are text and controls at once', () =>
		withPage(async (search) => {
			const { page } = search;
			await box(search).fill('area tool:bash');
			await search.send();
			assert.equal(await page.getByRole('combobox', { name: 'Tool' }).inputValue(), 'Bash');
			await page.getByRole('combobox', { name: 'Where' }).selectOption('trash');
			await search.send();
			await page.getByRole('button', { name: 'Errors' }).click();
			await search.send();
			assert.equal(await box(search).inputValue(), 'area tool:bash in:trash is:error ');
			await page.getByRole('button', { name: 'Errors', pressed: true }).waitFor();
			await page.getByRole('combobox', { name: 'Tool' }).selectOption('');
			await search.send();
			assert.equal(await box(search).inputValue(), 'area in:trash is:error ');
		}));

	test('several lines that are pasted become a phrase', () =>
		withPage(async (search) => {
			await box(search).focus();
			await search.page.evaluate(() => {
				const data = new DataTransfer();
				data.setData('text/plain', 'one "two"\n\tthree');
				document.activeElement?.dispatchEvent(
					new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
				);
			});
			await search.send();
			assert.equal(await box(search).inputValue(), '"one \\"two\\" three"');
		}));

	test('what comes late or belongs to another search is not shown', () =>
		withPage(async (search) => {
			await answer(search, 'area', (number) => results(number - 1));
			assert.equal(await search.page.getByRole('tree').count(), 0);
			await answer(search, 'areas', results);
			assert.equal(await search.page.getByRole('tree').count(), 1);
		}));

	for (const theme of ['dark', 'light', 'hc'] as const) {
		test(`axe in every state, and nothing wider than the view: ${theme}`, () =>
			withPage(async (search) => {
				const { page, send } = search;
				await page.evaluate(await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'));
				for (const [name, sample] of Object.entries(searchSamples)) {
					await send(sample.setup ?? setup);
					if (sample.text !== '') await answer(search, sample.text, (number) => sample.messages(number));
					const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
					assert.equal(isWider, false, name);
					assert.deepEqual(await page.evaluate(AXE), [], name);
				}
			}, theme));
	}
});

panelSuite('find and reveal in the panel', 320, ({ withPage }) => {
	const rows = (from: number, to: number): TranscriptItem[] =>
		Array.from({ length: to - from }, (_, index) => index + from).map((n) =>
			n % 2 === 0
				? { kind: 'prompt', id: `r${n}`, entryId: `r${n}`, text: `Prompt ${n}`, attachments: [], timestamp: n }
				: {
						kind: 'answer',
						id: `r${n}`,
						text: `Answer ${n} with **needle** words`,
						isStreaming: false,
						isPartial: false,
					},
		);
	const mark = { pattern: 'needle words', isCaseSensitive: false };
	const marked = ({ page }: PanelPage, name = 'retrace-found-current') =>
		page.evaluate((one) => [...(CSS.highlights.get(one) ?? [])].map(String), name);
	const isRowInView = (row: string): boolean => {
		const place = document.querySelector(`[data-row="${row}"]`)?.getBoundingClientRect();
		const view = document.querySelector('.scroller')?.getBoundingClientRect();
		return place !== undefined && view !== undefined && place.top < view.bottom && place.bottom > view.top;
	};
	const comesIntoView = ({ page }: PanelPage, id: string) => page.waitForFunction(isRowInView, id);
	const isInView = ({ page }: PanelPage, id: string) => page.evaluate(isRowInView, id);
	const find = ({ page }: PanelPage) => page.getByRole('textbox', { name: 'Find in conversation' });
	async function ask(panel: PanelPage, query: string, ids: readonly string[]) {
		await panel.page.keyboard.press('Control+f');
		await find(panel).fill(query);
		await panel.page.waitForFunction(
			(text) => JSON.stringify(Reflect.get(window, 'posted')).includes(`"query":"${text}"`),
			query,
		);
		const asked = (await panel.posted()).findLast((message) => message.kind === 'find');
		assert.ok(asked?.kind === 'find');
		await panel.send({ kind: 'find.results', number: asked.number, ids: [...ids], isComplete: true, mark });
	}

	test('Ctrl+F finds, Enter goes on, Escape goes back to the input', () =>
		withPage([snapshot({ items: rows(0, 60), hasOlder: false })], async (panel) => {
			await panel.page.getByRole('textbox', { name: 'Message Retrace' }).focus();
			await ask(panel, 'needle', ['r1', 'r21', 'r59']);
			const count = panel.page.locator('.find-count');
			// The first that is in view or below.
			await count.getByText('3 of 3', { exact: true }).waitFor();
			await find(panel).press('Enter');
			await count.getByText('1 of 3', { exact: true }).waitFor();
			await comesIntoView(panel, 'r1');
			await panel.send();
			assert.deepEqual(await marked(panel), ['needle words'], 'over the end of an element');
			assert.equal((await marked(panel, 'retrace-found')).length, 2);
			await find(panel).press('Shift+Enter');
			await find(panel).press('Shift+Enter');
			await count.getByText('2 of 3', { exact: true }).waitFor();
			await comesIntoView(panel, 'r21');
			await find(panel).press('Escape');
			await find(panel).waitFor({ state: 'detached' });
			await panel.send();
			assert.deepEqual(await marked(panel), []);
			assert.equal(
				await panel.page.evaluate(() => document.activeElement?.getAttribute('aria-label')),
				'Message Retrace',
			);
			assert.ok(!(await panel.posted()).some((message) => message.kind === 'turn.stop'));
		}));

	test('nothing found is said', () =>
		withPage([snapshot({ items: rows(0, 4) })], async (panel) => {
			await ask(panel, 'zebra', []);
			await panel.page.locator('.find-count').getByText('No results', { exact: true }).waitFor();
		}));

	test('a match in rows that are not here: they are asked for, then it is shown', () =>
		withPage([snapshot({ items: rows(100, 160), hasOlder: true })], async (panel) => {
			await ask(panel, 'needle', ['r41']);
			const asked = (await panel.posted()).findLast((message) => message.kind === 'transcript.older');
			assert.deepEqual(asked, { kind: 'transcript.older', beforeId: 'r100', untilId: 'r41' });
			await panel.send({ kind: 'older', beforeId: 'r100', items: rows(30, 100), hasOlder: true });
			await comesIntoView(panel, 'r41');
			await panel.send();
			assert.deepEqual(await marked(panel), ['needle words']);
		}));

	test('reveal: the row is opened, in view and marked, and its message has the focus', () => {
		const tool: TranscriptItem = {
			kind: 'tool',
			id: 't1',
			verb: 'Run',
			target: 'npm test',
			state: 'done',
			summary: 'exit 1',
			preview: 'a\n'.repeat(50),
			isTruncated: true,
		};
		return withPage([snapshot({ items: [...rows(0, 20), tool, ...rows(20, 60)] })], async (panel) => {
			await panel.send({ kind: 'reveal', id: 't1', mark });
			await comesIntoView(panel, 't1');
			const focused = () =>
				panel.page.evaluate(() => [
					document.activeElement?.tagName,
					document.activeElement?.querySelector('[data-row=t1]') !== null,
				]);
			assert.deepEqual(await focused(), ['ARTICLE', true]);
			// The match is in the part that was not sent: it comes, and is scrolled to.
			assert.ok((await panel.posted()).some((message) => message.kind === 'item.expand' && message.id === 't1'));
			await panel.send({ kind: 'expanded', id: 't1', text: `${'a\n'.repeat(500)}the needle words` });
			assert.deepEqual(await marked(panel), ['needle words']);
			assert.deepEqual(await focused(), ['ARTICLE', true]);
		});
	});

	test('reveal of a row that came with a fold, and of one that is nowhere', () => {
		const read = (n: number): TranscriptItem => ({
			kind: 'tool',
			id: `read${n}`,
			verb: 'Read',
			target: `src/${n}.ts`,
			state: 'done',
			summary: '',
			preview: '',
			isTruncated: false,
		});
		return withPage(
			[snapshot({ items: [...rows(0, 1), read(1), read(2), read(3)], hasOlder: false })],
			async (panel) => {
				await panel.send({ kind: 'reveal', id: 'read2' }, { kind: 'reveal', id: 'gone' });
				await comesIntoView(panel, 'read2');
			},
		);
	});

	test('reveal in the moment in which another session is shown: what is drawn and grows later does not lead away from it', () =>
		withPage([snapshot({ items: rows(0, 4) })], async (panel) => {
			const opened = snapshot({ items: rows(0, 60), head: { sessionId: 'opened' } });
			await panel.send(opened, { kind: 'reveal', id: 'r2' });
			await comesIntoView(panel, 'r2');
			const grown = `Answer 59${' and more words'.repeat(200)}`;
			const item: TranscriptItem = { kind: 'answer', id: 'r59', text: grown, isStreaming: false, isPartial: false };
			await panel.send({ kind: 'item', seq: 1, item });
			await panel.page.setViewportSize({ width: 420, height: 500 });
			await panel.send();
			assert.ok(await isInView(panel, 'r2'));
		}));

	test('reveal while the panel is hidden: the row is in view when it is shown', () =>
		withPage([snapshot({ items: rows(0, 4) })], async (panel) => {
			const shown = (display: string) =>
				panel.page.evaluate((value) => document.documentElement.style.setProperty('display', value), display);
			await shown('none');
			await panel.send(snapshot({ items: rows(0, 60), head: { sessionId: 'opened' } }), { kind: 'reveal', id: 'r2' });
			await shown('block');
			await comesIntoView(panel, 'r2');
			await panel.send();
			assert.ok(await isInView(panel, 'r2'));
		}));

	test('axe with the bar open', () =>
		withPage([snapshot()], async (panel) => {
			await ask(panel, 'needle', []);
			await panel.page.evaluate(await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'));
			assert.deepEqual(await panel.page.evaluate(AXE), []);
		}));
});
