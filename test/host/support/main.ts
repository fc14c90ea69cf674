// Runs test/host/**/*.host.ts: `node test/host/support/main.ts [part of a file name …]`.
import { glob } from 'node:fs/promises';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { missingBrowser } from '../../e2e/support/environment.ts';
import { runHostFiles } from './runHostFiles.ts';

const filters = process.argv.slice(2);
const files = (await Array.fromAsync(glob('test/host/**/*.host.ts', { cwd: projectFolder }))).sort();
const wanted = files.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
const problem = missingBrowser();
if (problem !== false) {
	console.log(`Skipped: ${problem}`);
	console.log(`0 passed, 0 failed, ${wanted.length} skipped`);
} else {
	const { counts } = await runHostFiles(wanted);
	console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
	process.exitCode = counts.failed > 0 ? 1 : 0;
}
