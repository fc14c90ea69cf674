// What a person does in the chat panel, by the accessible names that are the panel's contract. Each action waits until it had its effect.
import type { FrameLocator, Locator } from 'playwright-core';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** Types a prompt and sends it. */
export async function send(panel: FrameLocator, prompt: string): Promise<void> {
	const box = panel.getByRole('textbox', { name: 'Message Retrace' });
	const said = panel.getByRole('log', { name: 'Conversation' }).getByText(prompt, { exact: true });
	// The same words may have been sent before.
	const before = await said.count();
	await box.fill(prompt);
	await panel.getByRole('button', { name: 'Send', exact: true }).click();
	await until('the prompt is in the conversation', async () => (await said.count()) > before);
}

/** The turn is over: there is nothing to stop and nothing to answer. */
export async function turnEnds(panel: FrameLocator): Promise<void> {
	await panel.getByRole('button', { name: 'Stop', exact: true }).waitFor({ state: 'hidden' });
}

/** The card of a proposed or applied edit. */
export function editCard(panel: FrameLocator, path: string): Locator {
	return panel.getByRole('group', { name: `Edit: ${path}` }).last();
}

/** The card that asks whether a tool may run. */
export function permissionCard(panel: FrameLocator, tool: string): Locator {
	return panel.getByRole('group', { name: `Permission: ${tool}` }).last();
}

/** Opens the rewind dialog at a prompt of the conversation, counted from the first. */
export async function openRewind(panel: FrameLocator, promptIndex: number): Promise<Locator> {
	const button = panel.getByRole('button', { name: 'Rewind to here' }).nth(promptIndex);
	await button.scrollIntoViewIfNeeded();
	await button.focus();
	await button.press('Enter');
	const dialog = panel.getByRole('dialog', { name: 'Rewind' });
	await dialog.waitFor();
	return dialog;
}

/** Opens the dialog behind the meter. */
export async function openContext(panel: FrameLocator): Promise<Locator> {
	await panel.getByRole('meter', { name: 'Context usage' }).click();
	const dialog = panel.getByRole('dialog', { name: 'Context' });
	await dialog.waitFor();
	return dialog;
}

/** Opens the newest session with a click on its row in the Sessions view. */
export async function openSessionFromTree(workbench: Workbench): Promise<void> {
	await workbench.runCommand('View: Show Retrace');
	// Other views of this side bar have rows as well, and may have them earlier.
	const row = workbench.page
		.locator('.pane:has(.pane-header[aria-label^="Sessions"]) [role="treeitem"][aria-level="2"]')
		.first();
	await row.click();
	await workbench.panel().getByRole('article').first().waitFor();
}
