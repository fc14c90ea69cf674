/** What a command costs beside itself in a workspace of a given size, with the floor and the ways of other agents in the same run. */
import { globSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asSessionId } from '../../src/base/ids.ts';
import { findGit } from '../../src/node/scan/fileScanGit.ts';
import { createFileScanner, type NodeFileScanner } from '../../src/node/scan/fileScanner.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { openFloor } from './checkpointFloor.ts';
import { borrowingRepository, makeWorkspace, shadowRepository, type WorkspaceShape } from './checkpointWorkspace.ts';
import { type BenchFigure, median } from './figure.ts';

const ROUNDS = 15;
const SAVES = 3;
const FLOOR_FACTOR = 1.5;
/** Two threads with their heaps; of 100,000 files, what is kept is 33 MB. */
const MEMORY_MB = 150;
const session = asSessionId('019a0000-0000-7000-8000-000000000001');
const workerFile = fileURLToPath(new URL('../../dist/fileScanWorker.cjs', import.meta.url));

export async function scanning(size: string, shape: WorkspaceShape): Promise<BenchFigure[]> {
	const folder = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-bench-'));
	try {
		const workspace = makeWorkspace(join(folder, 'project'), shape);
		const storage = join(folder, 'storage');
		const figures: BenchFigure[] = [];
		const memoryBefore = process.memoryUsage().rss;
		const scanner = createFileScanner({
			roots: () => [{ name: 'project', path: workspace.root }],
			isTrusted: () => true,
			blobs: createFileBlobStore(storage),
			blobFolder: storage,
			gitPath: () => findGit(process.env, []),
			workerFile,
			trace: () => undefined,
		});
		// Only while the scanner works: the bench itself writes files and makes long lists in between.
		const main = { blockMs: 0, cpuMs: 0 };
		const watched = async (work: () => unknown) => {
			let turnAt = performance.now();
			let cpuAt = threadCpuMs();
			const timer = setInterval(() => {
				main.blockMs = Math.max(main.blockMs, performance.now() - turnAt);
				main.cpuMs = Math.max(main.cpuMs, threadCpuMs() - cpuAt);
				turnAt = performance.now();
				cpuAt = threadCpuMs();
			}, 1);
			const durationMs = await timed(work);
			clearInterval(timer);
			return durationMs;
		};
		const firstMs = await watched(() => around(scanner));
		await around(scanner);
		const memoryMb = (process.memoryUsage().rss - memoryBefore) / 1_000_000;
		const storedBytes = () =>
			globSync('blobs/*/*', { cwd: storage }).reduce((sum, path) => sum + statSync(join(storage, path)).size, 0);
		const storedFirst = storedBytes();
		const paths = workspace.files.map((rel) => join(workspace.root, rel));
		const floor = await openFloor(workspace.folders, paths);
		const times = { floor: [] as number[], begin: [] as number[], plain: [] as number[] };
		const finishes = new Map<number, number[]>([
			[0, []],
			[1, []],
			[100, []],
		]);
		let edition = 0;
		for (let round = 0; round < ROUNDS; round++) {
			const plain = mkdtempSync(join(folder, 'plain-'));
			times.plain.push(
				await timed(() => {
					for (let index = 0; index < 200; index++) writeFileSync(join(plain, `${index}`), contentOf(index));
				}),
			);
			for (const [changed, finishMs] of finishes) {
				times.floor.push(await timed(() => floor.restat()));
				const run = scanner.begin(session);
				times.begin.push(await watched(() => run.ready));
				for (let index = 0; index < changed; index++)
					writeFileSync(paths[(index * 97 + 13) % paths.length] ?? '', contentOf(++edition));
				let found = 0;
				finishMs.push(
					await watched(async () => {
						for await (const part of run.finish(new AbortController().signal)) found += part.length;
					}),
				);
				if (found !== changed) throw new Error(`${found} changes were found instead of ${changed}.`);
			}
		}
		await floor.close();
		const floorMs = median(times.floor);
		const bound = FLOOR_FACTOR * floorMs;
		const note = `median of ${ROUNDS}`;
		figures.push(
			{
				name: `floor: two threads look at ${size} known files`,
				value: floorMs,
				unit: 'ms',
				note: `median of ${3 * ROUNDS}`,
			},
			{
				name: 'floor: plain write of 200 new files',
				value: median(times.plain),
				unit: 'ms',
				note: `${note}; what the copies of 100 changed files, before and after, cost at least`,
			},
			{
				name: `before a command, ${size} files`,
				value: median(times.begin),
				unit: 'ms',
				bound,
				note: `${note}; beside the question whether it may run`,
			},
		);
		for (const [changed, finishMs] of finishes)
			figures.push({
				name: `after a command that changed ${changed}, ${size} files`,
				value: median(finishMs),
				unit: 'ms',
				...(changed < 100 ? { bound } : {}),
				note: changed < 100 ? note : `${note}; finding them and two copies of each`,
			});
		figures.push(
			{ name: `first picture, ${size} files`, value: firstMs, unit: 'ms', note: 'beside the first model call' },
			{
				name: `longest work of the main thread, ${size} files`,
				value: main.cpuMs,
				unit: 'ms',
				bound: 10,
				note: `its own time between two turns of a timer of 1 ms; ${main.blockMs.toFixed(0)} ms by the clock, waits for a core included`,
			},
			{
				name: `memory for the picture, ${size} files`,
				value: memoryMb,
				unit: 'MB',
				bound: MEMORY_MB,
				note: 'growth of the process, two threads',
			},
			{ name: `stored for clean tracked files, ${size} files`, value: storedFirst, unit: 'bytes', bound: 0 },
		);
		await scanner.dispose();
		for (const agent of [shadowRepository(workspace, folder), borrowingRepository(workspace, folder)]) {
			const first = await timed(agent.first);
			const saves: number[] = [];
			for (let save = 0; save < SAVES; save++) {
				writeFileSync(paths[save] ?? '', `// ${++edition}\n`);
				saves.push(await timed(agent.save));
			}
			figures.push(
				{ name: `  ${agent.name}, first`, value: first, unit: 'ms' },
				{ name: `  ${agent.name}, 1 changed`, value: median(saves), unit: 'ms', note: `median of ${SAVES}` },
			);
		}
		return figures;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const contentOf = (edition: number): string => `// ${edition}\n${'const a = 1;\n'.repeat(60)}`;

/** A command that changes nothing. */
async function around(scanner: NodeFileScanner): Promise<void> {
	const run = scanner.begin(session);
	for await (const part of run.finish(new AbortController().signal))
		if (part.length > 0) throw new Error('Nothing changed.');
}

/** Time that this thread itself ran; a machine with more to do than cores makes the clock say more. */
function threadCpuMs(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1000;
}

async function timed(work: () => unknown): Promise<number> {
	const startedAt = performance.now();
	await work();
	return performance.now() - startedAt;
}
