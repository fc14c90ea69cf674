// What a person sees and does in the views beside the chat: the sessions, their branches, the search. By the names that are their contract.
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** A row of the Sessions view by the words it begins with. The view must be shown. */
export function sessionRow(workbench: Workbench, title: string, page: Page = workbench.page): Locator {
	return treeRow(page, 'Sessions', title);
}

/** A row of a tree view of Retrace by the name of the view. */
export function treeRow(page: Page, view: string, text: string): Locator {
	return page
		.locator(`.pane:has(.pane-header[aria-label^="${view}"])`)
		.getByRole('treeitem')
		.filter({ hasText: text })
		.first();
}

/** Shows the side bar with the views of Retrace. */
export async function showSessions(workbench: Workbench, page: Page = workbench.page): Promise<void> {
	await workbench.runCommand('View: Show Retrace', page);
}

/** Opens the session with this title with a click on its row. */
export async function openFromTree(workbench: Workbench, title: string, page: Page = workbench.page): Promise<void> {
	await showSessions(workbench, page);
	await sessionRow(workbench, title, page).click();
}

/** At the left of the window; the chat is at its right edge. */
const searchFrame =
	'.webview-overlay-content:not(.webview-overlay-outer-right) > iframe.webview[src*="extensionId=retrace.retrace"]';

/** The inside of the view that searches the sessions; it must be shown. */
export function searchView(page: Page): FrameLocator {
	return page.frameLocator(searchFrame).last().frameLocator('#active-frame');
}

/** Chooses an entry of the menu of a row. */
export async function chooseInMenu(page: Page, row: Locator, entry: string): Promise<void> {
	await row.click({ button: 'right' });
	const menu = page.locator('.monaco-menu');
	const item = menu.getByRole('menuitem', { name: entry }).first();
	// A menu that has just opened takes no click yet, so that the one that opened it does not choose.
	await until(`"${entry}" is chosen`, async () => {
		await item.click({ timeout: 2_000 }).catch(() => undefined);
		return !(await menu.isVisible());
	});
}

/** Opens a row of a tree that has rows below it. */
export async function expand(row: Locator): Promise<void> {
	await row.waitFor();
	if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
}

/** Starts a session in the panel; it is shown when this resolves. */
export async function newSession(workbench: Workbench): Promise<void> {
	await workbench.runCommand('Retrace: New Session');
	await until('the new session is shown', async () => (await workbench.panel().getByRole('article').count()) === 0);
}
