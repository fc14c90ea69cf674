// Runs edit.host.ts inside the extension host of a real VS Code and hands its figures on.
import { missingBrowser } from '../e2e/support/environment.ts';
import { runHostFiles } from '../host/support/runHostFiles.ts';
import type { BenchFigure } from './figure.ts';

export async function run(): Promise<BenchFigure[]> {
	if (missingBrowser() !== false) return [];
	const { figures, counts } = await runHostFiles(['test/bench/edit.host.ts']);
	if (counts.failed > 0) throw new Error('The edits in the extension host failed; see test-results/host/edit.log.');
	return figures.map(({ kind: _, ...figure }) => figure);
}
