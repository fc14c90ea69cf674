// How long VS Code itself says the packaged extension took to activate (loading its code and running activate()), and how long
// the agent took from when the panel first needed it until it was there: loading its code and opening the session.
import { missingBrowser } from '../e2e/support/environment.ts';
import { until } from '../e2e/support/until.ts';
import { openWorkbench, type Workbench } from '../e2e/support/workbench.ts';
import { type BenchFigure, median } from './figure.ts';
import { traceLines } from './traceLines.ts';

const windows = 5;

export async function run(): Promise<BenchFigure[]> {
	if (missingBrowser() !== false) return [];
	const workbench = await openWorkbench({
		name: 'bench-activation',
		settings: { 'workbench.editor.useModal': 'off', 'retrace.trace': true },
		// The list of running extensions draws only the rows that are in sight.
		viewport: { width: 1400, height: 2000 },
	});
	try {
		const samplesMs: number[] = [];
		const agentsMs: number[] = [];
		for (let window = 0; window < windows; window += 1) {
			if (window > 0) await workbench.reload();
			samplesMs.push(await activationMs(workbench));
			agentsMs.push(await until('the agent is loaded', () => agentMs(workbench.userDataDir, window)));
		}
		return [
			{
				name: `activate() in the extension host, median of ${windows}`,
				value: median(samplesMs),
				unit: 'ms',
				bound: 50,
			},
			{ name: '  until the agent is loaded, after it was first needed', value: median(agentsMs), unit: 'ms' },
		];
	} finally {
		await workbench.close();
	}
}

async function activationMs(workbench: Workbench): Promise<number> {
	await workbench.runCommand('Developer: Show Running Extensions');
	const row = workbench.page
		.locator('.runtime-extensions-editor .monaco-list-row')
		.filter({ hasText: 'Retrace' })
		.first();
	const text = await row.locator('.activation-time').filter({ hasText: /\d/ }).innerText();
	const value = /([\d.]+)\s*ms/.exec(text)?.[1];
	if (value === undefined) throw new Error(`VS Code's list of running extensions says "${text}", which holds no time.`);
	await workbench.page.keyboard.press('Control+F4');
	return Number(value);
}

function agentMs(userDataDir: string, window: number): number | undefined {
	return traceLines(userDataDir).filter(({ event }) => event === 'agent')[window]?.durationMs;
}
