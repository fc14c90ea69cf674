// What VS Code tells the user at the lower right.
import type { Locator } from 'playwright-core';
import { resultsFolder } from './environment.ts';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/**
 * The notification with this text, once it is there. Three are shown at a time and each for some seconds, so on a busy machine one can be
 * gone before a test looks; then it is taken from the centre, which keeps them all. Rejects with what was there instead.
 */
export async function notification(workbench: Workbench, text: string | RegExp, timeoutMs = 8_000): Promise<Locator> {
	const { page } = workbench;
	const toast = page.locator('.notification-toast').filter({ hasText: text }).first();
	const isSeen = await toast.waitFor({ timeout: timeoutMs }).then(
		() => true,
		() => false,
	);
	if (isSeen) return toast;
	await workbench.runCommand('Notifications: Show Notifications');
	const rows = page.locator('.notifications-center .notification-list-item');
	const kept = rows.filter({ hasText: text }).first();
	try {
		await kept.waitFor();
	} catch (error) {
		await page.screenshot({ path: `${resultsFolder('screenshots')}/notification-missing.png` });
		throw new Error(`No notification says ${text}; there are: ${JSON.stringify(await rows.allTextContents())}`, {
			cause: error,
		});
	}
	return kept;
}

/** Presses a button of it, also when it hides meanwhile. */
export async function pressInNotification(
	workbench: Workbench,
	text: string | RegExp,
	button: string,
	timeoutMs?: number,
): Promise<void> {
	await until(`"${button}" of the notification is pressed`, async () => {
		const shown = await notification(workbench, text, timeoutMs);
		const press = shown.getByRole('button', { name: button, exact: true }).click({ timeout: 4_000 });
		return await press.then(
			() => true,
			() => false,
		);
	});
}
