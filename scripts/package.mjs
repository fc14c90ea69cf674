// Packs the built extension as dist/retrace-<version>.vsix and checks what is in it: the list of files and the size.
// `--update` rewrites the list, `--partial` allows files to be missing. Does not build.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inProject } from './setup/paths.mjs';
import { say, stop } from './setup/print.mjs';
import { runOrThrow } from './setup/run.mjs';

const sizeLimitBytes = 4 * 1024 * 1024;
const goldenFile = inProject('test', 'golden', 'vsixFiles.txt');

const { name, version } = JSON.parse(readFileSync(inProject('package.json'), 'utf8'));
const vsixPath = inProject('dist', `${name}-${version}.vsix`);
const vsce = fileURLToPath(import.meta.resolve('@vscode/vsce/vsce'));
const common = ['--no-dependencies'];

const listing = await runOrThrow(process.execPath, [vsce, 'ls', ...common], { cwd: inProject(), isQuiet: true });
const files = listing
	.split('\n')
	.filter((line) => line !== '' && existsSync(inProject(line)))
	.sort();
checkFiles(files);

await runOrThrow(
	process.execPath,
	[vsce, 'package', ...common, '--allow-missing-repository', '--no-rewrite-relative-links', '--out', vsixPath],
	{ cwd: inProject(), isQuiet: true },
);
const sizeBytes = statSync(vsixPath).size;
say(`  ${vsixPath}: ${Math.ceil(sizeBytes / 1024)} KB of ${sizeLimitBytes / 1024} KB, ${files.length} files`);
if (sizeBytes > sizeLimitBytes)
	stop('The package is bigger than it may be. `dist/meta.json` tells what each bundle is made of.');

/** Compares with the committed list, so that nothing enters or leaves the package unseen. @param {readonly string[]} found */
function checkFiles(found) {
	if (process.argv.includes('--update') || !existsSync(goldenFile)) {
		mkdirSync(inProject('test', 'golden'), { recursive: true });
		writeFileSync(goldenFile, `${found.join('\n')}\n`);
		return;
	}
	const expected = readFileSync(goldenFile, 'utf8')
		.split('\n')
		.filter((line) => line !== '');
	const added = found.filter((file) => !expected.includes(file));
	const gone = expected.filter((file) => !found.includes(file));
	if (added.length === 0 && (gone.length === 0 || process.argv.includes('--partial'))) return;
	stop(
		`The package does not hold the files it should.\n  new: ${added.join(', ') || 'none'}\n  missing: ${gone.join(', ') || 'none'}\n` +
			'If that is meant, run `npm run package -- --update` and commit test/golden/vsixFiles.txt.',
	);
}
