// Lets a test speak to the host in the panel page's name, as a page would that had been taken over: with `tapsPageApi` of the workbench.
import type { FrameLocator, Page } from 'playwright-core';

type PageApi = { postMessage(message: unknown): void };

/** Puts an ear on the one way that VS Code gives a page to its host, before the window is loaded. */
export async function tapPageApi(page: Page): Promise<void> {
	await page.addInitScript(() => {
		let acquire: (() => PageApi) | undefined;
		Object.defineProperty(globalThis, 'acquireVsCodeApi', {
			configurable: true,
			get: () => acquire,
			set: (original: () => PageApi) => {
				acquire = () => {
					const api = original();
					Object.assign(globalThis, { tappedPageApi: api });
					return api;
				};
			},
		});
	});
}

export async function postToHost(panel: FrameLocator, message: unknown): Promise<void> {
	await panel.locator('body').evaluate((_body, sent) => {
		const { tappedPageApi } = globalThis as unknown as { tappedPageApi: PageApi };
		tappedPageApi.postMessage(sent);
	}, message);
}
