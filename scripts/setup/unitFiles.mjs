// Which files of unit tests get a process of their own, and which share one: starting a process and loading what all of them import
// takes longer than the tests of most files.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inProject } from './paths.mjs';

/** As many as keep both cores busy to the end without one that is much longer than the others. */
const groupCount = 8;

/**
 * What would reach another file's tests, or measures the process: hooks outside of a suite, mocks, modules of its own making, globals, the
 * environment, times.
 * Tests of `test/node` start processes, servers and timers, and have one each anyway.
 */
const ownProcess =
	/^(before|after|beforeEach|afterEach)\(|\bmock\b|globalThis|process\.(env|chdir|on|once|memoryUsage|cpuUsage|exit)|\bregisterHooks\b|performance\.now|\bworkedMs\b|\bgc\(/m;

/**
 * Those that stand alone, and files that import the others in groups; a test says the file it is from either way.
 * @param {readonly string[]} paths @returns {{ alone: string[], together: string[] }}
 */
export function unitFiles(paths) {
	const isAlone = (/** @type {string} */ path) =>
		path.startsWith('test/node/') || ownProcess.test(readFileSync(inProject(path), 'utf8'));
	const others = paths.filter((path) => !isAlone(path));
	const folder = inProject('test-results', 'unit');
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	const together = Array.from({ length: Math.min(groupCount, others.length) }, (_, group) => {
		const file = inProject('test-results', 'unit', `group${group + 1}.mjs`);
		const imports = others
			.filter((_path, index) => index % groupCount === group)
			.map((path) => `import ${JSON.stringify(relative(folder, inProject(path)).replaceAll('\\', '/'))};\n`);
		writeFileSync(file, imports.join(''));
		return relative(inProject(), file);
	});
	return { alone: paths.filter(isAlone), together };
}
