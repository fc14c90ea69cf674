// The list of the context dialog with 3,000 items, in the panel's page in a headless Chromium: what a frame costs while it is scrolled; and
// what making the list costs the host.
import type { CDPSession } from 'playwright-core';
import { contextItems } from '../../src/core/context/contextItems.ts';
import { noEvidence, ratiosFrom } from '../../src/core/context/tokenRatios.ts';
import { entryBuilder, text, toolUse } from '../fakes/entries.ts';
import { contextMessage, manyItems } from '../webview/harness/contextSamples.ts';
import { chromiumPath, startPanelBrowser } from '../webview/harness/openPanel.ts';
import { meter, snapshot } from '../webview/harness/samples.ts';
import type { BenchFigure } from './figure.ts';

const count = 3_000;
const frames = 240;
const frameMs = 16.7;

export async function run(): Promise<BenchFigure[]> {
	const made = {
		name: `list of ${count} context items made`,
		value: Math.min(...madeMs()),
		unit: 'ms',
		bound: 50,
		note: 'best of 9',
	};
	if (chromiumPath === undefined) return [made];
	const browser = await startPanelBrowser();
	try {
		const panel = await browser.open({ theme: 'dark', widthPx: 320 });
		await panel.send(snapshot(), contextMessage(meter, { items: [...manyItems(count)] }));
		await panel.page.locator('.item-row').first().waitFor();
		const session = await panel.page.context().newCDPSession(panel.page);
		// Of the thread itself: on a busy machine the clock would count the others as well.
		await session.send('Performance.enable', { timeDomain: 'threadTicks' });
		const before = await taskSeconds(session);
		await panel.page.evaluate(async (steps) => {
			const list = document.querySelector('.item-list');
			for (let step = 1; step <= steps; step++) {
				list?.scrollTo(0, (list.scrollHeight * step) / steps);
				await new Promise((resolve) => requestAnimationFrame(resolve));
			}
		}, frames);
		const value = ((await taskSeconds(session)) - before) * (1_000 / frames);
		return [
			made,
			{
				name: `a frame while ${count} context items are scrolled`,
				value,
				unit: 'ms',
				bound: frameMs,
				note: `time of the page's thread per frame, mean of ${frames}, the whole list in 4 s`,
			},
		];
	} finally {
		await browser.close();
	}
}

/** Script, style, layout and paint of the page's thread. */
async function taskSeconds(session: CDPSession): Promise<number> {
	const { metrics } = await session.send('Performance.getMetrics');
	return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

function madeMs(): readonly number[] {
	const b = entryBuilder();
	for (let turn = 0; turn < count / 10; turn++) {
		b.user(`Change the function number${turn} in src/file${turn % 40}.ts`);
		for (let step = 0; step < 5; step++) {
			const id = `t${turn}.${step}`;
			const file = `src/file${(turn + step) % 40}.ts`;
			const input = { file_path: file, offset: step * 100 + 1, limit: 100 };
			b.reply([text(`Now \`number${turn}\` is looked at.`), toolUse(id, 'Read', input)]);
			b.result(id, `${step}\tfunction number${turn}() {}\n`.repeat(40));
		}
	}
	const branch = b.branch();
	const ratios = ratiosFrom(noEvidence());
	const layers = [{ layer: 'messages' as const, label: '', tokens: 100_000 }];
	return Array.from({ length: 9 }, () => {
		const start = performance.now();
		contextItems({ branch, ratios, meter: { usedTokens: 100_000, layers } });
		return performance.now() - start;
	});
}
