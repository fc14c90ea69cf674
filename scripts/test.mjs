// `npm test`: check, unit, host and e2e, one after the other, or only the stages named as arguments.
// The last line is the sum over all of them. Full logs are in test-results/. Prepared by prepare.mjs.
import { createWriteStream, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { run as runTests } from 'node:test';
import { dot, spec } from 'node:test/reporters';
import { readEnvironment } from './setup/environment.mjs';
import { inProject } from './setup/paths.mjs';
import { say, seconds } from './setup/print.mjs';
import { run } from './setup/run.mjs';
import { unitFiles } from './setup/unitFiles.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const node = process.execPath;
// A window of VS Code waits more than it works: two at once take both cores of a small machine to two thirds, and half the time of one by one.
const concurrency = 2;
// The longest takes a quarter of a minute on a quiet machine; only a test that hangs should come near.
const unitTimeoutMs = 180_000;
const e2eTimeoutMs = 240_000;

/** @type {Readonly<Record<string, () => Promise<Counts>>>} */
const stages = {
	check: () => script('check', ['scripts/check.mjs']),
	// The architecture test is part of check.
	unit: () => {
		const { alone, together } = unitFiles(
			find('test/**/*.test.ts').filter((path) => path !== 'test/architecture.test.ts'),
		);
		return nodeTests('unit', [...alone, ...together], 'dot', concurrency, unitTimeoutMs);
	},
	host: () => script('host', ['test/host/support/main.ts'], true),
	e2e: endToEnd,
};

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(stages);
const startedMs = performance.now();
/** @type {{ name: string, counts: Counts, durationMs: number }[]} */
const results = [];
// Test files run where we are.
process.chdir(inProject());
mkdirSync(inProject('test-results'), { recursive: true });
for (const name of names)
	if (stages[name] === undefined)
		throw new Error(`There is no stage ${name}; there are ${Object.keys(stages).join(', ')}.`);
// The host tests are one window after the other, which leaves a core to the unit tests.
const isBeside = names.includes('unit') && names.includes('host');
for (const name of names) {
	if (name === 'host' && isBeside) continue;
	await Promise.all(name === 'unit' && isBeside ? [runStage('unit'), runStage('host')] : [runStage(name)]);
}
results.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));

say('\n== summary');
for (const { name, counts, durationMs } of results)
	say(`${name.padEnd(6)} ${seconds(durationMs).padStart(8)}  ${inWords(counts)}`);
/** @param {keyof Counts} key */
const sum = (key) => results.reduce((total, { counts }) => total + counts[key], 0);
const total = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
say(`all    ${seconds(performance.now() - startedMs).padStart(8)}`);
say(inWords(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** @param {string} name */
async function runStage(name) {
	say(`\n== ${name}`);
	const stageStartedMs = performance.now();
	const counts = (await stages[name]?.()) ?? { passed: 0, failed: 1, skipped: 0 };
	results.push({ name, counts, durationMs: performance.now() - stageStartedMs });
}

async function endToEnd() {
	// Tests of a page alone are short: at the end they leave no core without work while the other one has its last window.
	const isPage = (/** @type {string} */ path) => readFileSync(inProject(path), 'utf8').includes('webview/harness/');
	const all = find('test/e2e/**/*.e2e.ts');
	const paths = [...all.filter((path) => !isPage(path)), ...all.filter(isPage)];
	const { browserPath, browserProblem } = readEnvironment();
	if (browserPath === null) {
		say(`Skipped: ${browserProblem}`);
		return { passed: 0, failed: 0, skipped: paths.length };
	}
	rmSync(inProject('test-results', 'screenshots'), { recursive: true, force: true });
	return nodeTests('e2e', paths, 'spec', concurrency, e2eTimeoutMs);
}

/** @param {string} pattern */
function find(pattern) {
	return globSync(pattern, { cwd: inProject(), exclude: ['test/fixtures/**'] })
		.map((path) => path.replaceAll('\\', '/'))
		.sort();
}

/**
 * Runs files with node:test, in the order they have; the short report is shown, the full one is logged.
 * @param {string} name @param {readonly string[]} paths @param {'dot' | 'spec'} reporter @param {number} concurrency @param {number} timeoutMs
 * @returns {Promise<Counts>}
 */
async function nodeTests(name, paths, reporter, concurrency, timeoutMs) {
	if (paths.length === 0) {
		say('no tests yet');
		return { passed: 0, failed: 0, skipped: 0 };
	}
	// Each file is a process of its own and imports much the same: what one compiled the others take.
	process.env.NODE_COMPILE_CACHE = inProject('.cache', 'compiled');
	const files = paths.map((path) => inProject(path));
	const events = runTests({ files, concurrency, timeout: timeoutMs });
	/** @type {Counts | undefined} */
	let counts;
	events.on('test:summary', ({ file, counts: { tests, passed, skipped, todo } }) => {
		// Without a file it is the sum of all. What neither passed nor was skipped failed or was cut short.
		if (file === undefined) counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
	});
	events.compose(reporter === 'dot' ? dot : new spec()).pipe(process.stdout, { end: false });
	const log = events.compose(new spec()).pipe(createWriteStream(inProject('test-results', `${name}.log`)));
	await finished(log);
	// A runner that came to no end has no sum, and must not look like a green run.
	return counts ?? { passed: 0, failed: 1, skipped: 0 };
}

/**
 * Runs a script of ours whose last line is the counts. With `isQuiet`, what it says comes at its end, since another stage speaks meanwhile.
 * @param {string} name @param {readonly string[]} args @param {boolean} [isQuiet] @returns {Promise<Counts>}
 */
async function script(name, args, isQuiet = false) {
	const { code, output } = await run(node, args, { cwd: inProject(), isQuiet });
	if (isQuiet) say(`\n== ${name}: what it said\n${output}`);
	writeFileSync(inProject('test-results', `${name}.log`), output);
	const match = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output);
	const [passed = 0, failed = 0, skipped = 0] = (match?.slice(1) ?? []).map(Number);
	return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}

/** @param {Counts} counts */
function inWords({ passed, failed, skipped }) {
	return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
