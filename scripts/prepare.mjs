// Makes a fresh clone ready for `npm start` or `npm test`: dependencies, build, package, VS Code, browser.
// Runs before anything is installed, on whatever Node the machine has, so it and what it imports use Node's own modules only.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { provideCodeServer } from './setup/codeServer.mjs';
import { writeEnvironment } from './setup/environment.mjs';
import { withLock } from './setup/fileLock.mjs';
import { inProject } from './setup/paths.mjs';
import { say, step, stop } from './setup/print.mjs';
import { canInstallPackages, findBrowser, findProgram, headlessShell, installPackages } from './setup/programs.mjs';
import { runNpm, runOrThrow } from './setup/run.mjs';

const purpose = process.argv[2] === 'test' ? 'test' : 'start';
const oldestNodeMajor = 20;

const major = Number(process.versions.node.split('.')[0]);
if (major < oldestNodeMajor) {
	stop(
		`Node ${oldestNodeMajor} or newer is needed; this is ${process.version}.\nGet it from https://nodejs.org and run the same command again.`,
	);
}

try {
	await withLock(inProject('.cache', 'prepare.lock'), prepare);
} catch (error) {
	stop(error instanceof Error ? error.message : String(error));
}

async function prepare() {
	await installDependencies();
	const node = inProject('node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
	const partial = process.argv.includes('--partial') ? ['--partial'] : [];
	await step('build', () => runOrThrow(node, ['esbuild.config.mjs', ...partial], { cwd: inProject() }));
	await step('package', () =>
		runOrThrow(node, [inProject('scripts', 'package.mjs'), ...partial], { cwd: inProject() }),
	);
	const { name, version } = JSON.parse(readFileSync(inProject('package.json'), 'utf8'));

	// Tests always use code-server: the same VS Code on every machine, and nobody's own window is touched.
	const codePath = purpose === 'start' ? findProgram('code') : undefined;
	const vscode =
		codePath === undefined ? await provideCodeServer() : { kind: /** @type {const} */ ('desktop'), codePath };
	const browser = purpose === 'test' ? await provideBrowser() : { path: findBrowser() };
	if (purpose === 'test') await provideSandbox();
	writeEnvironment({
		vscode,
		vsixPath: inProject('dist', `${name}-${version}.vsix`),
		browserPath: browser.path ?? null,
		browserProblem: browser.problem ?? null,
	});
}

/** `npm ci`, unless what it made last time is still what the lockfile asks for. */
async function installDependencies() {
	const stamp = inProject('node_modules', '.retrace-lock-hash');
	const hash = createHash('sha256')
		.update(readFileSync(inProject('package-lock.json')))
		.digest('hex');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
	await step('npm ci', async () => {
		await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: inProject(), isQuiet: true });
	});
	mkdirSync(dirname(stamp), { recursive: true });
	writeFileSync(stamp, hash);
}

/** What commands of the agent are held with on Linux; tests of it are skipped without. */
async function provideSandbox() {
	if (process.platform !== 'linux' || findProgram('bwrap') !== undefined || !canInstallPackages()) return;
	await step('install bubblewrap', async () => {
		await installPackages(['bubblewrap']);
	});
}

/** @returns {Promise<{ path?: string | undefined, problem?: string }>} */
async function provideBrowser() {
	const present = findBrowser();
	const isWished = present !== undefined && (present === process.env.CHROME_PATH || present.endsWith(headlessShell));
	if (isWished || (present !== undefined && !canInstallPackages())) return { path: present };
	if (canInstallPackages())
		await step('install a browser', async () => {
			if (!(await installPackages([headlessShell])) && present === undefined) await installPackages(['chromium']);
		});
	const installed = findBrowser();
	if (installed !== undefined) return { path: installed };
	const problem =
		'no Chromium, Chrome or Edge was found, and it could not be installed from here. ' +
		'Install one (on Debian: apt-get install chromium) or set CHROME_PATH.';
	say(`  Tests in a real VS Code will be skipped: ${problem}`);
	return { problem };
}
