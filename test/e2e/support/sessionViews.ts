// What a person sees and does in the views beside the chat: the sessions, their branches, the search. By the names that are their contract.
import type { Locator, Page } from 'playwright-core';
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

/** Chooses an entry of the menu of a row. */
export async function chooseInMenu(page: Page, row: Locator, entry: string): Promise<void> {
	await row.click({ button: 'right' });
	await page.locator('.monaco-menu').getByRole('menuitem', { name: entry }).first().click();
}
