// A project's MCP server in a real window: allowed in a dialog that says what runs, seen in its view, mentioned and called, and what it asks
// is answered in VS Code's own boxes.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { endedLog, pairedResults } from './support/faultedApi.ts';
import { notification, pressInNotification } from './support/notifications.ts';
import { permissionCard, send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { expand, pressInRow, treeRow } from './support/sessionViews.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const PROMPT = 'Book a table. See @booking:menu://today';
const program = fileURLToPath(new URL('../fakes/mcp/bookingServer.ts', import.meta.url));
const server = { command: process.execPath, args: [program] };
const script = repliesByPrompt({
	[PROMPT]: [
		{ blocks: [{ tool: 'FindTools', input: { query: 'book table' } }] },
		{ blocks: [{ tool: 'CallTool', input: { name: 'mcp__booking__book_table', input: {} } }] },
		{ text: 'The table is booked.' },
	],
});

suite('MCP servers', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script });
		workbench = await openWorkbench({
			name: 'mcp',
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
			files: { '.mcp.json': JSON.stringify({ mcpServers: { booking: server, broken: { command: 7 } } }, null, 2) },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	test('it is allowed, mentioned and called, and its question is answered', async () => {
		const { page } = workbench;
		const panel = workbench.panel();
		const row = treeRow(page, 'MCP Servers', 'booking');
		await workbench.runCommand('Retrace: Show MCP Servers');
		await row.getByText('needs your approval').waitFor();
		await treeRow(page, 'MCP Servers', '“broken” cannot be used').waitFor();
		await workbench.screenshot('mcp-waiting');
		await pressInRow(row, 'Allow MCP Server…');
		const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Start the MCP server “booking”?' });
		await dialog.getByText('bookingServer.ts').waitFor();
		await workbench.screenshot('mcp-dialog');
		await dialog.getByRole('button', { name: 'Allow and Start' }).click();
		await row.getByText('1 tool · 1 resource').waitFor();
		await expand(row);
		await treeRow(page, 'MCP Servers', 'Tools').waitFor();
		await workbench.screenshot('mcp-ready');

		const input = panel.getByRole('textbox', { name: 'Message Retrace' });
		await input.click();
		await input.pressSequentially('Book a table. See @menu');
		await panel.getByRole('option', { name: 'Menu of the day' }).waitFor();
		await workbench.screenshot('mcp-mention');
		await input.press('Enter');
		assert.equal(await input.inputValue(), `${PROMPT} `);
		await send(panel, PROMPT);
		const card = permissionCard(panel, 'mcp__booking__book_table');
		await card.getByRole('button', { name: 'Allow once' }).click();
		await (await notification(workbench, 'The MCP server “booking” asks')).waitFor();
		await workbench.screenshot('mcp-asks');
		await pressInNotification(workbench, 'The MCP server “booking” asks', 'Answer…');
		const box = page.locator('.quick-input-widget:visible');
		await box.getByText('MCP server “booking” asks (1 of 2)').waitFor();
		await box.getByText('Guests: How many come').waitFor();
		const field = box.locator('input[type="text"]');
		await field.fill('12');
		await box.getByText('Guests: How many come. This must be at most 8.').waitFor();
		await workbench.screenshot('mcp-field');
		await field.fill('4');
		await field.press('Enter');
		await box.getByText('MCP server “booking” asks (2 of 2)').waitFor();
		await box.getByRole('option', { name: 'Terrace' }).click();
		await turnEnds(panel);
		const log = await endedLog(workbench.userDataDir, PROMPT);
		assert.match(JSON.stringify([...pairedResults(log)]), /accept.*guests\W+4.*Terrace/);
		assert.match(JSON.stringify(api.requests.at(-1)), /a resource of the MCP server “booking”:\\nLentil soup/);
		assert.deepEqual(api.violations, []);
	});
});
