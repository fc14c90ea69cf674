// The extension host is killed in the middle of a turn: what was shown as done is there after a restart, open calls are closed,
// and the conversation goes on with a request that keeps every rule of the API.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { openSessionFromTree, permissionCard, send, turnEnds } from './support/panelActions.ts';
import { killExtensionHosts } from './support/processes.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
const command = 'touch started && sleep 60';
const slowText = Array.from({ length: 400 }, (_, index) => String(index + 1)).join(' ');
const script = repliesByPrompt({
	'Run the long command.': [
		{ blocks: [{ thinking: 'It takes a while.' }, { text: 'I start it.' }, { tool: 'Bash', input: { command } }] },
	],
	'Is it done?': [{ text: 'It was interrupted.' }],
	'Count.': [{ text: slowText, chunkChars: 2, delayMs: 25 }],
	'Go on.': [{ text: 'I go on.' }],
});

suite('The extension host is killed', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script, keys: [key] });
		workbench = await openWorkbench({
			name: 'crash',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	async function killAndResume(): Promise<void> {
		const logBefore = readSessionLogs(workbench.userDataDir)[0]?.text ?? '';
		assert.ok(killExtensionHosts(workbench.server.pid) > 0);
		await workbench.reload();
		await openSessionFromTree(workbench);
		const logAfter = readSessionLogs(workbench.userDataDir)[0]?.text ?? '';
		assert.ok(logAfter.startsWith(logBefore), 'the log changed where it had been written already');
	}

	test('while a command runs: the call is closed as interrupted, and the model is told', async () => {
		const panel = workbench.panel();
		await send(panel, 'Run the long command.');
		await permissionCard(panel, 'Bash').getByRole('button', { name: 'Allow once' }).click();
		await until('the command runs', () => existsSync(join(workbench.folder, 'started')));
		await killAndResume();
		await workbench.panel().getByText('I start it.', { exact: true }).waitFor();
		await workbench.screenshot('crash-resumed');
		await send(workbench.panel(), 'Is it done?');
		await workbench.panel().getByText('It was interrupted.', { exact: true }).waitFor();
		await turnEnds(workbench.panel());
		const entries = readSessionLogs(workbench.userDataDir)[0]?.entries ?? [];
		const results = entries.filter((entry) => entry.type === 'toolResult');
		assert.equal(results.length, 1);
		assert.equal(results[0]?.isError, true);
		assert.deepEqual(api.violations, []);
		api.assertPrefixKept();
	});

	test('while the answer streams: the prompt is there, and the next turn runs', async () => {
		await send(workbench.panel(), 'Count.');
		await workbench
			.panel()
			.getByText(/^1 2 3/)
			.waitFor();
		await killAndResume();
		await workbench.panel().getByText('Count.', { exact: true }).waitFor();
		await send(workbench.panel(), 'Go on.');
		await workbench.panel().getByText('I go on.', { exact: true }).waitFor();
		await turnEnds(workbench.panel());
		assert.deepEqual(api.violations, []);
		api.assertPrefixKept();
	});
});
