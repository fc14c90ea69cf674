// `npm run check`: everything that can be said about the code without running the product, all steps at once.
// Each step's output is shown only when it fails.
import { fileURLToPath } from 'node:url';
import { inProject } from './setup/paths.mjs';
import { say, seconds } from './setup/print.mjs';
import { run } from './setup/run.mjs';

const node = process.execPath;

/** @type {readonly { name: string, args: readonly string[] }[]} */
const steps = [
	{ name: 'types', args: [inProject('node_modules', 'typescript', 'bin', 'tsc'), '-b'] },
	{
		name: 'lint and format',
		args: [
			fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome')),
			'check',
			'--config-path=test/config/lint.jsonc',
			'--error-on-warnings',
		],
	},
	{
		name: 'unused code',
		args: [inProject('node_modules', 'knip', 'bin', 'knip.js'), '--no-progress', '--treat-config-hints-as-errors'],
	},
	{ name: 'architecture', args: ['--test', '--test-reporter=spec', 'test/architecture.test.ts'] },
];

const startedMs = performance.now();
const results = await Promise.all(
	steps.map(async ({ name, args }) => {
		const { code, output } = await run(node, args, { cwd: inProject(), isQuiet: true });
		say(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}  ${seconds(performance.now() - startedMs)}`);
		return { name, code, output };
	}),
);
const failed = results.filter(({ code }) => code !== 0);
for (const { name, output } of failed) say(`\n--- ${name}\n${output.trimEnd()}`);
say(`${results.length - failed.length} passed, ${failed.length} failed, 0 skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
