// `npm run screenshots`: drives the packaged extension with the demo model on the sample project, and writes the pictures of the README
// to media/screenshots, each in dark and in light. What is seen is the running product; nothing is staged but the window's size.
import { mkdirSync } from 'node:fs';
import { editCard, openContext, openRewind, permissionCard, send, turnEnds } from '../test/e2e/support/panelActions.ts';
import { openWorkbench } from '../test/e2e/support/workbench.ts';
import { inProject } from './setup/paths.mjs';
import { say } from './setup/print.mjs';
import { runOrThrow } from './setup/run.mjs';

await runOrThrow(process.execPath, ['scripts/prepare.mjs', 'test'], { cwd: inProject(), isQuiet: true });
const target = inProject('media', 'screenshots');
mkdirSync(target, { recursive: true });

const workbench = await openWorkbench({
	name: 'screenshots',
	hasAllBuiltIns: true,
	// What npm has to say about this machine does not belong in the pictures.
	env: { npm_config_loglevel: 'error' },
	viewport: { width: 1280, height: 800 },
	settings: { 'workbench.editor.empty.hint': 'hidden', 'editor.minimap.enabled': false, 'breadcrumbs.enabled': false },
});
try {
	const panel = workbench.panel();
	await panel.getByRole('textbox', { name: 'Message Retrace' }).waitFor();
	await workbench.openFile('src/area.js');
	await workbench.widenPanel(90);
	await picture('start');

	await send(panel, 'Replace `width * height` with `Math.max(0, width) * Math.max(0, height)` in src/area.js');
	await editCard(panel, 'src/area.js').waitFor();
	await workbench.page.locator('.monaco-diff-editor .view-lines').last().waitFor();
	await picture('edit');
	await editCard(panel, 'src/area.js').getByRole('button', { name: 'Accept', exact: true }).click();
	await turnEnds(panel);

	await send(panel, 'Run `npm test`');
	await permissionCard(panel, 'Bash').waitFor();
	await picture('permission');
	await permissionCard(panel, 'Bash').getByRole('button', { name: 'Allow once' }).click();
	await turnEnds(panel);

	const context = await openContext(panel);
	await picture('context');
	await context.press('Escape');

	const rewind = await openRewind(panel, 0);
	await rewind.getByText('src/area.js').first().waitFor();
	await picture('rewind');
	await rewind.getByRole('button', { name: 'Cancel' }).click();

	await workbench.runCommand('Retrace: Focus on Sessions View');
	await workbench.page
		.getByRole('tree', { name: /Sessions/ })
		.getByRole('treeitem')
		.first()
		.waitFor();
	await picture('sessions');
} finally {
	await workbench.close();
}

/** Takes the window as it is in both themes. @param {string} name */
async function picture(name) {
	for (const theme of /** @type {const} */ (['light', 'dark'])) {
		await workbench.setTheme(theme);
		await workbench.page.screenshot({ path: `${target}/${name}-${theme}.png` });
	}
	say(`  media/screenshots/${name}-{dark,light}.png`);
}
