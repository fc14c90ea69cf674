// A suite of tests of a page of ours in a headless Chromium: one browser for all of them, a freshly loaded page for each, which must end
// without an error. Skipped, and counted as such, where there is no Chromium.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { SearchToPage } from '../../../src/protocol/searchMessages.ts';
import type { ToHost } from '../../../src/protocol/toHost.ts';
import type { ToPanel } from '../../../src/protocol/toPanel.ts';
import {
	chromiumPath,
	type PageBrowser,
	type PanelBrowser,
	type PanelPage,
	type SearchBrowser,
	type SearchTestPage,
	startPanelBrowser,
	startSearchBrowser,
	type TestPage,
} from './openPanel.ts';
import type { ThemeName } from './themes.ts';

interface PageSuite<In, Shown, Started> {
	/** Opens a page, sends it these messages and checks what is there then. */
	readonly withPage: (
		messages: readonly In[],
		check: (shown: Shown) => Promise<void>,
		theme?: ThemeName,
	) => Promise<void>;
	readonly browser: () => Started;
}

export function panelSuite(
	name: string,
	widthPx: number,
	register: (suite: PageSuite<ToPanel, PanelPage, PanelBrowser>) => void,
): void {
	pageSuite(name, widthPx, startPanelBrowser, register);
}

export function searchSuite(
	name: string,
	widthPx: number,
	register: (suite: PageSuite<SearchToPage, SearchTestPage, SearchBrowser>) => void,
): void {
	pageSuite(name, widthPx, startSearchBrowser, register);
}

/** What a panel posted since its page was ready, without drafts. */
export async function posted(panel: PanelPage): Promise<readonly ToHost[]> {
	return (await panel.posted()).slice(1).filter((message) => message.kind !== 'draft.save');
}

function pageSuite<In, Out>(
	name: string,
	widthPx: number,
	start: () => Promise<PageBrowser<In, Out>>,
	register: (suite: PageSuite<In, TestPage<In, Out>, PageBrowser<In, Out>>) => void,
): void {
	describe(name, { skip: chromiumPath === undefined ? 'no Chromium found' : false }, () => {
		let browser: PageBrowser<In, Out>;
		before(async () => {
			browser = await start();
		});
		after(() => browser?.close());
		register({
			browser: () => browser,
			withPage: async (messages, check, theme = 'dark') => {
				const shown = await browser.open({ theme, widthPx });
				await shown.send(...messages);
				await check(shown);
				assert.deepEqual(shown.errors, []);
				await shown.close();
			},
		});
	});
}
