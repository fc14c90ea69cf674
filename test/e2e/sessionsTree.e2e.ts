// The views of the sessions in a real window, with the demo model: the trash and back, the search and its jump.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { endedLog } from './support/faultedApi.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import {
	chooseInMenu,
	expand,
	newSession,
	openFromTree,
	searchView,
	sessionRow,
	showSessions,
} from './support/sessionViews.ts';
import { settled, until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('The sessions view', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'sessions-tree' });
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const conversation = () => panel().getByRole('log', { name: 'Conversation' });
	const ask = async (prompt: string) => {
		await send(panel(), prompt);
		const log = await endedLog(workbench.userDataDir, prompt);
		await turnEnds(panel());
		return log;
	};

	test('a deleted session lies in the trash as it was, and comes back from there', async () => {
		const { path } = await ask('list files src/*.js');
		const shown = await settled('the transcript', () => conversation().innerText());
		const before = readFileSync(path);
		await showSessions(workbench);
		await chooseInMenu(workbench.page, sessionRow(workbench, 'list files'), 'Delete Session');
		await workbench.page.getByRole('dialog').getByRole('button', { name: 'Move to Trash' }).click();
		const trashed = join(dirname(dirname(path)), 'trash', basename(path));
		await until('the log is in the trash', () => !existsSync(path) && existsSync(trashed));
		assert.ok(readFileSync(trashed).subarray(0, before.length).equals(before));
		assert.deepEqual(readSessionLogs(workbench.userDataDir), []);
		await conversation().getByText('list files src/*.js').waitFor({ state: 'detached' });

		const group = sessionRow(workbench, 'Trash');
		await expand(group);
		const row = sessionRow(workbench, 'list files');
		await row.waitFor();
		await workbench.screenshot('tree-trash');
		await chooseInMenu(workbench.page, row, 'Restore Session');
		await until('the log is back', () => existsSync(path) && !existsSync(trashed));
		await group.waitFor({ state: 'detached' });
		await openFromTree(workbench, 'list files');
		await until('the same transcript', async () => (await conversation().innerText()) === shown);
		await ask('hello');
		assert.ok(readFileSync(path).subarray(0, before.length).equals(before));
	});

	test('a word that was said in another session is found as it is typed, and a hit leads to its message', async () => {
		await newSession(workbench);
		await ask('count to 300');
		await ask('read src/area.js');
		await newSession(workbench);
		await ask('search "price" in src');

		await workbench.runCommand('Retrace: Search Sessions');
		const search = searchView(workbench.page);
		const box = search.getByRole('textbox', { name: 'Search sessions' });
		await box.fill('count to');
		const results = search.getByRole('tree', { name: 'Results' });
		const hit = results.getByRole('treeitem', { name: 'You: count to 300' });
		await hit.waitFor();
		await workbench.screenshot('tree-search');
		await hit.click();
		const message = conversation().getByText('count to 300', { exact: true });
		await message.waitFor();
		await until('the message is where it can be seen', () =>
			message.evaluate((element) => {
				const { top, bottom } = element.getBoundingClientRect();
				return top >= 0 && bottom <= element.ownerDocument.documentElement.clientHeight;
			}),
		);
		await workbench.screenshot('tree-search-jump');
	});
});
