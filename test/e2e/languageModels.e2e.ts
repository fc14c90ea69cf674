// A language model that another extension brings to VS Code answers in the packaged product: it is offered with its window, reads and changes
// files with the question that belongs to it, is stopped, and its failures say what to do.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { permissionCard, send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('Language models of VS Code', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'language-models',
			extensionFolders: ['lmSample'],
			env: { RETRACE_PROVIDER: undefined },
			files: { 'a.txt': 'alpha', 'b.txt': 'beta' },
			settings: { 'retrace.provider': 'vscodeLm', 'retrace.tools.vscode': ['sample_ticket'] },
		});
	});
	after(() => workbench?.close());

	test('it is offered, reads files, uses a tool after a question, is stopped, and fails in words', async () => {
		const panel = workbench.panel();
		const log = panel.getByRole('log', { name: 'Conversation' });
		const model = panel.getByRole('combobox', { name: 'Model', exact: true });
		await until('the model is there', async () => (await model.inputValue()) === 'vscode-lm:retrace-sample/parrot');
		assert.match((await model.locator('option').allTextContents()).join(), /^Parrot/);

		await send(panel, 'Please read two files.');
		await log.getByText(/I got:.*alpha.*beta/).waitFor();
		await turnEnds(panel);
		await workbench.screenshot('language-models');

		await send(panel, 'What is the ticket?');
		await permissionCard(panel, 'vscode__sample_ticket').getByRole('button', { name: 'Allow once' }).click();
		await log
			.getByText(/the door is too narrow/)
			.first()
			.waitFor();
		await turnEnds(panel);

		await send(panel, 'Go on for ever.');
		await log.getByText('I begin').waitFor();
		await panel.getByRole('button', { name: 'Stop', exact: true }).click();
		await turnEnds(panel);

		await send(panel, 'It is blocked.');
		await log
			.getByText(/quota is used up/)
			.first()
			.waitFor();
		await turnEnds(panel);
		await workbench.screenshot('language-models-failed');
	});
});
