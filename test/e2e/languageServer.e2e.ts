// Help in the files that fill the context, in a real window: what is wrong is underlined and cleared, the figures are those of the context,
// a rename follows imports, and the server that was killed comes back.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { pressInNotification } from './support/notifications.ts';
import { openContext, send, turnEnds } from './support/panelActions.ts';
import { processesOf } from './support/processes.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const BROKEN = 'Keep to @docs/stile.md.\n';
const RIGHT = 'Keep to @docs/style.md.\n';

suite('Help in context files', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'language',
			// Markdown and JSON have servers of VS Code's own, which answer beside ours.
			hasAllBuiltIns: true,
			files: {
				'CLAUDE.md': BROKEN,
				'docs/style.md': `${'Short names, whole words, no comments that tell what the code tells. '.repeat(40)}\n`,
				'src/AGENTS.md': 'Here too: @../docs/style.md\n',
			},
		});
	});
	after(async () => await workbench?.close());

	const editor = () => workbench.page.locator('.editor-group-container .monaco-editor').first();
	const wrong = () => editor().locator('.squiggly-error');
	const servers = () => processesOf(workbench.server.pid, 'contextServer.cjs');
	const text = async () => ((await editor().locator('.view-lines').textContent()) ?? '').replaceAll('\u00a0', ' ');
	/** The figures in the text: of the file, with its imports, and of each import. */
	const figures = async () => {
		const found = /([\d,]+) tokens, ([\d,]+) with imports.*?style\.md\s*([\d,]+) tokens/.exec(await text());
		return found ? [Number(found[1]?.replaceAll(',', '')), Number(found[3]?.replaceAll(',', ''))] : undefined;
	};
	const replaceAll = async (by: string) => {
		await editor().locator('.view-line').first().click();
		await workbench.page.locator('.editor-group-container .monaco-editor.focused').first().waitFor();
		await workbench.page.keyboard.press('Control+A');
		await workbench.page.keyboard.insertText(by);
	};

	test('no process runs before such a file is open', async () => {
		await workbench.panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
		assert.deepEqual(servers(), []);
	});

	test('a broken import is underlined, and its fix clears it before it is saved', async () => {
		await workbench.openFile('CLAUDE.md');
		await wrong().first().waitFor();
		assert.equal(servers().length, 1);
		await workbench.screenshot('language-broken');
		await replaceAll(RIGHT);
		await until('nothing is underlined', async () => (await wrong().count()) === 0);
		await until('the cost is shown', figures);
	});

	test('the figures are those that the context shows for these files', async () => {
		await workbench.page.keyboard.press('Control+S');
		await until('it is saved', () => workbench.readFile('CLAUDE.md') === RIGHT);
		await send(workbench.panel(), 'hello');
		await turnEnds(workbench.panel());
		const dialog = await openContext(workbench.panel());
		const filter = dialog.getByRole('searchbox', { name: 'Filter items' });
		const shown = async (name: RegExp) => {
			// The list draws only what is in sight.
			await filter.fill('.md');
			const title = await dialog.getByTitle(name).first().getAttribute('title');
			return Number(/([\d,]+) tokens/.exec(title ?? '')?.[1]?.replaceAll(',', ''));
		};
		const expected = [await shown(/^CLAUDE\.md\s/), await shown(/^docs\/style\.md\s/)];
		assert.ok(expected.every((tokens) => tokens > 0));
		await workbench.screenshot('language-context');
		await filter.fill('');
		await filter.press('Escape');
		await dialog.waitFor({ state: 'hidden' });
		await until('the editor shows the same', async () => String(await figures()) === String(expected));
		await workbench.screenshot('language-figures');
	});

	test('a rename of the import moves the file, and every import follows', async () => {
		await editor().locator('.view-line').first().click();
		await workbench.page.keyboard.press('Control+Home');
		for (let step = 0; step < 12; step += 1) await workbench.page.keyboard.press('ArrowRight');
		await workbench.page.keyboard.press('F2');
		const input = workbench.page.locator('.rename-box input');
		await input.fill('docs/tone.md');
		await input.press('Enter');
		await until('the file moved', () => existsSync(join(workbench.folder, 'docs/tone.md')));
		assert.ok(!existsSync(join(workbench.folder, 'docs/style.md')));
		await until('this import followed', async () => (await text()).includes('@docs/tone.md'));
		await until(
			'the other import followed, once',
			() => workbench.readFile('src/AGENTS.md') === 'Here too: @../docs/tone.md\n',
		);
		await until('nothing is underlined', async () => (await wrong().count()) === 0);
	});

	/** Ends the server with nothing underlined, so that what is underlined next is the work of another one. */
	const kill = async () => {
		await replaceAll('Nothing.\n');
		await until('nothing is underlined', async () => (await wrong().count()) === 0);
		const [pid] = servers();
		assert.ok(pid !== undefined);
		process.kill(pid, 'SIGKILL');
		await until('it is gone', () => !servers().includes(pid));
	};
	const answers = async () => {
		await replaceAll(BROKEN);
		await wrong().first().waitFor();
		assert.equal(servers().length, 1);
	};

	test('the server that was killed comes back', async () => {
		await kill();
		await answers();
	});

	test('one that is killed again and again is offered', async () => {
		for (let time = 2; time <= 4; time += 1) {
			await kill();
			await answers();
		}
		await kill();
		await pressInNotification(workbench, /The help for context files stopped 5 times/, 'Restart');
		await answers();
	});
});
