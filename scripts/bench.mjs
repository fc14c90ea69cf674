// `npm run bench [-- part of a name …]`: runs test/bench/*.bench.ts one after the other and prints each figure beside its bound.
// With `--strict` a missed bound is a failure; without, it is only said, since a busy machine misses bounds that the code keeps.
// A bench that breaks is always one.
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { pathToFileURL } from 'node:url';
import { environmentFile, inProject } from './setup/paths.mjs';
import { say, seconds } from './setup/print.mjs';
import { runOrThrow } from './setup/run.mjs';

// Several windows of VS Code open and close in the longest of them.
const limitMs = 180_000;

/** @typedef {{ name: string, value: number, unit: string, bound?: number, note?: string }} Figure */

// The figures are about what is in the tree now, so what they measure is made anew.
if (!existsSync(environmentFile))
	await runOrThrow(process.execPath, ['scripts/prepare.mjs', 'test'], { cwd: inProject() });
await runOrThrow(process.execPath, ['esbuild.config.mjs'], { cwd: inProject(), isQuiet: true });
await runOrThrow(process.execPath, ['scripts/package.mjs'], { cwd: inProject(), isQuiet: true });

const isStrict = process.argv.includes('--strict');
const filters = process.argv.slice(2).filter((word) => word !== '--strict');
/** @type {Figure[]} */
const figures = [];
let broken = 0;
for (const path of globSync('test/bench/*.bench.ts', { cwd: inProject() }).sort()) {
	if (filters.length > 0 && !filters.some((filter) => path.includes(filter))) continue;
	const startedMs = performance.now();
	try {
		figures.push(...(await figuresOf(path)));
	} catch (error) {
		broken += 1;
		say(error instanceof Error ? error.message : String(error));
	}
	say(`${path}  ${seconds(performance.now() - startedMs)}, load ${load()}`);
}

const width = Math.max(...figures.map(({ name }) => name.length), 4);
say(`${'name'.padEnd(width)}  ${'value'.padStart(12)}  ${'bound'.padStart(12)}`);
for (const { name, value, unit, bound, note } of figures) {
	const verdict = bound === undefined ? '' : `${amount(bound, unit)}  ${value <= bound ? 'ok' : 'OVER'}`;
	say(`${name.padEnd(width)}  ${amount(value, unit)}  ${verdict}${note === undefined ? '' : `  (${note})`}`.trimEnd());
}
mkdirSync(inProject('test-results'), { recursive: true });
writeFileSync(inProject('test-results', 'bench.json'), `${JSON.stringify(figures, null, 2)}\n`);
const missed = figures.filter(({ value, bound }) => bound !== undefined && !(value <= bound));
say(`${figures.length} figures, ${missed.length} over their bound; load ${load()} on ${availableParallelism()} cores`);
process.exitCode = broken > 0 || (isStrict && missed.length > 0) ? 1 : 0;

/**
 * Runs one bench in a process of its own, so that none is slowed down by what the ones before it left in memory.
 * @param {string} path @returns {Promise<Figure[]>}
 */
function figuresOf(path) {
	const code = 'const { run } = await import(process.argv[1]); process.send(await run(), () => process.disconnect());';
	const args = ['--input-type=module', '-e', code, pathToFileURL(inProject(path)).href];
	const child = spawn(process.execPath, args, {
		cwd: inProject(),
		stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
		timeout: limitMs,
	});
	return new Promise((resolve, reject) => {
		/** @type {Figure[] | undefined} */
		let figures;
		child.once('message', (message) => {
			figures = /** @type {Figure[]} */ (message);
		});
		child.once('error', reject);
		child.once('exit', (code) => {
			if (figures && code === 0) resolve(figures);
			else reject(new Error(`${path} ended with code ${code} and ${figures ? 'its' : 'without'} figures.`));
		});
	});
}

/** How much the machine had to do in the last minute: above the number of cores, times are not what the code costs. */
function load() {
	return (loadavg()[0] ?? 0).toFixed(1);
}

/** @param {number} value @param {string} unit */
function amount(value, unit) {
	const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
	return `${value.toFixed(digits)} ${unit}`.padStart(12);
}
