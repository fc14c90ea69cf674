// Pending changes in tabs of their own: a native diff with Keep and Undo in its title, and all files in one tab. Nothing moves the focus of who
// only looks on.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { openChangePeek } from './support/editors.ts';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { pressInRow } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const PROMPT = 'Change the price and the area.';
const edit = (path: string, from: string, to: string) => ({
	blocks: [{ tool: 'Edit' as const, input: { file_path: path, old_string: from, new_string: to } }],
});
const script = repliesByPrompt({
	[PROMPT]: [
		{
			blocks: ['src/invoice.js', 'src/area.js'].map((path) => ({ tool: 'Read' as const, input: { file_path: path } })),
		},
		edit('src/invoice.js', '24.5', '26'),
		edit('src/invoice.js', 'rounded to cents', 'rounded to whole cents'),
		edit('src/area.js', 'Area of a rectangle.', 'Area of a rectangle, in square metres.'),
		{ blocks: [{ tool: 'Write', input: { file_path: 'NOTES.md', content: '# Notes\n' } }] },
		{ text: 'Done.' },
	],
});

suite('Pending changes in tabs', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script, keys: ['test-key'], seed: 5 });
		workbench = await openWorkbench({
			name: 'review-tabs',
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url, 'retrace.mode': 'acceptEdits', 'editor.minimap.enabled': false },
			viewport: { width: 1500, height: 900 },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});
	const page = () => workbench.page;
	const row = (name: RegExp) => page().locator('[aria-label="Changes"] [role="treeitem"]').filter({ hasText: name });
	const title = (name: string) => page().locator('.editor-actions').getByRole('button', { name });

	test('edits leave the cursor and the open file alone', async () => {
		await workbench.panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
		await workbench.openFile('src/invoice.js');
		await page().keyboard.press('Control+End');
		const place = () => page().locator('#status\\.editor\\.selection').innerText();
		await until('the cursor is at the end', async () => (await place()).startsWith('Ln 20,'));
		const before = await place();
		await send(workbench.panel(), PROMPT);
		await turnEnds(workbench.panel());
		await page()
			.locator('.codelens-decoration a')
			.filter({ hasText: /^Keep$/ })
			.first()
			.waitFor();
		assert.equal(await place(), before);
		assert.equal(
			await page().locator('.editor-group-container .tab.active').getAttribute('data-resource-name'),
			'invoice.js',
		);
	});

	/** Of the lines that a pending change added; undefined while none is on the screen. */
	const markedBorder = async () =>
		await page()
			.locator('.editor-group-container .view-overlays [class*="ced-"]')
			.evaluateAll((lines) => {
				const marked = lines.map((line) => getComputedStyle(line)).filter((style) => style.borderTopStyle === 'dashed');
				if (marked.length === 0) return undefined;
				return marked.some(({ borderTopColor }) => borderTopColor !== 'rgba(0, 0, 0, 0)') ? 'seen' : 'transparent';
			});

	test('all files are compared in one tab', async () => {
		await workbench.runCommand('View: Show Retrace');
		await row(/NOTES\.md/).waitFor();
		await workbench.runCommand('Retrace: Open All Changes');
		await page().locator('.tab.active').filter({ hasText: 'Retrace: pending changes' }).waitFor();
		await page().locator('.multiDiffEditor').getByText('NOTES.md').first().waitFor();
		await workbench.screenshot('review-all-dark');
	});

	test('the diff of a file shows only what is pending, and its title keeps or undoes it', async () => {
		await pressInRow(row(/invoice\.js/), 'Open Changes');
		await page().locator('.tab.active').filter({ hasText: 'invoice.js (Retrace: pending changes)' }).waitFor();
		await title('Keep All Changes').waitFor();
		await workbench.screenshot('review-diff-dark');
		await title('Undo All Changes').click();
		await until('the price is back', () => workbench.readFile('src/invoice.js').includes('24.5'));
		assert.ok(workbench.readFile('src/invoice.js').includes('rounded to cents'));
		await row(/invoice\.js/).waitFor({ state: 'hidden' });
	});

	test('the next file to review is opened at its first change', async () => {
		await workbench.runCommand('Retrace: Next File to Review');
		await page().locator('.tab.active').filter({ hasText: 'area.js' }).waitFor();
		await page()
			.locator('.codelens-decoration a')
			.filter({ hasText: /^Undo$/ })
			.first()
			.waitFor();
		const peek = await openChangePeek(page());
		await workbench.screenshot('review-area-dark');
		await until('the border of marked lines is not seen in dark', async () => (await markedBorder()) === 'transparent');
		await page().keyboard.press('Escape');
		await peek.waitFor({ state: 'detached' });
		await workbench.setTheme('highContrast');
		// High contrast has no background for marked lines, only this.
		await until('marked lines have a border', async () => (await markedBorder()) === 'seen');
		await row(/NOTES\.md/).waitFor();
		await openChangePeek(page());
		await workbench.screenshot('review-highContrast');
	});
});
