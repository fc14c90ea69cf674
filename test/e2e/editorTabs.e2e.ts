// A session in an editor tab beside the side panel: both in step, commands that mean the tab, and the tab that comes back after a reload.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const tabFrame = 'iframe.webview[src*="extensionId=retrace.retrace"]:not([src*="purpose=webviewView"])';
const conversation = (panel: FrameLocator) => panel.getByRole('log', { name: 'Conversation' });
const input = (panel: FrameLocator) => panel.getByRole('textbox', { name: 'Message Retrace' });

suite('A session in an editor tab', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'editor-tabs' });
	});
	after(() => workbench?.close());
	const tab = () => workbench.page.frameLocator(tabFrame).frameLocator('#active-frame');
	const label = (title: string) => workbench.page.locator('.editor-group-container .tab').filter({ hasText: title });

	test('shows the conversation of the side panel, and both stay in step', async () => {
		const side = workbench.panel();
		await send(side, 'list files src/*.js');
		await turnEnds(side);
		await workbench.runCommand('Retrace: Open Session in Editor');
		await conversation(tab()).getByText('list files src/*.js', { exact: true }).first().waitFor();
		await label('list files').waitFor();
		await send(tab(), 'list files test/*.js');
		await conversation(side).getByText('list files test/*.js', { exact: true }).first().waitFor();
		await turnEnds(tab());
		await turnEnds(side);
		await workbench.screenshot('editor-tab');
	});

	test('commands mean the session of the tab while the user is in it', async () => {
		await input(tab()).click();
		await workbench.runCommand('Retrace: New Session');
		await label('New session').waitFor();
		await conversation(tab()).getByText('list files src/*.js', { exact: true }).waitFor({ state: 'hidden' });
		await conversation(workbench.panel()).getByText('list files src/*.js', { exact: true }).first().waitFor();
		await send(tab(), 'count to 3');
		await turnEnds(tab());
		await label('count to 3').waitFor();
		assert.equal(await conversation(workbench.panel()).getByText('count to 3', { exact: true }).count(), 0);
	});

	test('the tab comes back after a reload with its session and what was typed there', async () => {
		await input(tab()).fill('and then?');
		await input(workbench.panel()).click();
		await workbench.reloadWindow();
		await label('count to 3').waitFor();
		await conversation(tab()).getByText('count to 3', { exact: true }).first().waitFor();
		await until('the draft is back', async () => (await input(tab()).inputValue()) === 'and then?');
		await conversation(workbench.panel()).getByText('list files src/*.js', { exact: true }).first().waitFor();
	});
});
