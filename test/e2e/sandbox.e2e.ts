// Commands run in the sandbox of the packaged extension, reach a site when it is allowed, and the rule that was kept for one is seen and taken back.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
	const site = createServer((_request, response) => response.end('hello from the site\n'));
	before(async () => {
		// An address of this machine that no variable leads around the proxy.
		await new Promise<void>((resolve) => site.listen(0, '127.0.0.2', resolve));
		const { port } = site.address() as AddressInfo;
		workbench = await openWorkbench({
			name: 'sandbox',
			settings: { 'retrace.sandbox.enabled': true },
			prepare(folder) {
				mkdirSync(join(folder, '.vscode'));
				writeFileSync(join(folder, '.vscode', 'tasks.json'), '{}\n');
				const script = ['echo in >inside.txt', 'echo evil >>.vscode/tasks.json', `echo out >${OUTSIDE} || exit 3`];
				writeFileSync(join(folder, 'try.sh'), script.join('\n'));
				writeFileSync(join(folder, 'site.sh'), `curl -sS http://127.0.0.2:${port}/ >page.txt\n`);
			},
		});
	});
	after(async () => {
		site.close();
		await workbench?.close();
	});
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

	test('one that reaches for a site waits until it is allowed, and its row says where it was', async () => {
		await send(panel(), 'run sh site.sh');
		const card = permissionCard(panel(), 'Bash');
		await card.getByText('Run this command?').waitFor();
		await card.getByRole('button', { name: 'Allow once', exact: true }).click();
		await card.getByText('Allow this site?').waitFor();
		for (const theme of ['light', 'highContrast', 'dark'] as const) {
			await workbench.setTheme(theme);
			await workbench.screenshot(`sandbox-site-${theme}`);
		}
		await card.getByRole('button', { name: 'Allow once', exact: true }).click();
		await panel().getByText('exit 0, reached 127.0.0.2').first().waitFor();
		await turnEnds(panel());
		assert.equal(workbench.readFile('page.txt'), 'hello from the site\n');
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
