// Lets a test speak to the host in the panel page's name, as a page would that had been taken over. Needs a reload to begin with.
import type { FrameLocator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

type PageApi = { postMessage(message: unknown): void };

/** Reloads the window with an ear on the one way that VS Code gives a page to its host. */
export async function tapPageApi(workbench: Workbench): Promise<void> {
	await workbench.page.addInitScript(() => {
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
	await workbench.reload();
}

export async function postToHost(panel: FrameLocator, message: unknown): Promise<void> {
	await panel.locator('body').evaluate((_body, sent) => {
		const { tappedPageApi } = globalThis as unknown as { tappedPageApi: PageApi };
		tappedPageApi.postMessage(sent);
	}, message);
}
