// Forks in a real window: from an answer in the middle of a conversation, back to where it came from, also when that lies in the trash.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { endedLog, pairedResults } from './support/faultedApi.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { chooseInMenu, sessionRow, showSessions } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Forks', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'forks' });
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const conversation = () => panel().getByRole('log', { name: 'Conversation' });
	const first = 'list files src/*.js';
	const second = 'list files test/*.js';
	const shows = (text: string) => conversation().getByText(text, { exact: true }).first();
	let origin = '';

	test('an answer has a fork of its own, which takes the calls before it along whole', async () => {
		for (const prompt of [first, second]) {
			await send(panel(), prompt);
			await endedLog(workbench.userDataDir, prompt);
			await turnEnds(panel());
		}
		const log = await endedLog(workbench.userDataDir, first);
		origin = log.path;
		const answer = conversation().locator('.answer').first();
		await answer.scrollIntoViewIfNeeded();
		await answer.hover();
		await answer.getByRole('button', { name: 'Fork from here' }).waitFor();
		await workbench.screenshot('fork-from-answer');
		await answer.getByRole('button', { name: 'Fork from here' }).click();
		await shows(second).waitFor({ state: 'detached' });
		await shows(first).waitFor();
		const fork = await until('the fork has a log', () =>
			readSessionLogs(workbench.userDataDir).find(({ path }) => path !== origin),
		);
		assert.ok(pairedResults(fork).size > 0);
		assert.equal(readFileSync(origin, 'utf8'), log.text, 'the origin is as it was');
		await send(panel(), 'list files *.json');
		await turnEnds(panel());
		const gone = await endedLog(workbench.userDataDir, 'list files *.json');
		assert.equal(gone.path, fork.path);
		pairedResults(gone);
	});

	test('from the fork one goes back to its origin', async () => {
		await panel().getByRole('button', { name: 'Open origin session' }).click();
		await shows(second).waitFor();
		await panel().getByRole('button', { name: 'Open origin session' }).waitFor({ state: 'detached' });
	});

	test('an origin in the trash is shown there, and one click brings it back', async () => {
		await showSessions(workbench);
		// The fork is shown first, so that the panel does not have to leave what is deleted.
		await sessionRow(workbench, '(fork)').click();
		await shows(second).waitFor({ state: 'detached' });
		const row = workbench.page
			.locator('.pane:has(.pane-header[aria-label^="Sessions"])')
			.getByRole('treeitem')
			.filter({ hasText: first, hasNotText: '(fork)' })
			.first();
		await chooseInMenu(workbench.page, row, 'Delete Session');
		await workbench.page.getByRole('dialog').getByRole('button', { name: 'Move to Trash' }).click();
		await until('it is in the trash', () => !existsSync(origin));
		await row.waitFor({ state: 'detached' });
		await panel().getByRole('button', { name: 'Open origin session' }).click();
		await shows(second).waitFor();
		await panel().getByRole('group', { name: 'Read-only' }).getByText('in the trash').waitFor();
		await workbench.screenshot('trashed-session');
		await conversation().getByRole('button', { name: 'Restore', exact: true }).click();
		await until('it is back', () => existsSync(origin));
		await panel().getByRole('group', { name: 'Read-only' }).waitFor({ state: 'detached' });
		await send(panel(), 'list files *.md');
		await endedLog(workbench.userDataDir, 'list files *.md');
	});
});
