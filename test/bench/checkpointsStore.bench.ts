// What a checkpoint stores, what it costs around an edit, and how fast files come back.

import './flushTimes.ts';

import { randomBytes } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { asToolUseId } from '../../src/base/ids.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { createDiskWorld, type DiskWorld } from '../node/restoreWorld.ts';
import { commitAll } from '../node/scan/fileScanWorld.ts';
import { type BenchFigure, median } from './figure.ts';
import { flushMsWithin } from './flushTimes.ts';

const FILES = 100;
const ROUNDS = 7;
const EDITS = 200;

export async function run(): Promise<BenchFigure[]> {
	return [...(await growth()), ...(await restoring()), await editing()];
}

/** Contents as projects have them: the sources of this one. */
function sources(): string[] {
	return globSync('{src,webview,test}/**/*.ts', { cwd: projectFolder })
		.sort()
		.slice(0, FILES)
		.map((path) => readFileSync(join(projectFolder, path), 'utf8'));
}

async function inWorld<T>(work: (world: DiskWorld) => Promise<T>): Promise<T> {
	const world = await createDiskWorld();
	try {
		return await work(world);
	} finally {
		await world.dispose();
	}
}

const storedBytes = (world: DiskWorld): number =>
	globSync('blobs/*/*', { cwd: world.storage }).reduce(
		(sum, path) => sum + statSync(join(world.storage, path)).size,
		0,
	);

/** Bytes in the store for each byte of a content that a command found or left. */
async function growth(): Promise<BenchFigure[]> {
	const figures: BenchFigure[] = [];
	const kinds: readonly (readonly [kind: string, bound: number, contents: readonly Buffer[]])[] = [
		['text', 0.6, sources().map((text) => Buffer.from(text))],
		['binary', 1.05, Array.from({ length: FILES }, () => randomBytes(20_000))],
	];
	for (const [kind, bound, contents] of kinds) {
		const ratio = await inWorld(async (world) => {
			world.write(Object.fromEntries(contents.map((bytes, index) => [`d${index % 7}/f${index}`, bytes])));
			await commitAll(world.root);
			await world.command(() => undefined);
			if (storedBytes(world) !== 0) throw new Error('Something was stored for clean tracked files.');
			let changedBytes = 0;
			await world.command(() => {
				for (const [index, before] of contents.entries()) {
					const after = Buffer.concat([before.subarray(200), Buffer.from(`// ${index}\n`)]);
					writeFileSync(world.at(`d${index % 7}/f${index}`), after);
					changedBytes += before.length + after.length;
				}
			});
			// A scanner that does not work would keep the bound best.
			if (storedBytes(world) === 0) throw new Error('Nothing was stored for changed files.');
			return storedBytes(world) / changedBytes;
		});
		figures.push({
			name: `stored for each changed byte, ${kind}`,
			value: ratio,
			unit: '×',
			bound,
			note: 'the contents before and after together; none before a change',
		});
	}
	return figures;
}

async function restoring(): Promise<BenchFigure[]> {
	const figures: BenchFigure[] = [];
	for (const count of [FILES, 1]) {
		const contents = sources().slice(0, count);
		const times = await inWorld(async (world) => {
			const paths = contents.map((_, index) => `d${index % 7}/f${index}.ts`);
			world.write(Object.fromEntries(contents.map((text, index) => [paths[index] ?? '', text])));
			mkdirSync(join(world.folder, 'plain'));
			const plainMs: number[] = [];
			const restoreMs: number[] = [];
			const flushMs: number[] = [];
			for (let round = 0; round < ROUNDS; round++) {
				const epoch = world.session.newestEpoch;
				await world.command(() => {
					for (const [index, path] of paths.entries()) writeFileSync(world.at(path), `// ${round}\n${contents[index]}`);
				});
				const plan = await world.plan(epoch);
				const startedAt = performance.now();
				const report = await world.apply(plan);
				const endedAt = performance.now();
				if (report.restored.length !== count) throw new Error(`${report.restored.length} of ${count} files came back.`);
				restoreMs.push(endedAt - startedAt);
				flushMs.push(flushMsWithin(startedAt, endedAt));
				const writtenAt = performance.now();
				for (const [index, text] of contents.entries()) await writeFile(join(world.folder, 'plain', `${index}`), text);
				plainMs.push(performance.now() - writtenAt);
			}
			return { plainMs: median(plainMs), restoreMs: median(restoreMs), flushMs: median(flushMs) };
		});
		const { plainMs, restoreMs, flushMs } = times;
		figures.push(
			{ name: `plain write of ${count} files`, value: plainMs, unit: 'ms', note: `median of ${ROUNDS}` },
			{
				name: `restore of ${count} files`,
				value: restoreMs - flushMs,
				unit: 'ms',
				bound: count === 1 ? 3 : 3 * plainMs,
				note: `${flushMs.toFixed(1)} ms of flushes apart; checked before and after`,
			},
		);
	}
	return figures;
}

/** Everything around the write of an edit: the image before, the two entries. */
function editing(): Promise<BenchFigure> {
	return inWorld(async (world) => {
		const text = sources()[0] ?? '';
		world.write({ 'file.ts': text });
		const times: number[] = [];
		for (let edit = 0; edit < EDITS; edit++) {
			const before = await world.workspace.read(world.at('file.ts'));
			if (before.kind !== 'file') throw new Error('The file is gone.');
			let writeMs = 0;
			const workspace = {
				...world.workspace,
				async write(...args: Parameters<DiskWorld['workspace']['write']>) {
					const since = performance.now();
					const outcome = await world.workspace.write(...args);
					writeMs = performance.now() - since;
					return outcome;
				},
			};
			const timed = createRecordingWorkspace({ ...world, workspace });
			const startedAt = performance.now();
			await timed.write({
				file: { root: world.root, rel: 'file.ts' },
				absolute: world.at('file.ts'),
				before,
				bytes: Buffer.from(`${text}// ${edit}\n`),
				meta: before.meta,
				author: 'agent',
				toolUseId: asToolUseId(`edit ${edit}`),
			});
			const endedAt = performance.now();
			times.push(endedAt - startedAt - writeMs - flushMsWithin(startedAt, endedAt));
		}
		times.sort((a, b) => a - b);
		return {
			name: 'around an edit: image before and log',
			value: times[Math.floor(times.length * 0.95)] ?? Number.NaN,
			unit: 'ms',
			bound: 2,
			note: `95th of 100, ${EDITS} edits; flushes and the write itself apart`,
		};
	});
}
