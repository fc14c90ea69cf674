// A command runs in the sandbox of the packaged extension, and the rule that was kept for it is seen and taken back.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { whyNoSandbox } from '../node/sandbox/sandboxFixture.ts';
import { missingBrowser } from './support/environment.ts';
import { permissionCard, send, turnEnds } from './support/panelActions.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const PROMPT = 'run sh try.sh';
const OUTSIDE = `/var/retrace-made-by-a-command-${process.pid}`;
const RULE = 'Bash(sh try.sh)';

suite('commands in the sandbox', { skip: missingBrowser() || (await whyNoSandbox()) }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'sandbox',
			settings: { 'retrace.sandbox.enabled': true },
			prepare(folder) {
				mkdirSync(join(folder, '.vscode'));
				writeFileSync(join(folder, '.vscode', 'tasks.json'), '{}\n');
				const script = ['echo in >inside.txt', 'echo evil >>.vscode/tasks.json', `echo out >${OUTSIDE} || exit 3`];
				writeFileSync(join(folder, 'try.sh'), script.join('\n'));
			},
		});
	});
	after(() => workbench?.close());
	const panel = () => workbench.panel();
	const picker = () => workbench.page.locator('.quick-input-widget:visible');
	const ruleRow = () => picker().locator('.monaco-list-row').filter({ hasText: RULE });

	test('one that wants too much fails, and its row says that it was held', async () => {
		await send(panel(), PROMPT);
		await permissionCard(panel(), 'Bash').getByRole('button', { name: 'Always allow', exact: true }).click();
		await panel().getByText('exit 3, sandbox').first().waitFor();
		await turnEnds(panel());
		assert.equal(workbench.readFile('inside.txt'), 'in\n');
		assert.equal(workbench.readFile('.vscode/tasks.json'), '{}\n');
		assert.ok(!existsSync(OUTSIDE));
		for (const theme of ['light', 'highContrast', 'dark'] as const) {
			await workbench.setTheme(theme);
			await workbench.screenshot(`sandbox-row-${theme}`);
		}
	});

	test('the rule that was kept is listed, and taken back', async () => {
		await workbench.runCommand('Retrace: Permission Rules…');
		await picker().getByText('This session').waitFor();
		await ruleRow().waitFor();
		for (const theme of ['light', 'highContrast', 'dark'] as const) {
			await workbench.setTheme(theme);
			await workbench.screenshot(`permission-rules-${theme}`);
		}
		await ruleRow().hover();
		await ruleRow().getByRole('button', { name: 'Remove This Rule' }).click();
		await ruleRow().waitFor({ state: 'detached' });
		await workbench.screenshot('permission-rules-none-dark');
		await workbench.page.keyboard.press('Escape');
		await picker().waitFor({ state: 'hidden' });
		await send(panel(), PROMPT);
		const card = permissionCard(panel(), 'Bash');
		await card.getByRole('button', { name: 'Deny', exact: true }).click();
		await turnEnds(panel());
	});
});
