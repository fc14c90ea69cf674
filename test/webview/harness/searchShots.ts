/**
 * Takes pictures of the search page in every state and theme: `node test/webview/harness/searchShots.ts [folder] [sample…]`. For looking
 * at, not for comparing; prints page errors as it goes.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSearchBrowser } from './openPanel.ts';
import { searchSamples, setup } from './searchSamples.ts';
import type { ThemeName } from './themes.ts';

const [folder = join(tmpdir(), 'retrace-shots'), ...wanted] = process.argv.slice(2);
const shots: readonly (readonly [ThemeName, number])[] = [
	['dark', 320],
	['light', 320],
	['hc', 320],
	['dark', 280],
];

await mkdir(folder, { recursive: true });
const browser = await startSearchBrowser();
console.log(browser.sizes);
try {
	for (const [name, sample] of Object.entries(searchSamples)) {
		if (wanted.length > 0 && !wanted.includes(name)) continue;
		for (const [theme, widthPx] of shots) {
			const { page, send, posted, errors } = await browser.open({ theme, widthPx, heightPx: 460 });
			await send(sample.setup ?? setup);
			if (sample.text !== '') {
				await page.getByRole('textbox', { name: 'Search sessions' }).fill(sample.text);
				await page.waitForFunction(() => JSON.stringify(Reflect.get(window, 'posted')).includes('search.start'));
			}
			const last = (await posted()).findLast((message) => message.kind === 'search.start');
			await send(...sample.messages(last?.kind === 'search.start' ? last.number : 0));
			for (const error of errors) console.log(`${name} ${theme} ${widthPx}: ${error}`);
			await page.screenshot({ path: join(folder, `search-${name}-${theme}-${widthPx}.png`) });
			await page.close();
		}
	}
} finally {
	await browser.close();
}
