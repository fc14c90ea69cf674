// A session in a worktree, in a real window: it works beside the user's files, its changes are merged back with a conflict left to the user, it is
// found again after a reload, and what is discarded comes back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { openSessionFromTree, send, turnEnds } from './support/panelActions.ts';
import { sessionRow, showSessions } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const prompt = 'replace "alpha" with "beta" in one.txt then replace "alpha" with "beta" in both.txt';

suite('A session in a worktree', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'worktree',
			settings: { 'retrace.mode': 'acceptEdits' },
			files: { 'one.txt': 'alpha\n', 'both.txt': 'alpha\n', '.gitignore': 'ignored.txt\n', 'ignored.txt': 'i\n' },
			prepare(folder) {
				const git = (...args: string[]) =>
					execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: folder });
				git('init', '-q');
				git('add', '-A');
				git('commit', '-q', '-m', 'all');
				writeFileSync(join(folder, 'new.txt'), 'not committed\n');
			},
		});
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const mark = () => panel().getByRole('button', { name: 'Worktree', exact: true });
	const stored = (path: string): readonly string[] =>
		globSync(`User/workspaceStorage/*/retrace.retrace/${path}`, { cwd: workbench.userDataDir }).map((found) =>
			join(workbench.userDataDir, found),
		);
	/** One that is being removed has another name. */
	const trees = (): readonly string[] => stored('worktrees/*/floor-planner').filter((path) => !path.includes('.gone'));
	const inTree = (name: string) => readFileSync(join(trees()[0] ?? '', name), 'utf8');
	const press = async (button: string) => {
		const dialog = workbench.page.locator('.monaco-dialog-box');
		await dialog.getByRole('button', { name: button }).click();
		await dialog.waitFor({ state: 'hidden' });
	};
	const choose = async (action: string) => {
		await mark().click();
		await workbench.page.locator('.quick-input-list').getByText(action, { exact: true }).click();
	};
	const pictures = (name: string) => workbench.pictures(`worktree-${name}`, 'light', 'highContrast', 'dark');

	test('starts with the files as they are, and what it does reaches none of the user’s', async () => {
		await workbench.runCommand('Retrace: New Session in Worktree');
		await mark().waitFor();
		await panel().getByText('This session works in a worktree', { exact: false }).first().waitFor();
		assert.equal(inTree('new.txt'), 'not committed\n');
		assert.equal(existsSync(join(trees()[0] ?? '', 'ignored.txt')), false);
		await send(panel(), prompt);
		await turnEnds(panel());
		await until('the worktree has the edits', () => inTree('both.txt') === 'beta\n' && inTree('one.txt') === 'beta\n');
		assert.equal(workbench.readFile('one.txt') + workbench.readFile('both.txt'), 'alpha\nalpha\n');
		await showSessions(workbench);
		await sessionRow(workbench, 'replace').getByText('worktree', { exact: false }).first().waitFor();
		await pictures('1-session');
	});

	test('merges back what does not conflict, and a rewind of it takes it back', async () => {
		writeFileSync(join(workbench.folder, 'both.txt'), 'mine\n');
		await choose('Merge Back…');
		await workbench.page.locator('.monaco-dialog-box').getByText('1 conflict', { exact: false }).waitFor();
		await workbench.screenshot('worktree-2-merge-dialog');
		await press('Merge Back');
		await until('the file is merged', () => workbench.readFile('one.txt') === 'beta\n');
		assert.equal(workbench.readFile('both.txt'), 'mine\n');
		await panel().getByText('Worktree merged back: 1 file merged, 1 conflict').waitFor();
		await panel().getByRole('button', { name: 'Resolve both.txt' }).waitFor();
		await pictures('3-merged');
		await panel().getByRole('button', { name: 'Undo merge' }).click();
		await until('the merge is taken back', () => workbench.readFile('one.txt') === 'alpha\n');
		assert.equal(workbench.readFile('both.txt'), 'mine\n');
	});

	test('is found after a reload; discarded it is kept, and comes back', async () => {
		await workbench.reloadWindow();
		await openSessionFromTree(workbench);
		await mark().waitFor();
		await send(panel(), 'replace "beta" with "gamma" in one.txt');
		await turnEnds(panel());
		await until('the worktree has the edit', () => inTree('one.txt') === 'gamma\n');
		await choose('Discard…');
		await workbench.page.locator('.monaco-dialog-box').getByText('2 files changed in it', { exact: false }).waitFor();
		await press('Discard');
		await until('the worktree is gone', () => trees().length === 0);
		await panel().getByRole('button', { name: 'Worktree missing' }).waitFor();
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('list files *.txt');
		await panel().getByRole('button', { name: 'Send', exact: true }).click();
		const restore = panel().getByRole('button', { name: 'Restore Worktree' });
		await restore.waitFor();
		await workbench.screenshot('worktree-4-gone');
		await restore.click();
		await mark().waitFor();
		assert.equal(inTree('one.txt') + inTree('both.txt'), 'gamma\nbeta\n');
		assert.equal(workbench.readFile('one.txt'), 'alpha\n');
	});

	test('is kept in the trash with a session that is deleted', async () => {
		await workbench.runCommand('Retrace: Delete Session');
		const dialog = workbench.page.locator('.monaco-dialog-box');
		await dialog.getByText('2 files changed in it, and 2 of them are not in the workspace', { exact: false }).waitFor();
		await press('Move to Trash');
		const bundles = () => stored('trash/*/worktree/discarded-0002/floor-planner.bundle');
		await until('the bundle is in the trash', () => bundles().length === 1);
		assert.equal(trees().length, 0);
	});
});
