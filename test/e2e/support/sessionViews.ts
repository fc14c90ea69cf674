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

/**
 * Presses a button of a row of a tree view. Buttons show while the pointer is on the row, and a tree that is drawn anew takes the row away
 * from under it without a word, so the pointer comes again.
 */
export async function pressInRow(row: Locator, name: string): Promise<void> {
	const button = row.getByRole('button', { name, exact: true });
	await until(`"${name}" of the row is pressed`, async () => {
		try {
			await row.hover({ timeout: 2_000 });
			await button.click({ timeout: 1_000 });
			return true;
		} catch {
			// The pointer leaves, so that it can come again.
			await row.page().mouse.move(1, 1);
			return false;
		}
	});
}

/** Chooses an entry of the menu of a row. Asks for the menu again when it closed, or is that of the row as it was before the view was drawn anew. */
export async function chooseInMenu(page: Page, row: Locator, entry: string): Promise<void> {
	const menu = page.locator('.monaco-menu').first();
	const item = menu.getByRole('menuitem', { name: entry }).first();
	const isThere = async () => {
		if (!(await menu.isVisible())) await row.click({ button: 'right', timeout: 5_000 });
		await item.waitFor({ timeout: 3_000 });
	};
	/** A menu that has just opened takes no click yet, so that the one that opened it does not choose. */
	const isTaken = async () => {
		await item.click({ timeout: 2_000 });
		await menu.waitFor({ state: 'hidden', timeout: 1_000 });
	};
	const succeeds = (action: Promise<void>) =>
		action.then(
			() => true,
			() => false,
		);
	await until(
		`"${entry}" is chosen`,
		async () => {
			if (!(await succeeds(isThere()))) {
				await page.keyboard.press('Escape');
				return false;
			}
			return await succeeds(isTaken());
		},
		45_000,
	);
}

/** Opens a row of a tree that has rows below it. */
export async function expand(row: Locator): Promise<void> {
	const isOpen = async () => (await row.getAttribute('aria-expanded')) === 'true';
	await row.waitFor();
	await until('the row is open', async () => {
		if (await isOpen()) return true;
		await row.click();
		// A second click too early would close it again.
		return await until('the click has opened it', isOpen, 5_000).catch(() => false);
	});
}

/** Starts a session in the panel; it is shown when this resolves. */
export async function newSession(workbench: Workbench): Promise<void> {
	await workbench.runCommand('Retrace: New Session');
	await until('the new session is shown', async () => (await workbench.panel().getByRole('article').count()) === 0);
}
