// Two sessions at one file in a real window: the second one says who has just changed it before it writes.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { missingBrowser } from './support/environment.ts';
import { endedLog, type FaultedApi, startFaultedApi } from './support/faultedApi.ts';
import { editCard, permissionCard, send, turnEnds } from './support/panelActions.ts';
import { newSession } from './support/sessionViews.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const path = 'src/area.js';
const edit = (from: string, to: string): ScriptedReply => ({
	blocks: [{ tool: 'Edit', input: { file_path: path, old_string: from, new_string: to } }],
});

suite('Two sessions at one file', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let faulted: FaultedApi;
	before(async () => {
		faulted = await startFaultedApi();
		workbench = await openWorkbench({
			name: 'collision',
			env: { RETRACE_PROVIDER: undefined, ANTHROPIC_API_KEY: 'test-key' },
			settings: { 'retrace.provider': 'anthropic', 'retrace.baseUrl': faulted.api.url, 'retrace.mode': 'acceptEdits' },
			files: { [path]: 'export const one = 1;\n' },
		});
	});
	after(async () => {
		await workbench?.close();
		await faulted?.api.close();
	});
	const panel = () => workbench.panel();
	const CAUSE = /Changed by session “Make it two” just now, and not read here since/;

	test('in accept edits the second session asks once, with the name of the first', async () => {
		faulted.lineUp(edit('one = 1', 'one = 2'), { text: 'Two.' });
		await send(panel(), 'Make it two');
		await endedLog(workbench.userDataDir, 'Make it two');
		assert.match(workbench.readFile(path), /one = 2/);

		await newSession(workbench);
		faulted.lineUp(edit('one = 2', 'one = 3'), edit('one = 3', 'one = 4'), { text: 'Four.' });
		await send(panel(), 'Make it four');
		const card = permissionCard(panel(), 'Edit');
		await card.getByText(CAUSE).waitFor();
		assert.equal(await card.getByRole('button', { name: 'Always allow' }).count(), 0);
		assert.match(workbench.readFile(path), /one = 2/, 'nothing is written before the answer');
		await workbench.screenshot('collision-permission');
		await card.getByRole('button', { name: 'Allow once' }).click();
		await endedLog(workbench.userDataDir, 'Make it four');
		assert.match(workbench.readFile(path), /one = 4/);
	});

	test('in mode ask the card of the edit says it', async () => {
		await newSession(workbench);
		await panel().getByRole('combobox', { name: 'Mode', exact: true }).selectOption('ask');
		faulted.lineUp(edit('one = 4', 'one = 5'), { text: 'Five.' });
		await send(panel(), 'Make it five');
		const card = editCard(panel(), path);
		await card.getByRole('button', { name: 'Accept', exact: true }).waitFor();
		await card.getByText(/Changed by session “Make it four” just now, and not read here since/).waitFor();
		await workbench.screenshot('collision-edit');
		await card.getByRole('button', { name: 'Accept', exact: true }).click();
		await turnEnds(panel());
		await endedLog(workbench.userDataDir, 'Make it five');
		assert.match(workbench.readFile(path), /one = 5/);
	});
});
