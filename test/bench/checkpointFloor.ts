/**
 * The floor of finding out what changed: two threads that look at every file and folder of a list they know, compare times and sizes,
 * and read the folders that changed. No rules, no copies, no repository.
 */
import { Worker } from 'node:worker_threads';

export type Floor = { restat(): Promise<number>; close(): Promise<void> };

const CODE = `
const { lstatSync, readdirSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { paths, folders } = workerData;
const known = new Float64Array(paths.length * 2);
const look = () => {
	let changed = 0;
	for (let index = 0; index < paths.length; index++) {
		const stats = lstatSync(paths[index], { throwIfNoEntry: false });
		const size = stats === undefined ? -1 : stats.size, time = stats === undefined ? -1 : stats.mtimeMs;
		if (known[index * 2] === size && known[index * 2 + 1] === time) continue;
		known[index * 2] = size;
		known[index * 2 + 1] = time;
		changed++;
		if (index < folders) readdirSync(paths[index]);
	}
	return changed;
};
look();
parentPort.on('message', () => parentPort.postMessage(look()));
parentPort.postMessage(-1);
`;

export async function openFloor(folders: readonly string[], files: readonly string[]): Promise<Floor> {
	const halves = [0, 1].map((half) => ({
		folders: folders.filter((_, index) => index % 2 === half),
		files: files.filter((_, index) => index % 2 === half),
	}));
	const workers = halves.map(
		({ folders, files }) =>
			// Without the options of the process: a bench is run with `--input-type=module`, and this code is none.
			new Worker(CODE, {
				eval: true,
				execArgv: [],
				workerData: { paths: [...folders, ...files], folders: folders.length },
			}),
	);
	const answers = () =>
		Promise.all(workers.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve))));
	await answers();
	return {
		async restat() {
			const counted = answers();
			for (const worker of workers) worker.postMessage('');
			return (await counted).reduce((sum, count) => sum + count, 0);
		},
		async close() {
			await Promise.all(workers.map((worker) => worker.terminate()));
		},
	};
}
