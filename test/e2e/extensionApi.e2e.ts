// Another extension uses the whole API in a real window: it is asked about once, its tool, checks and section work in real turns, and all of it
// ends with its access.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const TOOL = 'ext__retrace_test_api_sample__lookup';
const script = repliesByPrompt({
	'What is ticket 7?': [
		{
			blocks: [
				{ tool: 'CallTool', input: { name: TOOL, input: { number: 7 } } },
				{ tool: 'Read', input: { file_path: 'src/area.js' } },
				{ tool: 'Bash', input: { command: 'forbidden-tool --now' } },
			],
		},
		{ text: 'The door is too narrow.' },
	],
	'Wait for ever.': [{ text: 'I wait for what does not come.', fault: 'stall' }],
});

suite('The API for other extensions', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({ script, keys: ['test-key'], seed: 5 });
		workbench = await openWorkbench({
			name: 'extension-api',
			extensionFolders: ['apiSample'],
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const reported = async (step: string) =>
		await until(`the sample is ${step}`, () => {
			const path = join(workbench.folder, 'api-sample.json');
			if (!existsSync(path)) return undefined;
			const report = readReport(path);
			assert.notEqual(report?.step, 'failed', String(report?.error));
			return report?.step === step ? report : undefined;
		});

	test('the user is asked, names what is granted, and is asked once', async () => {
		await workbench.runCommand('Floor Tickets: Connect');
		const dialog = workbench.page.getByRole('dialog');
		await dialog.getByText('Allow the extension “Floor Tickets” to use Retrace?').waitFor();
		await workbench.screenshot('api-consent');
		await dialog.getByRole('button', { name: 'Allow', exact: true }).click();
		const first = await reported('connected');
		assert.equal(first.version, 1);
		assert.match(String(first.unknown), /no extension “nobody\.nothing”/);
	});

	test('its prompt runs as the user’s would, with its tool, its checks and its section', async () => {
		await workbench.runCommand('Floor Tickets: Run');
		const panel = workbench.panel();
		await panel.getByText('The extension Floor Tickets sends the next prompt.').first().waitFor();
		const report = await reported('done');
		assert.match(String(report.refused), /No forbidden words/);
		assert.deepEqual(report.sent, { reason: 'endTurn', answer: 'The door is too narrow.' });
		assert.equal(report.stopped, 'stopped');
		assert.deepEqual(report.toolRuns, [[7, true]]);
		assert.deepEqual(report.before, [TOOL, 'Read']);
		const [request, second] = api.accepted.map((one) => JSON.stringify(one));
		assert.match(request ?? '', /Doors are measured in centimetres/);
		assert.match(second ?? '', /Ticket 7: the door is too narrow/);
		assert.match(second ?? '', /Mind the tickets/);
		assert.match(second ?? '', /That program is not used here/);
		assert.ok((report.tools as string[]).includes('FindTools'));
		for (const key of ['isWhole', 'fork', 'again', 'active']) assert.equal(report[key], true, key);
		assert.equal(report.users, 1);
		assert.ok((report.states as string[]).includes('streaming') && (report.types as string[]).includes('turnEnded'));
		assert.ok(Number(report.traced) > 0 && Number(report.lists) > 0);
		assert.match(JSON.stringify(report.lastRequest), /What is ticket 7|Wait for ever/);
		assert.deepEqual(api.violations, []);
	});

	test('what it added ends with its access, and the answer is remembered', async () => {
		await workbench.runCommand('Floor Tickets: Disconnect');
		const report = await reported('disconnected');
		assert.equal(report.isEnded, true);
		assert.match(String(report.late), /access to Retrace has ended/);
		await workbench.runCommand('Floor Tickets: Connect');
		await reported('connected');
		assert.equal(await workbench.page.getByRole('dialog').count(), 0);
	});
});

/** It may be read while it is written. */
function readReport(path: string): Record<string, unknown> | undefined {
	try {
		return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
	} catch {
		return undefined;
	}
}
