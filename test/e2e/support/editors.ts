// What a person does in VS Code's own editors. Each action waits until it had its effect, because keys go wherever the focus is.
import type { Locator, Page } from 'playwright-core';
import { until } from './until.ts';

/** Clicks a place in the text of an editor; keys go there when this resolves. */
export async function clickInto(page: Page, place: Locator): Promise<void> {
	await place.click();
	await page.locator('.monaco-editor.focused').first().waitFor();
}

/** Opens the change peek at the cursor's next change with its key. The change bars must be there. */
export async function openChangePeek(page: Page): Promise<Locator> {
	const peek = page.locator('.peekview-widget');
	await page.locator('.editor-group-container .dirty-diff-glyph').first().waitFor();
	// The bars of a file may just be drawn anew; then there is no change to go to.
	await until('the change peek opens', async () => {
		await page.keyboard.press('Alt+F3');
		return await peek.waitFor({ timeout: 3_000 }).then(
			() => true,
			() => false,
		);
	});
	return peek;
}

/** Puts the cursor at the start of a line. An editor must have the focus. */
export async function goToLine(page: Page, line: number): Promise<void> {
	await page.keyboard.press('Control+G');
	const input = page.locator('.quick-input-widget:visible input[type="text"]');
	await input.fill(`:${line}`);
	await input.press('Enter');
	await page
		.locator('#status\\.editor\\.selection')
		.filter({ hasText: `Ln ${line},` })
		.waitFor();
	await page.locator('.editor-group-container .monaco-editor.focused').first().waitFor();
}
