// Memory files in a real window against the strict Messages API: with their imports in the first request, changed on disk, of a folder that
// is entered, listed by /memory, and added to with #.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { prefixBreak } from '../fakes/messagesApi/prefixKept.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser, temporaryFolder } from './support/environment.ts';
import { pressInNotification } from './support/notifications.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';

suite('Memory files', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	const home = temporaryFolder('memory-home');
	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			seed: 5,
			script: repliesByPrompt({
				'Read the area.': [{ blocks: [{ tool: 'Read', input: { file_path: 'src/area.js' } }] }, { text: 'Read.' }],
			}),
		});
		workbench = await openWorkbench({
			name: 'memory',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined, HOME: home },
			settings: { 'retrace.baseUrl': api.url },
			files: {
				'CLAUDE.md': 'Use tabs. See @docs/style.md and @src/gone.md, not `@README.md`.\n',
				'docs/style.md': 'Short names.\n',
				'.claude/rules/tests.md': '---\npaths: "**/*.test.js"\n---\nTests are words.\n',
				'src/CLAUDE.md': 'Areas are in square metres.\n',
			},
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
		rmSync(home, { recursive: true, force: true });
	});

	const panel = () => workbench.panel();
	const at = (path: string) => join(workbench.folder, path);
	const box = () => panel().getByRole('textbox', { name: 'Message Retrace' });
	const log = () => panel().getByRole('log', { name: 'Conversation' });
	const last = (): Json => api.accepted.at(-1) ?? {};
	const words = (part: unknown) => JSON.stringify(part);
	const ask = async (prompt: string) => {
		await send(panel(), prompt);
		await turnEnds(panel());
	};
	const row = (text: string) =>
		workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
	let first: Json = {};

	test('stand in the first request with their imports, and what is wrong is said', async () => {
		await ask('One.');
		first = last();
		const system = words(first.system);
		assert.match(system, /CLAUDE\.md\\n\\nUse tabs\..*docs\/style\.md\\n\\nShort names\./);
		assert.doesNotMatch(system, /Tests are words|square metres|floor plan/);
		await log().getByText('CLAUDE.md: @src/gone.md is not there.').waitFor();
	});

	test('go with the next prompt when they change on disk, behind the same bytes', async () => {
		writeFileSync(join(dirname(workbench.folder), 'shared.md'), 'From next door.\n');
		writeFileSync(at('CLAUDE.md'), 'Use spaces.\r\n\r\n@../shared.md');
		await ask('Two.');
		assert.equal(prefixBreak(first, last()), undefined);
		assert.match(words(last().messages), /Two\..*Use spaces\..*CLAUDE\.md was changed on disk/);
		assert.doesNotMatch(words(last()), /From next door/);
		await log().getByText('Read CLAUDE.md: it is new or changed on disk').waitFor();
		await pressInNotification(workbench, /CLAUDE\.md imports .*shared\.md \(is outside the workspace\)/, 'Import');
		const before = last();
		await ask('Three.');
		assert.equal(prefixBreak(before, last()), undefined);
		assert.match(words(last().messages), /Three\..*From next door\./);
	});

	test('come with a folder when a file in it is read, once', async () => {
		const before = last();
		await ask('Read the area.');
		assert.equal(prefixBreak(before, last()), undefined);
		assert.match(words(last().messages), /tool_result.*Areas are in square metres\..*you have just come to/);
		await log().getByText('Read src/CLAUDE.md: it holds for the files used here.').waitFor();
		await ask('Four.');
		assert.equal(words(last().messages).split('square metres').length, 2);
		await workbench.screenshot('memory-rows');
		assert.deepEqual(api.violations, []);
	});

	test('# keeps a line in one of them, changes nothing else, and can be undone', async () => {
		await box().fill('# Prices are in euro.');
		await panel().getByText('Memory: Enter keeps this line').waitFor();
		await workbench.screenshot('memory-input');
		await box().press('Enter');
		await row('Project').waitFor();
		await workbench.screenshot('memory-place');
		await row('Project').click();
		const kept = 'Use spaces.\r\n\r\n@../shared.md\r\n\r\n# Memories\r\n\r\n- Prices are in euro.';
		await until('it is kept', () => readFileSync(at('CLAUDE.md'), 'utf8') === kept);
		assert.equal(await box().inputValue(), '');
		await pressInNotification(workbench, /Kept in CLAUDE\.md: “Prices are in euro\.”/, 'Undo');
		await until('it is undone', () => readFileSync(at('CLAUDE.md'), 'utf8') === 'Use spaces.\r\n\r\n@../shared.md');
	});

	test('# that is kept nowhere stays in the input, and the user’s own file can be begun', async () => {
		await box().fill('# Answer in English.');
		await box().press('Enter');
		await row('Project').waitFor();
		await workbench.page.keyboard.press('Escape');
		await until('the line is back', async () => (await box().inputValue()) === '# Answer in English.');
		await box().press('Enter');
		await row('User').click();
		const own = join(home, '.claude', 'CLAUDE.md');
		await until('it is kept', () => {
			try {
				return readFileSync(own, 'utf8') === '# Memories\n\n- Answer in English.\n';
			} catch {
				return false;
			}
		});
	});

	test('/memory lists them with their sizes, opens one, and begins one that is missing', async () => {
		const command = async () => {
			await box().fill('/memory');
			await box().press('Enter');
			await row('imported by CLAUDE.md').waitFor();
		};
		await command();
		await row('src/CLAUDE.md').waitFor();
		await workbench.screenshot('memory-list');
		await row('CLAUDE.local.md').waitFor();
		await row('imported by CLAUDE.md').click();
		await workbench.page.locator('.editor-group-container .tab.active').filter({ hasText: 'shared.md' }).waitFor();
		await command();
		await row('CLAUDE.local.md').click();
		await workbench.page.locator('.tab.active').filter({ hasText: 'CLAUDE.local.md' }).waitFor();
	});
});
