// The packaged extension comes up in a real VS Code: the panel is there at start, with a place to type.
import { after, before, suite, test } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('A window with the packaged extension', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'smoke', hasAllBuiltIns: true });
	});
	after(() => workbench?.close());

	test('shows the panel with a textbox named Message Retrace', async () => {
		await workbench.panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
	});

	for (const theme of ['light', 'dark', 'highContrast'] as const) {
		test(`follows the theme: ${theme}`, async () => {
			await workbench.setTheme(theme);
			await workbench.panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
			await workbench.screenshot(`smoke-${theme}`);
		});
	}

	test('moves the focus there on Retrace: Focus Chat', async () => {
		await workbench.runCommand('Retrace: Focus Chat');
		const box = workbench.panel().getByRole('textbox', { name: 'Message Retrace' });
		await box.waitFor();
		await until('the textbox has the focus', () =>
			box.evaluate((element) => element === element.ownerDocument.activeElement),
		);
	});
});
