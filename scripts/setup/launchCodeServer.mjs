// Starts and ends one code-server on the loopback address, and installs extensions into it. Knows nothing about the product.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from './run.mjs';

// The server says where it listens within a second or two; a cold disk and two busy cores can make it many.
const startTimeoutMs = 60_000;
// Asked to end, code-server stops its extension hosts first. After this long the whole process group is killed.
const endGraceMs = 4_000;

/**
 * @typedef {import('./codeServer.mjs').CodeServer} CodeServer
 * @typedef {{ userDataDir: string, extensionsDir: string }} Profile
 * @typedef {{
 *   codeServer: CodeServer, profile: Profile, folder?: string, isTrustDisabled?: boolean,
 *   password?: string, env?: Readonly<Record<string, string | undefined>>, onOutput?: (text: string) => void,
 *   builtInExtensionsDir?: string | undefined,
 * }} LaunchOptions
 * @typedef {{ url: string, port: number, pid: number, ended: Promise<number>, end: () => Promise<void> }} RunningServer
 */

/**
 * Settings every profile of ours starts from: the panel is visible at once, nothing is saved behind the user's back,
 * and nothing reaches for the network.
 */
export const quietSettings = Object.freeze({
	'chat.disableAIFeatures': true,
	'files.autoSave': 'off',
	'workbench.startupEditor': 'none',
	'telemetry.telemetryLevel': 'off',
	'update.mode': 'none',
	'extensions.autoUpdate': 'off',
	'extensions.autoCheckUpdates': false,
	'extensions.ignoreRecommendations': true,
	'workbench.enableExperiments': false,
	'workbench.tips.enabled': false,
	'workbench.editor.useModal': 'off',
	'security.workspace.trust.startupPrompt': 'never',
	'git.openRepositoryInParentFolders': 'never',
	'git.autofetch': false,
});

/** Writes the user settings of a profile. VS Code picks a later change up by itself. @param {Profile} profile @param {object} settings */
export function writeSettings(profile, settings) {
	mkdirSync(join(profile.userDataDir, 'User'), { recursive: true });
	writeFileSync(join(profile.userDataDir, 'User', 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
}

/** @param {CodeServer} codeServer @param {Profile} profile @param {string} vsixPath */
export async function installExtension(codeServer, profile, vsixPath) {
	mkdirSync(profile.userDataDir, { recursive: true });
	await runOrThrow(
		codeServer.nodePath,
		[...serverArgs(codeServer, profile), '--force', '--install-extension', vsixPath],
		{
			isQuiet: true,
			env: cleanEnvironment({}),
		},
	);
}

/** Resolves when the server listens. @param {LaunchOptions} options @returns {Promise<RunningServer>} */
export async function launchCodeServer(options) {
	const { codeServer, profile } = options;
	mkdirSync(profile.userDataDir, { recursive: true });
	const args = [
		...serverArgs(codeServer, profile),
		...['--auth', options.password === undefined ? 'none' : 'password'],
		// Port 0: the system picks a free one, so that two runs never want the same.
		...['--bind-addr', '127.0.0.1:0'],
		...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
		...(options.isTrustDisabled ? ['--disable-workspace-trust'] : []),
		...(options.builtInExtensionsDir === undefined
			? []
			: ['--vscode-option', `builtin-extensions-dir=${options.builtInExtensionsDir}`]),
		...(options.folder === undefined ? [] : [options.folder]),
	];
	const env = cleanEnvironment({ ...options.env, PASSWORD: options.password });
	const isWindows = process.platform === 'win32';
	// A process group of its own, so that ending it reaches every process the server started and no other.
	const child = spawn(codeServer.nodePath, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: !isWindows });
	const pid = child.pid;
	if (pid === undefined) throw new Error(`${codeServer.nodePath} could not be started.`);
	/** @type {Promise<number>} */
	const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 0)));

	let output = '';
	const port = await new Promise((/** @type {(port: number) => void} */ resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(`VS Code did not start in time.\n${output}`)), startTimeoutMs);
		const listen = (/** @type {Buffer} */ chunk) => {
			const text = chunk.toString();
			options.onOutput?.(text);
			if (output.length < 20_000) output += text;
			const address = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output);
			if (address) {
				clearTimeout(timer);
				resolve(Number(address[1]));
			}
		};
		child.stdout.on('data', listen);
		child.stderr.on('data', listen);
		child.once('error', reject);
		child.once('exit', (code) => {
			clearTimeout(timer);
			reject(new Error(`VS Code ended with code ${code} before it listened.\n${output}`));
		});
	}).catch((error) => {
		signalGroup(pid, 'SIGKILL');
		throw error;
	});

	return {
		url: `http://127.0.0.1:${port}/`,
		port,
		pid,
		ended,
		end: async () => {
			signalGroup(pid, 'SIGTERM');
			const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), endGraceMs);
			await ended;
			clearTimeout(timer);
			// What the server left behind in its group, for example an extension host in mid-write, ends with it.
			signalGroup(pid, 'SIGKILL');
		},
	};
}

/** The address of a folder in the workbench. @param {string} url @param {string} folder */
export function folderUrl(url, folder) {
	const path = folder.replaceAll('\\', '/');
	return `${url}?folder=${encodeURIComponent(path.startsWith('/') ? path : `/${path}`).replaceAll('%2F', '/')}`;
}

/** @param {CodeServer} codeServer @param {Profile} profile */
function serverArgs(codeServer, profile) {
	return [
		codeServer.entryPath,
		// Without a file of its own code-server writes one into the home folder.
		...['--config', join(profile.userDataDir, 'code-server.yaml')],
		...['--user-data-dir', profile.userDataDir],
		...['--extensions-dir', profile.extensionsDir],
	];
}

/** The environment for VS Code: ours without what npm and another VS Code put there. @param {Readonly<Record<string, string | undefined>>} added */
function cleanEnvironment(added) {
	/** @type {NodeJS.ProcessEnv} */
	const env = {};
	for (const [name, value] of Object.entries({ ...process.env, ...added })) {
		const isInherited =
			!(name in added) &&
			(/^(npm_|VSCODE_|NODE_)/i.test(name) || name === 'PASSWORD' || name === 'HASHED_PASSWORD' || name === 'PORT');
		if (!isInherited && value !== undefined) env[name] = value;
	}
	return env;
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
	try {
		if (process.platform === 'win32') spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
		else process.kill(-pid, signal);
	} catch (error) {
		// The group is gone already, which is what was asked for.
		if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
	}
}
