// What the agent costs beside the model and the tools' own work: a turn of 200 steps with a scripted model in this process and the real log,
// blobs and disk; the dispatch of a tool that does nothing; and Grep beside ripgrep itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rgPath } from '@vscode/ripgrep';
import * as z from 'zod';
import { runToolCall } from '../../src/core/agent/runToolCall.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { StreamModel } from '../../src/core/model/modelPort.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { LateTool } from '../../src/core/tools/lateTools.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch } from '../../src/node/files/ripgrep.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';
import { type BenchFigure, median } from './figure.ts';

const steps = 200;
/** So many make a long session, though not a long context: what is read is small. */
const manySteps = 2_000;
const calls = 500;
const searches = 15;
const searchedFiles = 4_000;

export async function run(): Promise<BenchFigure[]> {
	const root = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-bench-'));
	try {
		return [...(await longTurns(root)), await dispatch(join(root, 'dispatch')), ...(await grep(join(root, 'grep')))];
	} finally {
		rmSync(root, { recursive: true, force: true, maxRetries: 5 });
	}
}

const nothing: LateTool = {
	name: 'Nothing',
	version: 1,
	description: 'Does nothing.',
	input: z.record(z.string(), z.unknown()),
	effect: 'none',
	label: () => ({ verb: 'Do', target: 'nothing' }),
	run: async () => ({ isError: false, content: [{ type: 'text', text: 'done' }], summary: 'done' }),
};

async function openWorld(folder: string, model: StreamModel) {
	const files = join(folder, 'w');
	mkdirSync(files, { recursive: true });
	writeFileSync(join(files, 'a.js'), 'const value = 1;\n'.repeat(50));
	const fixture = await createFixture({ model, mode: 'auto' });
	const blobs = createFileBlobStore(join(folder, 'store'));
	const ids = createIdSource();
	const roots = [{ name: 'w', path: files }];
	const session = await openSession({
		store: createFileSessionStore({ folder: join(folder, 'store'), window: 'bench', trace: () => undefined }),
		...{ blobs, ids, clock: systemClock, trace: () => undefined },
		defaults: { cwd: files, mode: 'auto', model: 'claude-sonnet-5-5', roots: [files], extensionVersion: '0' },
	});
	const ports = {
		...fixture.ports,
		...{ clock: systemClock, ids, blobs, trace: () => undefined, loadedTexts: new Map() },
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		lateTools: { list: () => [nothing] },
		turnLimits: () => ({ steps: null, costUsd: null, minutes: null }),
	};
	return { session, ports };
}

async function longTurns(root: string): Promise<BenchFigure[]> {
	const fewMs = await longTurn(join(root, 'few'), steps);
	const manyMs = await longTurn(join(root, 'many'), manySteps);
	const lastOf = (gapsMs: readonly number[]) => median(gapsMs.slice(-100));
	return [
		{
			name: `overhead of a step, median of ${steps} in one turn that read a file`,
			value: median(fewMs),
			unit: 'ms',
			bound: 4,
			note: 'nothing left out',
		},
		{ name: '  of the last 100 of them', value: lastOf(fewMs), unit: 'ms', bound: 4 },
		{ name: `  of the last 100 of ${manySteps}`, value: lastOf(manyMs), unit: 'ms' },
		{
			name: '  how much more that is',
			value: lastOf(manyMs) / lastOf(fewMs),
			unit: 'times',
			bound: 1.5,
			note: 'what grows with the length of a session would show here',
		},
	];
}

/** A step is from the end of a reply to the next request. */
async function longTurn(folder: string, count: number): Promise<readonly number[]> {
	const endedMs: number[] = [];
	const startedMs: number[] = [];
	const model: StreamModel = {
		label: 'scripted',
		async stream(request, onEvent, signal) {
			const index = startedMs.push(performance.now()) - 1;
			const block = index < count ? call('Read', { file_path: 'a.js' }, `toolu_${index}`) : text('done');
			// A new one each time, since it keeps its requests: those of thousands of steps would fill the memory.
			const one = createScriptedModel([{ blocks: [block], messageId: `msg_${index}` }]);
			const reply = await one.stream(request, onEvent, signal);
			endedMs.push(performance.now());
			return reply;
		},
		listModels: async () => [],
		countTokens: async () => undefined,
	};
	const { session, ports } = await openWorld(folder, model);
	const prompt = { text: 'go', attachments: [] };
	await runTurn(session, prompt, ports, () => undefined, new AbortController().signal);
	if (startedMs.length !== count + 1) throw new Error(`The turn made ${startedMs.length} requests.`);
	await session.close();
	return Array.from({ length: count }, (_, index) => {
		const [from = Number.NaN, until = Number.NaN] = [endedMs[index], startedMs[index + 1]];
		return until - from;
	});
}

async function dispatch(folder: string): Promise<BenchFigure> {
	const { session, ports } = await openWorld(folder, createScriptedModel([{ blocks: [text('done')] }]));
	await runTurn(session, { text: 'go', attachments: [] }, ports, () => undefined, new AbortController().signal);
	const turn = {
		...{ session, ports, onEvent: () => undefined, signal: new AbortController().signal },
		...{ sessionRules: async () => [], waits: { count: 0, totalMs: 0 }, turnRules: [], halt: {} },
	};
	const samplesMs: number[] = [];
	for (let index = 0; index < calls; index += 1) {
		const startedAt = performance.now();
		await runToolCall(call('Nothing', {}, `toolu_n${index}`), turn);
		samplesMs.push(performance.now() - startedAt);
	}
	await session.close();
	return {
		name: `dispatch of a tool that does nothing, median of ${calls}`,
		value: median(samplesMs),
		unit: 'ms',
		bound: 0.5,
	};
}

/** Both search the same files for the same words, one after the other, so that the disk's cache serves both alike. */
async function grep(folder: string): Promise<BenchFigure[]> {
	for (let index = 0; index < searchedFiles; index += 1) {
		const place = join(folder, `d${index % 50}`);
		if (index < 50) mkdirSync(place, { recursive: true });
		const line = index % 100 === 0 ? 'the needle is here\n' : 'nothing to see here\n';
		writeFileSync(join(place, `f${index}.txt`), `${'some text of a file that is searched\n'.repeat(60)}${line}`);
	}
	const search = createSearch(rgPath);
	const signal = new AbortController().signal;
	const ours: number[] = [];
	const bare: number[] = [];
	for (let round = 0; round <= searches; round += 1) {
		const request = { pattern: 'needle', directory: folder, maxMatches: 200 };
		const oursMs = await timed(() => search.grep(request, signal));
		const bareMs = await timed(() => bareGrep(folder));
		// The first round fills the caches.
		if (round === 0) continue;
		ours.push(oursMs);
		bare.push(bareMs);
	}
	const [oursMs, bareMs] = [median(ours), median(bare)];
	return [
		{
			name: `Grep over ${searchedFiles} files beside ripgrep itself`,
			value: oursMs / bareMs,
			unit: 'times',
			bound: 1.2,
		},
		{ name: '  Grep', value: oursMs, unit: 'ms' },
		{ name: '  ripgrep, its output read', value: bareMs, unit: 'ms' },
	];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const startedAt = performance.now();
	await work();
	return performance.now() - startedAt;
}

async function bareGrep(folder: string): Promise<void> {
	const child = spawn(rgPath, ['--no-config', '--line-number', '--no-heading', 'needle', folder], {
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	child.stdout.resume();
	await once(child, 'close');
}
