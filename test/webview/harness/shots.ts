/**
 * Takes pictures of every sample in every theme: `node test/webview/harness/shots.ts [folder] [sample…]`. For looking at,
 * not for comparing; prints accessibility findings and page errors as it goes.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPanelBrowser } from './openPanel.ts';
import { samples } from './samples.ts';
import type { ThemeName } from './themes.ts';

const [folder = join(tmpdir(), 'retrace-shots'), ...wanted] = process.argv.slice(2);
const shots: readonly (readonly [ThemeName, number])[] = [
	['dark', 320],
	['light', 320],
	['hc', 320],
	['dark', 280],
	['light', 480],
	['dark', 900],
];

await mkdir(folder, { recursive: true });
const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const browser = await startPanelBrowser();
console.log(browser.sizes);
try {
	for (const [name, sample] of Object.entries(samples)) {
		if (wanted.length > 0 && !wanted.includes(name)) continue;
		for (const [theme, widthPx] of shots) {
			const panel = await browser.open({ theme, widthPx });
			await panel.send(...sample.messages);
			for (const selector of sample.clicks ?? []) await panel.page.click(selector);
			if (sample.type !== undefined) await panel.page.locator('textarea').pressSequentially(sample.type);
			await panel.page
				.locator('.block:not(.is-growing) code[data-language=js]:not([data-coloured])')
				.waitFor({ state: 'detached' });
			// Taking a picture adds a style of its own, which the policy reports.
			const errors = [...panel.errors];
			await panel.page.screenshot({ path: join(folder, `${name}-${theme}-${widthPx}.png`) });
			if (widthPx !== 320) {
				await panel.page.close();
				continue;
			}
			await panel.page.evaluate(axe);
			const findings: string[] = await panel.page.evaluate(
				`axe.run(document, { rules: { region: { enabled: false } } }).then((r) => r.violations.map((v) => v.impact + ' ' + v.id + ': ' + v.nodes.slice(0, 2).map((n) => n.target + ' ' + (n.any[0]?.message ?? '')).join(' | ')))`,
			);
			for (const finding of [...findings, ...errors]) console.log(`${name} ${theme} ${widthPx}: ${finding}`);
			await panel.page.close();
		}
	}
} finally {
	await browser.close();
}
