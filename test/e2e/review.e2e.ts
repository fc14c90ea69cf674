// Review in the real editor, as a person does it: changes kept and undone by key, lens and the editor's change peek; what the user wrote inside
// a pending change stays; a reload loses nothing; and the model is told with the next prompt exactly what became of its changes.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { clickInto, openChangePeek } from './support/editors.ts';
import { missingBrowser } from './support/environment.ts';
import { permissionCard, send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { pressInRow } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const PROMPT = 'Tidy up the invoice, the areas and the readme.';
const COMMAND = 'Now with a command.';
const edit = (path: string, from: string, to: string) => ({
	blocks: [{ tool: 'Edit' as const, input: { file_path: path, old_string: from, new_string: to } }],
});
const script = repliesByPrompt({
	[PROMPT]: [
		{
			blocks: ['src/invoice.js', 'src/area.js'].map((path) => ({ tool: 'Read' as const, input: { file_path: path } })),
		},
		edit('src/invoice.js', '24.5', '26'),
		edit('src/invoice.js', 'One line per room: its name', 'A line per room: the name'),
		edit('src/invoice.js', 'rounded to cents', 'rounded to whole cents'),
		edit(
			'src/area.js',
			'  return width * height;',
			'  const isSound = width >= 0 && height >= 0;\n  if (!isSound) return 0;\n  const product = width * height;\n  return product;',
		),
		{ blocks: [{ tool: 'Write', input: { file_path: 'NOTES.md', content: '# Notes\n\nTidied up.\n' } }] },
		{ text: 'All tidy.' },
	],
	'Go on.': [{ text: 'I see.' }],
	[COMMAND]: [
		{
			blocks: [{ tool: 'Bash', input: { command: 'echo "made by a command" > made.txt && rm test/invoice.test.js' } }],
		},
		{ text: 'Done.' },
	],
	'And now?': [{ text: 'Well.' }],
});

suite('Review in the editor', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script, keys: ['test-key'], seed: 5 });
		workbench = await openWorkbench({
			name: 'review',
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
	const panel = () => workbench.panel();
	const lenses = (title: string) =>
		page()
			.locator('.editor-group-container .codelens-decoration a')
			.filter({ hasText: new RegExp(`^${title}$`) });
	const lensCount = async (count: number) =>
		await until(`${count} changes have a lens`, async () => (await lenses('Keep').count()) === count);
	const reviews = () =>
		readSessionLogs(workbench.userDataDir)
			.flatMap(({ entries }) => entries)
			.filter((entry) => entry.type === 'review')
			.map((entry) => `${entry.verdict} ${(entry.path as { rel: string }).rel}`);
	/** The log is written a moment after the file. */
	const reviewsAre = async (...expected: readonly string[]) => {
		await until('the verdicts are in the log', () => reviews().length >= expected.length);
		assert.deepEqual(reviews(), expected);
	};
	const row = (name: RegExp): Locator =>
		page().locator('[aria-label="Changes"] [role="treeitem"]').filter({ hasText: name });
	const pictures = (name: string) => workbench.pictures(name, 'light', 'dark');
	const lastRequest = () => JSON.stringify(api.accepted.at(-1) ?? {});

	test('the Changes view lists the files of the turn with their counts', async () => {
		await send(panel(), PROMPT);
		await turnEnds(panel());
		await workbench.openFile('src/invoice.js');
		await lensCount(3);
		await workbench.runCommand('View: Show Retrace');
		await row(/invoice\.js/).waitFor();
		await row(/NOTES\.md.*new/).waitFor();
		await row(/area\.js/).waitFor();
		assert.equal(await row(/area\.js|invoice\.js|NOTES\.md/).count(), 3);
		await pictures('review-tree');
	});

	test('by lens: undo takes one change back on disk', async () => {
		await lenses('Undo').first().click();
		await until('the price is back', () => workbench.readFile('src/invoice.js').includes('24.5'));
		await lensCount(2);
		await reviewsAre('undo src/invoice.js');
	});

	test('by the editor’s change peek: keep', async () => {
		await clickInto(page(), page().locator('.editor-group-container .monaco-editor .view-lines').first());
		await page().keyboard.press('Control+Home');
		const peek = await openChangePeek(page());
		await pictures('review-peek');
		await peek.locator('.peekview-actions .codicon-check').click();
		await lensCount(1);
		await reviewsAre('undo src/invoice.js', 'keep src/invoice.js');
		assert.ok(workbench.readFile('src/invoice.js').includes('A line per room'));
		await page().keyboard.press('Escape');
	});

	test('a reload keeps what is pending, without a look at the panel', async () => {
		await workbench.reloadWindow();
		await lensCount(1);
		await workbench.openFile('src/area.js');
		await lensCount(1);
	});

	test('what the user writes inside a pending change splits it, and stays when the rest is undone', async () => {
		await clickInto(page(), page().locator('.view-line').filter({ hasText: 'if (!isSound)' }).first());
		await page().keyboard.press('Home');
		await page().keyboard.press('Shift+End');
		await page().keyboard.insertText('// checked by hand');
		await lensCount(2);
		await pictures('review-split');
		await workbench.runCommand('Retrace: Undo All Changes');
		await lensCount(0);
		await page().locator('.editor-group-container .monaco-editor.focused').first().waitFor();
		await page().keyboard.press('Control+S');
		await until('it is saved', () => workbench.readFile('src/area.js').includes('// checked by hand'));
		assert.ok(!workbench.readFile('src/area.js').includes('isSound'));
		assert.ok(workbench.readFile('src/area.js').includes('  return width * height;'));
	});

	test('by key: the next change, and keep', async () => {
		await workbench.openFile('src/invoice.js');
		await page().keyboard.press('Control+Home');
		await lensCount(1);
		await page().keyboard.press('Alt+]');
		await page().keyboard.press('Alt+Enter');
		await lensCount(0);
		await until('it is in the log', () => reviews().filter((one) => one === 'keep src/invoice.js').length === 2);
	});

	test('the next request says exactly what was undone, rewritten and kept', async () => {
		await workbench.runCommand('View: Show Retrace');
		await pressInRow(row(/NOTES\.md/), 'Keep');
		await row(/NOTES\.md/).waitFor({ state: 'hidden' });
		await send(panel(), 'Go on.');
		await turnEnds(panel());
		const request = lastRequest();
		for (const sentence of [
			'The user undid your change to src/invoice.js line 3.',
			'The user rewrote your change to src/area.js line 4.',
			'The user undid your change to src/area.js',
			'The user kept your other reviewed changes to src/invoice.js.',
			'The user kept your changes to NOTES.md.',
		])
			assert.ok(
				request.includes(sentence),
				`${sentence} is not in the request: ${request.match(/The user [^"]*/)?.[0]}`,
			);
		assert.equal(request.split('The user kept').length, 3);
		assert.deepEqual(api.violations, []);
	});

	test('what a command made and deleted can be taken back, file by file', async () => {
		await send(panel(), COMMAND);
		await permissionCard(panel(), 'Bash').getByRole('button', { name: 'Allow once', exact: true }).click();
		await turnEnds(panel());
		await row(/invoice\.test\.js.*deleted/).waitFor();
		await row(/made\.txt.*new/).waitFor();
		await workbench.runCommand('Retrace: Group Changes by Turn');
		await row(/Now with a command/).waitFor();
		await pictures('review-turns');
		const before = workbench.readFile('package.json');
		await pressInRow(row(/invoice\.test\.js/), 'Undo');
		await until('the test is there again', () => existsSync(join(workbench.folder, 'test/invoice.test.js')));
		// The next row moves up into its place, away from under the pointer.
		await row(/invoice\.test\.js/).waitFor({ state: 'hidden' });
		await pressInRow(row(/made\.txt/), 'Keep');
		await row(/made\.txt/).waitFor({ state: 'hidden' });
		assert.equal(workbench.readFile('package.json'), before);
		assert.equal(workbench.readFile('made.txt'), 'made by a command\n');
		await send(panel(), 'And now?');
		await turnEnds(panel());
		assert.ok(lastRequest().includes('The user brought back test/invoice.test.js, which you had deleted.'));
	});
});
