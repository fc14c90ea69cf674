// The figures of a long real turn in a workspace of some size: what a step costs beside the work itself, and what the process holds at most.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/setup/paths.mjs';
import { makeWorkspace, type WorkspaceShape } from './checkpointWorkspace.ts';
import { type BenchFigure, median } from './figure.ts';
import { watchPeakMemory } from './peakMemory.ts';
import { type RealStep, realTurn, scratchFiles } from './realTurn.ts';
import { startStandIn } from './standIn.ts';

const steps = 200;
const readFiles = 60;
const TOOLS = ['Read', 'Grep', 'Glob', 'Edit', 'Write', 'Bash'] as const;

export async function realSteps(size: string, shape: WorkspaceShape): Promise<BenchFigure[]> {
	const project = keptWorkspace(size, shape);
	const storage = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-bench-'));
	const api = await startStandIn();
	try {
		const names = fileNames(project);
		const files = Array.from({ length: readFiles }, (_, index) => names[(index * 7 + 1) % names.length] ?? '');
		let memory: ReturnType<typeof watchPeakMemory> | undefined;
		let held = { overIdleMb: Number.NaN, keptMb: Number.NaN };
		const measured = await realTurn({
			...{ project, storage, url: api.url, steps, files },
			onIdle: () => {
				memory = watchPeakMemory();
			},
			onDone: () => {
				held = memory?.stop() ?? held;
			},
		});
		await api.requests();
		return [...stepFigures(size, measured), ...memoryFigures(size, memory?.idleMb ?? Number.NaN, held)];
	} finally {
		await api.close();
		rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
		for (const path of scratchFiles(project)) rmSync(path, { force: true });
	}
}

function stepFigures(size: string, measured: readonly RealStep[]): BenchFigure[] {
	const of = (pick: (step: RealStep) => number, tool?: string) =>
		median(measured.filter((step) => tool === undefined || step.tool === tool).map(pick));
	const last = measured.slice(-measured.length / 4);
	return [
		{
			name: `overhead of a step, ${size} files, median of ${steps}`,
			value: of(({ ownMs }) => ownMs),
			unit: 'ms',
			bound: 4,
			note: 'flushes, looks at the files, commands and searches themselves apart',
		},
		{ name: '  of the last quarter', value: median(last.map(({ ownMs }) => ownMs)), unit: 'ms', bound: 4 },
		{
			name: '  processor time of the thread in a step, median',
			value: of(({ cpuMs }) => cpuMs),
			unit: 'ms',
			note: 'with starting commands and searches; a busy machine does not change it much',
		},
		...TOOLS.map((tool) => ({ name: `  after ${tool}`, value: of(({ ownMs }) => ownMs, tool), unit: 'ms' })),
		{ name: '  apart: flushes after Edit', value: of(({ flushMs }) => flushMs, 'Edit'), unit: 'ms' },
		{ name: '  apart: looks at the files around Bash', value: of(({ scanMs }) => scanMs, 'Bash'), unit: 'ms' },
		...['Bash', 'Grep', 'Glob'].map((tool) => ({
			name: `  apart: ${tool} itself`,
			value: of(({ workMs }) => workMs, tool),
			unit: 'ms',
		})),
	];
}

function memoryFigures(
	size: string,
	idleMb: number,
	{ overIdleMb, keptMb }: { readonly overIdleMb: number; readonly keptMb: number },
): BenchFigure[] {
	return [
		{
			name: `most memory over idle in ${steps} steps, ${size} files`,
			value: overIdleMb,
			unit: 'MB',
			// The picture of many files has a figure of its own.
			...(size.includes(',') ? {} : { bound: 120 }),
			note: `resident size of the process with loop, client, log, grammar and scanning threads, garbage included; idle ${idleMb.toFixed(0)} MB; commands are processes of their own`,
		},
		{ name: '  left of it when garbage is gone', value: keptMb, unit: 'MB' },
	];
}

/** Made once, since it takes half a minute. */
function keptWorkspace(size: string, shape: WorkspaceShape): string {
	const folder = join(realpathSync(ensured(cacheFolder)), 'bench', `files-${size.replace(/\D/g, '')}-${keyOf(shape)}`);
	const done = join(folder, 'complete');
	if (!existsSync(done)) {
		rmSync(folder, { recursive: true, force: true });
		makeWorkspace(join(folder, 'project'), shape);
		writeFileSync(done, '');
	}
	const project = join(folder, 'project');
	for (const path of scratchFiles(project)) rmSync(path, { force: true });
	return project;
}

const keyOf = (shape: WorkspaceShape): string => Object.values(shape).join('-');

function ensured(folder: string): string {
	mkdirSync(folder, { recursive: true });
	return folder;
}

function fileNames(project: string): readonly string[] {
	return execFileSync('git', ['ls-files'], { cwd: project, encoding: 'utf8', maxBuffer: 100_000_000 })
		.split('\n')
		.filter((name) => name.endsWith('.ts'));
}
