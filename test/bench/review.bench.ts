// What a pause in typing costs in a long file with many pending changes: the comparison that says which lines are still the agent's.
import { carried, replayReview } from '../../src/core/edit/pendingHunks.ts';
import { type BenchFigure, median } from './figure.ts';

const lineCount = 10_000;
const hunkCount = 500;
const measured = 60;
const warmUps = 10;

export async function run(): Promise<BenchFigure[]> {
	const every = lineCount / hunkCount;
	const before = Array.from({ length: lineCount }, (_, index) => `const value${index} = compute(${index});\n`);
	const after = before.map((line, index) => (index % every < 2 ? `// changed ${index}\n` : line));
	const readMs: number[] = [];
	const pauseMs: number[] = [];
	for (let step = 0; step < measured + warmUps; step++) {
		const texts = { before: before.join(''), after: after.join('') };
		let startedMs = performance.now();
		const state = replayReview([{ kind: 'operation', epoch: 1, ...texts }]);
		readMs.push(performance.now() - startedMs);
		if (state?.hunks.length !== hunkCount) throw new Error(`${state?.hunks.length} changes instead of ${hunkCount}.`);
		const typed = [...after];
		typed.splice((step * 131) % lineCount, 0, 'typed by the user\n');
		const current = typed.join('');
		startedMs = performance.now();
		carried(state, current);
		pauseMs.push(performance.now() - startedMs);
	}
	const p95 = pauseMs.slice(warmUps).toSorted((a, b) => a - b)[Math.floor(measured * 0.95)] ?? Number.NaN;
	return [
		{
			name: `pause in typing, ${hunkCount} pending changes`,
			value: median(pauseMs.slice(warmUps)),
			unit: 'ms',
			bound: 16,
		},
		{ name: '  p95', value: p95, unit: 'ms' },
		{ name: '  read from the log', value: median(readMs.slice(warmUps)), unit: 'ms' },
	];
}
