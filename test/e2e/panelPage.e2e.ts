/**
 * The panel's page in a headless Chromium: accessible names, keyboard, what is posted, sanitising in a real DOM, the
 * content security policy, and axe on every sample. Skipped, and counted as such, where there is no Chromium.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { panelSuite, posted } from '../webview/harness/pageSuite.ts';
import {
	askedCompound,
	askedGrant,
	askedPermission,
	askedToGoOn,
	head,
	items,
	proposedEdit,
	samples,
	snapshot,
} from '../webview/harness/samples.ts';

panelSuite('panel page', 320, ({ withPage }) => {
	test('says that it is ready, and asks again after a gap', () =>
		withPage([snapshot(), { kind: 'itemRemoved', seq: 7, id: 'p1' }], async (panel) => {
			assert.deepEqual(await panel.posted(), [{ kind: 'panel.ready' }, { kind: 'panel.ready' }]);
		}));

	test('names: log, articles, meter, composer, pickers', () =>
		withPage([snapshot()], async ({ page }) => {
			const log = page.getByRole('log', { name: 'Conversation' });
			assert.equal(await log.getByRole('article').count(), 4);
			assert.deepEqual(await log.getByRole('heading', { level: 2 }).allTextContents(), [
				'You',
				'Retrace',
				'You',
				'Retrace',
			]);
			const meter = page.getByRole('meter', { name: 'Context usage' });
			assert.equal(await meter.getAttribute('aria-valuenow'), '41200');
			assert.equal(await meter.getAttribute('aria-valuemax'), '200000');
			assert.equal(await meter.getAttribute('aria-valuetext'), '41,200 of 200,000 tokens, 21 %');
			for (const name of ['Mode', 'Model'])
				assert.equal(await page.getByRole('combobox', { name, exact: true }).count(), 1);
			assert.equal(await page.getByRole('textbox', { name: 'Message Retrace' }).count(), 1);
			assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).count(), 1);
			assert.equal(await page.getByRole('button', { name: 'Rewind to here' }).count(), 2);
		}));

	test('a turn that came to a limit asks whether to go on', () =>
		withPage([snapshot({ head: { state: 'awaitingUser' }, items: [...items, askedToGoOn] })], async (panel) => {
			const card = panel.page.getByRole('group', { name: 'Limit reached' });
			await card.getByText('This turn has come to 200 steps').waitFor();
			await card.getByRole('button', { name: 'Go on (200 steps more)' }).click();
			await card.getByRole('button', { name: 'Stop here' }).click();
			assert.deepEqual(await posted(panel), [
				{ kind: 'permission.answer', id: 'pm3', verdict: 'allowOnce' },
				{ kind: 'permission.answer', id: 'pm3', verdict: 'deny' },
			]);
		}));

	test('a file that asks for rules: this time, for its content, or not', () =>
		withPage([snapshot({ head: { state: 'awaitingUser' }, items: [...items, askedGrant] })], async (panel) => {
			const card = panel.page.getByRole('group', { name: 'Permission: /review' });
			await card.getByText('Bash(npm test:*)').waitFor();
			await card.getByText('“Always” holds until review.md changes.').waitFor();
			for (const name of ['This turn', 'Always', 'Ask as usual'])
				await card.getByRole('button', { name, exact: true }).click();
			assert.deepEqual(
				await posted(panel),
				(['allowOnce', 'alwaysAllow', 'deny'] as const).map((verdict) => ({
					kind: 'permission.answer',
					id: 'pm4',
					verdict,
				})),
			);
			const skill = '/home/ada/.claude/skills/release-notes/SKILL.md';
			await panel.send({ kind: 'item', seq: 1, item: { ...askedGrant, grant: skill } });
			await card.getByText('“Always” holds until release-notes/SKILL.md changes.').waitFor();
		}));

	test('queued messages are put in order, sent now, edited and dropped; what is typed stays', () => {
		const queue = [
			{ id: 'q1', text: 'First' },
			{ id: 'q2', text: 'Second' },
		];
		return withPage([snapshot({ head: { state: 'streaming', queue } })], async (panel) => {
			const rows = panel.page.getByRole('list', { name: 'Queued messages' }).getByRole('listitem');
			assert.equal(await rows.nth(0).getByRole('button', { name: 'Move up' }).count(), 0);
			for (const name of ['Move up', 'Send now', 'Edit', 'Drop'])
				await rows.nth(1).getByRole('button', { name }).click();
			assert.deepEqual(
				await posted(panel),
				(['moveUp', 'sendNow', 'edit', 'drop'] as const).map((action) => ({ kind: 'queue.change', id: 'q2', action })),
			);
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.fill('typed');
			await panel.send({ kind: 'input', text: 'Second', how: 'append', attachments: [] });
			assert.equal(await input.inputValue(), 'typed Second');
		});
	});

	test('scrolling to the top asks once for older rows, and what is read stays where it is', () => {
		const rows = (from: number, to: number): TranscriptItem[] =>
			Array.from({ length: to - from }, (_, index) => index + from).map((n) =>
				n % 2 === 0
					? { kind: 'prompt', id: `p${n}`, entryId: `p${n}`, text: `Prompt ${n}`, attachments: [], timestamp: n }
					: {
							kind: 'answer',
							id: `a${n}`,
							text: `Answer ${n}\n\nline`.repeat(1 + (n % 5)),
							isStreaming: false,
							isPartial: false,
						},
			);
		return withPage([snapshot({ items: rows(100, 160), hasOlder: true })], async (panel) => {
			const { page } = panel;
			const scrollTo = (top: number) =>
				page.evaluate(async (px) => {
					document.querySelector('.scroller')?.scrollTo(0, px);
					for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
				}, top);
			const topOf = async (words: string) => (await page.getByText(words, { exact: true }).boundingBox())?.y ?? 0;
			await scrollTo(0);
			await scrollTo(20);
			await scrollTo(0);
			const asked = (await posted(panel)).filter((message) => message.kind === 'transcript.older');
			assert.deepEqual(asked, [{ kind: 'transcript.older', beforeId: 'p100' }]);
			const before = await topOf('Prompt 102');
			await panel.send({ kind: 'older', beforeId: 'p100', items: rows(40, 100), hasOlder: false });
			assert.ok(Math.abs((await topOf('Prompt 102')) - before) <= 2);
			assert.equal(await page.getByText('Show earlier messages').count(), 0);
			assert.equal(await page.getByText('Prompt 40', { exact: true }).count(), 1);
		});
	});

	test('a transcript that got short has its end in view, and nothing to jump to', () =>
		withPage([snapshot()], async ({ page, send }) => {
			await page.setViewportSize({ width: 320, height: 400 });
			await page.evaluate(() => document.querySelector('.scroller')?.scrollTo(0, 0));
			await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
			await send(snapshot({ items: items.slice(0, 1) }));
			await page.getByRole('button', { name: 'Jump to latest' }).waitFor({ state: 'detached' });
		}));

	test('a mention that is typed is completed by what the host offers, by keys and by the mouse', () =>
		withPage([snapshot()], async (panel) => {
			const { page } = panel;
			const input = page.getByRole('textbox', { name: 'Message Retrace' });
			const offers = [
				{ mention: '@docs:demo://one', name: 'One', detail: 'docs:demo://one' },
				{ mention: '@docs:demo://two', name: 'Two', detail: 'docs:demo://two' },
			];
			await input.pressSequentially('Compare @do with b');
			for (let step = 0; step < ' with b'.length; step++) await input.press('ArrowLeft');
			await input.press('c');
			const last = (await posted(panel)).at(-1);
			assert.ok(last?.kind === 'mention.find' && last.query === 'doc');
			// An answer to an earlier question shows nothing.
			await panel.send({ kind: 'mention.offers', number: last.number - 1, offers });
			assert.equal(await page.getByRole('listbox', { name: 'Mentions' }).count(), 0);
			await panel.send({ kind: 'mention.offers', number: last.number, offers });
			const two = page.getByRole('option', { name: 'Two' });
			await two.waitFor();
			await input.press('ArrowDown');
			await page.getByRole('option', { name: 'Two', selected: true }).waitFor();
			assert.equal(await input.getAttribute('aria-activedescendant'), await two.getAttribute('id'));
			await input.press('Enter');
			assert.equal(await input.inputValue(), 'Compare @docs:demo://two with b');
			await input.pressSequentially('and @');
			const again = (await posted(panel)).at(-1);
			assert.ok(again?.kind === 'mention.find' && again.query === '');
			await panel.send({ kind: 'mention.offers', number: again.number, offers });
			await page.getByRole('option', { name: 'One' }).click();
			assert.equal(await input.inputValue(), 'Compare @docs:demo://two and @docs:demo://one with b');
			assert.deepEqual(
				(await posted(panel)).filter(({ kind }) => kind !== 'mention.find'),
				[],
			);
		}));

	test('what is typed in the moment in which another session is shown stays with the session it was typed in', () =>
		withPage([snapshot()], async (panel) => {
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.fill('half a thought');
			await panel.send(snapshot({ head: { sessionId: 'another' }, draft: 'of the other' }));
			assert.equal(await input.inputValue(), 'of the other');
			assert.deepEqual(
				(await panel.posted()).filter(({ kind }) => kind === 'draft.save'),
				[{ kind: 'draft.save', text: 'half a thought', sessionId: head.sessionId }],
			);
		}));

	test('the first run offers each place where replies can come from', () =>
		withPage(samples.setup?.messages ?? [], async (panel) => {
			const choices = panel.page.getByRole('region', { name: 'Choose where replies come from' });
			for (const name of ['Set API key', 'Open settings', 'Use them', 'Try the demo'])
				await choices.getByRole('button', { name, exact: true }).click();
			assert.deepEqual(
				await posted(panel),
				['setApiKey', 'openSettings', 'useVscodeLm', 'useDemo'].map((action) => ({ kind: 'notice.act', action })),
			);
		}));

	test('Enter sends, Shift+Enter breaks the line, an empty input sends nothing', () =>
		withPage([snapshot()], async (panel) => {
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.press('Enter');
			await input.pressSequentially('one');
			await input.press('Shift+Enter');
			await input.pressSequentially('two');
			await input.press('Enter');
			assert.deepEqual(await posted(panel), [{ kind: 'prompt.submit', text: 'one\ntwo', attachments: [] }]);
			assert.equal(await input.inputValue(), '');
			assert.deepEqual((await panel.posted()).at(-1), { kind: 'draft.save', text: '', sessionId: head.sessionId });
		}));

	test('a prompt that comes back is focused for who is in the page, and for nobody else', () =>
		withPage([snapshot()], async ({ page, send }) => {
			const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);
			await page.evaluate(() => {
				document.hasFocus = () => false;
				if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
			});
			await send({ kind: 'input', text: 'back', how: 'replace' });
			assert.equal(await page.getByRole('textbox', { name: 'Message Retrace' }).inputValue(), 'back');
			assert.notEqual(await focused(), 'Message Retrace');
			await page.evaluate(() => {
				document.hasFocus = () => true;
			});
			await send({ kind: 'input', text: 'back again', how: 'replace' });
			assert.equal(await focused(), 'Message Retrace');
		}));

	test('Enter that ends a composition sends nothing', () =>
		withPage([snapshot()], async (panel) => {
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.fill('にほん');
			await input.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
			await input.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
			assert.deepEqual(await posted(panel), []);
		}));

	test('long pasted text becomes an attachment', () =>
		withPage([snapshot()], async (panel) => {
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.evaluate((element) => {
				const clipboardData = new DataTransfer();
				clipboardData.setData('text/plain', 'x'.repeat(100_001));
				element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
			});
			await panel.page.getByText('100,001 characters').waitFor();
			await input.fill('Read this');
			await panel.page.getByRole('button', { name: 'Send', exact: true }).click();
			const [message] = await posted(panel);
			assert.ok(message?.kind === 'prompt.submit' && message.attachments[0]?.kind === 'text');
			assert.equal(message.attachments[0].text.length, 100_001);
		}));

	test('Escape stops a running turn; twice when idle it opens rewind', () =>
		withPage([snapshot({ head: { state: 'streaming' } })], async (panel) => {
			const input = panel.page.getByRole('textbox', { name: 'Message Retrace' });
			await input.press('Escape');
			await panel.send(snapshot());
			await input.press('Escape');
			assert.deepEqual(await posted(panel), [{ kind: 'turn.stop' }]);
			await input.press('Escape');
			assert.deepEqual((await posted(panel)).at(-1), { kind: 'rewind.preview', entryId: '' });
			await input.fill('half a thought');
			await input.press('Escape');
			await input.press('Escape');
			assert.equal((await posted(panel)).length, 2);
		}));

	test('cards answer by name', () =>
		withPage([snapshot({ items: [...items, proposedEdit, askedPermission] })], async (panel) => {
			const edit = panel.page.getByRole('group', { name: 'Edit: src/geometry/rectangles/perimeter.js' });
			for (const name of ['Open diff', 'Reject', 'Accept'])
				await edit.getByRole('button', { name, exact: true }).click();
			const permission = panel.page.getByRole('group', { name: 'Permission: Bash' });
			for (const name of ['Allow once', 'Always allow', 'Deny'])
				await permission.getByRole('button', { name, exact: true }).click();
			await permission.getByRole('button', { name: 'Deny with a reason' }).click();
			const reason = permission.getByRole('textbox', { name: 'What should it do instead?' });
			await reason.fill('use pnpm');
			await reason.press('Enter');
			assert.deepEqual(await posted(panel), [
				...(['openDiff', 'reject', 'accept'] as const).map((action) => ({ kind: 'edit.act', id: 'e2', action })),
				...(['allowOnce', 'alwaysAllow', 'deny'] as const).map((verdict) => ({
					kind: 'permission.answer',
					id: 'pm2',
					verdict,
				})),
				{ kind: 'permission.answer', id: 'pm2', verdict: 'deny', reason: 'use pnpm' },
			]);
		}));

	test('a compound command says why part by part, and where its rules shall hold', () =>
		withPage([snapshot({ items: [...items, askedCompound] })], async (panel) => {
			const card = panel.page.getByRole('group', { name: 'Permission: Bash' });
			await card.getByText('Why?').click();
			await card.getByRole('listitem').nth(3).waitFor();
			assert.match(await card.getByRole('listitem').nth(1).innerText(), /cargo build --release\s+No rule allows/);
			await card.getByRole('combobox', { name: 'Where it holds' }).selectOption('this workspace');
			// The card is drawn anew; the choice stays.
			await panel.send({ kind: 'item', seq: 1, item: { ...askedCompound, unsaved: ['notes.txt'] } });
			await card.getByText('notes.txt').first().waitFor();
			await card.getByRole('button', { name: 'Always allow', exact: true }).click();
			assert.deepEqual((await posted(panel)).at(-1), {
				kind: 'permission.answer',
				id: 'pm4',
				verdict: 'alwaysAllow',
				scope: 'workspace',
			});
		}));

	test('the long name of a server’s tool stays in its card', () => {
		const tool = 'mcp__database__run_all_migrations_now';
		const asked: TranscriptItem = {
			...{ id: 'pm9', kind: 'permission', tool, target: 'database: run', cause: 'It runs a program', state: 'asking' },
			rule: tool,
		};
		return withPage([snapshot({ items: [asked] })], async (panel) => {
			const card = panel.page.getByRole('group', { name: `Permission: ${tool}` });
			await card.getByText('Use this tool of database?').waitFor();
			assert.ok(await card.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth));
		});
	});

	test('what was denied shows what the user said', () => {
		const denied = { ...askedCompound, state: 'denied', reason: 'use pnpm here' } as const;
		return withPage([snapshot({ items: [denied] })], async ({ page }) => {
			await page.getByRole('group', { name: 'Permission: Bash' }).getByText('You said: use pnpm here').waitFor();
		});
	});

	test('the meter opens the context dialog by mouse and by keyboard', () =>
		withPage([snapshot()], async (panel) => {
			await panel.page.getByRole('meter', { name: 'Context usage' }).click();
			await panel.page.getByRole('button', { name: /Show context/ }).press('Enter');
			assert.deepEqual(await posted(panel), [{ kind: 'context.show' }, { kind: 'context.show' }]);
			await panel.send(...(samples.context?.messages.slice(1) ?? []));
			await panel.page.getByRole('dialog', { name: 'Context' }).waitFor();
		}));

	test('links post and do not navigate; code is copied and coloured', () =>
		withPage([snapshot()], async (panel) => {
			await panel.page.getByRole('link', { name: 'src/shapes.js' }).click();
			await panel.page.getByRole('link', { name: 'the guide' }).click();
			assert.deepEqual(await posted(panel), [
				{ kind: 'link.open', href: 'src/shapes.js' },
				{ kind: 'link.open', href: 'https://example.com/guide' },
			]);
			await panel.page.locator('.hljs-keyword').first().waitFor();
		}));

	test('hostile Markdown is inert in a real DOM', () => {
		const text = [
			'<img src=x onerror="window.posted.push(1)"> <script>window.posted.push(2)</script>',
			'[a](javascript:window.posted.push(3)) ![i](https://example.com/track.png) ![d](data:image/svg+xml,<svg/onload=1>)',
			'<svg><style><img src=x onerror=1></style></svg> <!-- comment --> <iframe src="https://example.com"></iframe>',
			'<form action="https://example.com"><input name=x></form> <a href="javascript:1" data-link="x">b</a>',
		].join('\n\n');
		return withPage(
			[snapshot({ items: [{ id: 'x', kind: 'answer', text, isStreaming: false, isPartial: false }] })],
			async (panel) => {
				assert.equal(
					await panel.page
						.locator('.answer :is(img, script, iframe, svg, style, form, input, a[href^=javascript], [onerror])')
						.count(),
					0,
				);
				assert.equal(await panel.page.locator('.answer a').count(), 1);
				assert.deepEqual(await panel.posted(), [{ kind: 'panel.ready' }]);
			},
		);
	});

	test('streaming draws again only the block that grows, and keeps to the end', () =>
		withPage(
			[
				snapshot({
					head: { state: 'streaming' },
					items: [...items, { id: 'x', kind: 'answer', text: 'First.\n\nSec', isStreaming: true, isPartial: false }],
				}),
			],
			async (panel) => {
				const first = panel.page.locator('.answer').last().locator('.block').first().locator('p');
				await first.evaluate((element) => element.setAttribute('data-kept', ''));
				for (let index = 0; index < 12; index++) {
					await panel.send({ kind: 'delta', seq: index + 1, id: 'x', text: `ond ${index}.\n\n` });
				}
				assert.equal(await first.getAttribute('data-kept'), '');
				const gap = () =>
					panel.page
						.locator('.scroller')
						.evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop);
				assert.ok((await gap()) < 2);
				await panel.page.locator('.scroller').hover();
				await panel.page.mouse.wheel(0, -300);
				await panel.page.getByRole('button', { name: 'Jump to latest' }).waitFor();
				const before = await gap();
				await panel.send({ kind: 'delta', seq: 13, id: 'x', text: 'more\n\nmore' });
				assert.ok((await gap()) >= before);
				await panel.page.getByRole('button', { name: 'Jump to latest' }).click();
				await panel.page.waitForFunction(() => document.querySelector('.jump') === null);
				assert.ok((await gap()) < 2);
			},
		));

	test('a delta is on screen within 50 ms', () =>
		withPage(
			[
				snapshot({
					head: { state: 'streaming' },
					items: [...items, { id: 'x', kind: 'answer', text: '', isStreaming: true, isPartial: false }],
				}),
			],
			async ({ page }) => {
				const elapsedMs = await page.evaluate(async () => {
					const times: number[] = [];
					for (let seq = 1; seq <= 5; seq++) {
						const start = performance.now();
						window.postMessage({ kind: 'delta', seq, id: 'x', text: `Hello there ${seq}\n\n` }, '*');
						while (!document.body.textContent?.includes(`Hello there ${seq}`))
							await new Promise((resolve) => requestAnimationFrame(resolve));
						times.push(performance.now() - start);
					}
					return Math.min(...times);
				});
				// Generous, and the best of some: other work shares the machine. The bound of 50 ms is the benchmark's.
				assert.ok(elapsedMs < 500, `${elapsedMs} ms`);
			},
		));

	test('no serious accessibility finding in any state', async () => {
		const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
		await withPage([], async (panel) => {
			await panel.page.evaluate(axe);
			for (const [name, sample] of Object.entries(samples)) {
				// Another session closes what the sample before has opened.
				await panel.send(snapshot({ head: { sessionId: name } }), ...sample.messages);
				const findings: unknown = await panel.page.evaluate(
					`axe.run(document).then((result) => result.violations.filter((found) => /serious|critical/.test(found.impact)).map((found) => found.id + ' ' + found.nodes[0].target))`,
				);
				assert.deepEqual(findings, [], name);
			}
		});
	});
});
