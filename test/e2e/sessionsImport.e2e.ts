// A session of Claude Code is found, imported and gone on with: what was said is there, nothing of the original is touched, and what is sent
// afterwards keeps the rules of the API.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { subagentId, writeClaudeCodeLog } from './support/claudeCodeLog.ts';
import { missingBrowser, temporaryFolder } from './support/environment.ts';
import { endedLog, type FaultedApi, pairedResults, startFaultedApi } from './support/faultedApi.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { sessionRow, showSessions } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Import from Claude Code', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let faulted: FaultedApi;
	let home = '';
	let original = '';
	before(async () => {
		home = temporaryFolder('claude-home');
		mkdirSync(home, { recursive: true });
		faulted = await startFaultedApi();
		workbench = await openWorkbench({
			name: 'import',
			env: { HOME: home, RETRACE_PROVIDER: undefined, ANTHROPIC_API_KEY: 'test-key' },
			settings: { 'retrace.provider': 'anthropic', 'retrace.baseUrl': faulted.api.url },
		});
		original = writeClaudeCodeLog(home, workbench.folder);
	});
	after(async () => {
		await workbench?.close();
		await faulted?.api.close();
		rmSync(home, { recursive: true, force: true });
	});

	const panel = () => workbench.panel();
	const conversation = () => panel().getByRole('log', { name: 'Conversation' });
	const saidIn = (text: string) => conversation().getByText(text, { exact: true }).last().waitFor();
	const pick = (text: string) =>
		workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();

	test('it is listed for its folder, imported, and reads as it was said', async () => {
		const before = readFileSync(original);
		await workbench.runCommand('Retrace: Import Session');
		await pick('From Claude Code').click();
		const row = pick('Prices of the floor planner');
		await row.waitFor();
		await workbench.screenshot('import-pick');
		await row.locator('input[type="checkbox"], .monaco-checkbox, .quick-input-list-checkbox').first().click();
		await workbench.page.locator('.quick-input-widget:visible').getByRole('button', { name: 'OK' }).click();
		for (const text of [
			'Where is the price set?',
			'I ask somebody to look.',
			'The price stands in src/invoice.js.',
			'And where is the area?',
			'The area stands in src/area.js.',
		])
			await saidIn(text);
		await showSessions(workbench);
		await sessionRow(workbench, 'Prices of the floor planner').waitFor();
		await workbench.screenshot('import-done');
		assert.deepEqual(readFileSync(original), before);

		const [log, ...others] = readSessionLogs(workbench.userDataDir);
		assert.ok(log && others.length === 0);
		assert.ok(log.entries.some(({ type }) => type === 'compaction'));
		pairedResults(log);
		const agent = readFileSync(join(log.path.replace(/\.jsonl$/, ''), 'agents', `${agentIdIn(log)}.jsonl`), 'utf8');
		assert.match(agent, /Find it/);
		assert.match(agent, /It is in src\/invoice\.js/);
	});

	test('it goes on, and what is sent keeps the rules of the API', async () => {
		faulted.lineUp({ text: 'We go on.' });
		await send(panel(), 'Let us go on.');
		await saidIn('We go on.');
		await turnEnds(panel());
		const log = await endedLog(workbench.userDataDir, 'Let us go on.');
		pairedResults(log);
		const sent = JSON.stringify(faulted.api.accepted.at(-1));
		assert.match(sent, /The area stands in src\/area\.js/);
		assert.match(sent, /The price is in src\/invoice\.js/, 'the summary is sent');
		assert.doesNotMatch(sent, /I ask somebody to look/, 'what was summarised is not');
		assert.deepEqual(faulted.api.violations, []);

		await workbench.reloadWindow();
		await saidIn('We go on.');
		await until('the older part is still there', async () => {
			await conversation().evaluate((log) => log.scrollTo(0, 0));
			return conversation().getByText('Where is the price set?', { exact: true }).isVisible();
		});
	});

	function agentIdIn(log: { readonly entries: readonly Readonly<Record<string, unknown>>[] }): string {
		const started = log.entries.find(({ type }) => type === 'subagent');
		assert.ok(started);
		assert.match(String(started.subagentId), new RegExp(subagentId));
		return String(started.subagentId);
	}
});
