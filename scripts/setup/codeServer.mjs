// Provides VS Code as code-server in a cache of its own, together with the Node it needs.
// Installed once per version, under a temporary name and renamed when complete; nothing touches the project's node_modules.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './fileLock.mjs';
import { cacheFolder } from './paths.mjs';
import { step } from './print.mjs';
import { findProgram, installPackages } from './programs.mjs';
import { runNpm } from './run.mjs';

/** VS Code 1.139.1. The Node is the one this code-server is built for. */
const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

/** @typedef {{ kind: 'codeServer', version: string, nodePath: string, entryPath: string }} CodeServer */

/** Where a complete installation is, or undefined. @returns {CodeServer | undefined} */
export function findCodeServer() {
	const folder = installFolder();
	return existsSync(join(folder, 'complete')) ? describe(folder) : undefined;
}

/** Installs code-server when it is not there yet. Rejects with what is missing and how to get it. @returns {Promise<CodeServer>} */
export async function provideCodeServer() {
	const present = findCodeServer();
	if (present) return present;
	const folder = installFolder();
	return withLock(`${folder}.lock`, async () => {
		const byOther = findCodeServer();
		if (byOther) return byOther;
		await provideCompiler();
		const temporary = `${folder}.${process.pid}.partial`;
		rmSync(temporary, { recursive: true, force: true });
		mkdirSync(temporary, { recursive: true });
		try {
			await step(`install code-server ${codeServerVersion} (once, into ${folder})`, () => install(temporary));
			writeFileSync(join(temporary, 'complete'), `${codeServerVersion}\n`);
			rmSync(folder, { recursive: true, force: true });
			renameSync(temporary, folder);
		} finally {
			rmSync(temporary, { recursive: true, force: true });
		}
		return describe(folder);
	});
}

function installFolder() {
	return join(cacheFolder, `code-server-${codeServerVersion}`);
}

/** @param {string} folder @returns {CodeServer} */
function describe(folder) {
	const modules = join(folder, 'node_modules');
	return {
		kind: 'codeServer',
		version: codeServerVersion,
		nodePath: join(nodeFolder(modules), 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
		entryPath: join(modules, 'code-server', 'out', 'node', 'entry.js'),
	};
}

/** The platform package of Node: it ships the binary and, unlike most, the headers that native modules need. @param {string} modules */
function nodeFolder(modules) {
	return join(modules, nodePackage());
}

function nodePackage() {
	return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

/** node-pty and two smaller modules are compiled here, so a compiler has to be there. */
async function provideCompiler() {
	const needed = /** @type {const} */ ([
		['python3', ['python3']],
		['make', ['make']],
		['g++', ['g++', 'c++', 'clang++']],
	]);
	const missing = needed.filter(([, names]) => findProgram(...names) === undefined).map(([name]) => name);
	if (missing.length === 0 || process.platform === 'win32') return;
	if (await installPackages(missing)) return;
	throw new Error(
		`VS Code's terminal is compiled on this machine and needs ${missing.join(', ')}, which could not be installed from here.\n` +
			`Install them (on Debian: apt-get install ${missing.join(' ')}) and run the same command again.`,
	);
}

/** @param {string} folder */
async function install(folder) {
	writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'retrace-vscode', private: true }));
	// `--ignore-scripts` throughout: the packages' own scripts compile far more than is needed and take twice as long.
	const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
	await npm(folder, undefined, [
		'install',
		`code-server@${codeServerVersion}`,
		`${nodePackage()}@${nodeVersion}`,
		...quiet,
	]);
	const modules = join(folder, 'node_modules');
	const vscode = join(modules, 'code-server', 'lib', 'vscode');
	const node = nodeFolder(modules);
	await npm(vscode, node, ['install', '--omit=dev', ...quiet]);
	await npm(vscode, node, ['rebuild', 'node-pty', '@vscode/spdlog', '@vscode/native-watchdog', '--loglevel=error']);
	await npm(join(vscode, 'extensions'), node, ['install', '--omit=dev', ...quiet]);
	linkHelperScripts(vscode);
}

/** The `code` and browser helpers of VS Code's terminal, as code-server's own set-up links them. @param {string} vscode */
function linkHelperScripts(vscode) {
	if (process.platform === 'win32') return;
	const os = process.platform;
	for (const [folder, source, name] of [
		['remote-cli', `code-${os}.sh`, 'code-server'],
		['helpers', `browser-${os}.sh`, 'browser.sh'],
	]) {
		const target = join(vscode, 'bin', folder ?? '', name ?? '');
		rmSync(target, { force: true });
		if (existsSync(join(vscode, 'bin', folder ?? '', source ?? ''))) symlinkSync(source ?? '', target);
	}
}

/** Runs npm in a folder, on the installation's own Node once that is there. @param {string} cwd @param {string | undefined} node @param {readonly string[]} args */
async function npm(cwd, node, args) {
	/** @type {NodeJS.ProcessEnv} */
	const env = {};
	// Settings of the npm that started us (prefix, lifecycle, workspaces …) must not reach this one.
	for (const [name, value] of Object.entries(process.env)) {
		if (!/^npm_(?!config_(registry|cafile|https?_proxy|proxy|noproxy|userconfig|cache)$)/i.test(name))
			env[name] = value;
	}
	if (node !== undefined) {
		env.PATH = `${join(node, 'bin')}${delimiter}${process.env.PATH ?? ''}`;
		env.npm_config_nodedir = node;
	}
	await runNpm(args, { cwd, env, isQuiet: true, nodePath: node === undefined ? undefined : join(node, 'bin', 'node') });
}
