/**
 * Makes the sandboxes of one window: finds the program that the system has for it, proves once that it works here, and puts it in front of
 * a command. Keeps one folder of temporary files for all commands, which goes with the window.
 */
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { SandboxPolicy } from '../../core/sandbox/sandboxPort.ts';
import { findOnPath } from '../files/findOnPath.ts';
import { wayBelow } from '../files/realPath.ts';
import { childEnvironment } from '../process/childEnvironment.ts';
import { bubblewrapArgs } from './bubblewrap.ts';
import { type CommandNetwork, ownNetwork, type SharedProxy, startSharedProxy } from './commandNetwork.ts';
import { makeSandboxFolders, removeLeftFolders, removeSandboxFolders, type SandboxFolders } from './sandboxFolders.ts';
import { findMounts } from './sandboxMounts.ts';
import { seatbeltProfile } from './seatbeltProfile.ts';
import type { SiteProxyOptions } from './siteProxy.ts';

export type SandboxOptions = {
	readonly homeFolder: string;
	/** Of our own and of the editor: cannot be read in a sandbox. */
	readonly hidden?: readonly string[];
	/** A program in one of them is never taken for the system's. */
	workspaceFolders(): readonly string[];
	/** Folders that commands get another one for; default: the system's for temporary files. */
	readonly tmpPlaces?: readonly string[];
	readonly platform?: NodeJS.Platform;
	readonly environment?: NodeJS.ProcessEnv;
	/** How sites are reached. */
	readonly network?: SiteProxyOptions;
	/** A Node, or an Electron that can be one; default: this one. */
	readonly runtime?: string;
};

/** What goes before a command and its arguments. */
export type HeldCommand = {
	readonly file: string;
	readonly args: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	/** Where sites are asked about. */
	readonly network?: CommandNetwork;
	/** Protected things that are there now and were not before it. */
	made(): readonly string[];
};

export type SandboxMaker = {
	/** Rejects with UserError `no-sandbox`, which says what to do. */
	ready(policy: Pick<SandboxPolicy, 'hasNetwork' | 'asksForSites'>): Promise<void>;
	/** Throws the same where there is no such program at all. */
	hold(policy: SandboxPolicy, cwd: string): HeldCommand;
	/** Removes what windows that crashed have left in the system's folder of temporary files. Never rejects. */
	removeLeft(): Promise<void>;
	dispose(): void;
};

const PROBE_TIMEOUT_MS = 10_000;
const SEATBELT = '/usr/bin/sandbox-exec';
const WAY_OUT = 'or turn the setting `retrace.sandbox.enabled` off. Nothing was run.';

export function createSandboxMaker(options: SandboxOptions): SandboxMaker {
	const { platform = process.platform, environment = process.env, runtime = process.execPath } = options;
	const proven = new Set<string>();
	let folders: SandboxFolders | undefined;
	let shared: SharedProxy | undefined;

	const program = (): string => {
		if (platform === 'darwin' && existsSync(SEATBELT)) return SEATBELT;
		const found = platform === 'linux' ? findOnPath('bwrap', environment, options.workspaceFolders()) : undefined;
		if (found !== undefined) return found;
		throw noSandbox(
			platform === 'linux'
				? `bubblewrap (bwrap) is not installed. Install it, e.g. with \`sudo apt install bubblewrap\`, ${WAY_OUT}`
				: `this system has no sandbox that Retrace can use. Work in Linux or macOS (a container or a remote window will do), ${WAY_OUT}`,
		);
	};
	const ownFolders = () => {
		if (folders && existsSync(folders.tmp)) return folders;
		folders = makeSandboxFolders();
		return folders;
	};
	const hold = (policy: SandboxPolicy, cwd: string): HeldCommand => {
		const file = program();
		const { mounts, absent } = findMounts(policy, cwd, options);
		const { tmp, empty } = ownFolders();
		const { hasNetwork, sites } = policy;
		const made = () => absent.filter((path) => existsSync(path));
		if (file === SEATBELT) {
			const proxyPort = sites ? shared?.port : undefined;
			return {
				file,
				args: ['-p', seatbeltProfile({ mounts, absent, hasNetwork, proxyPort, tmpFolder: tmp })],
				environment: { TMPDIR: tmp },
				...(sites && shared ? { network: shared.networkOf(sites) } : {}),
				made,
			};
		}
		const tmpPlaces = realOnes(options.tmpPlaces ?? ['/tmp', '/var/tmp']);
		const runPlaces = realOnes(['/run', '/var/run']);
		const args = bubblewrapArgs({
			...{ mounts, hasNetwork, cwd, tmpFolder: tmp, emptyFile: empty },
			...{ tmpPlaces, runPlaces },
			// The system's own programs on some systems, and with the network how names are looked up.
			kept: realOnes(
				[
					...['/run/current-system', '/run/wrappers'],
					...(hasNetwork ? ['/run/systemd/resolve', '/run/resolvconf'] : []),
					...(sites ? runtimeIn([...tmpPlaces, ...runPlaces]) : []),
				],
				true,
			),
		});
		const network = sites && !hasNetwork ? { network: ownNetwork(sites, runtime, options.network ?? {}) } : {};
		return { file, args, environment: {}, ...network, made };
	};
	/** Its folder, where it lies in one that the command gets another for. */
	const runtimeIn = (places: readonly string[]): readonly string[] => {
		const folder = dirname(realpathSync(runtime));
		return places.some((place) => wayBelow(place, folder) !== undefined) ? [folder] : [];
	};
	return {
		hold,
		async ready({ hasNetwork, asksForSites }) {
			const file = program();
			if (asksForSites && file === SEATBELT) shared ??= await startSharedProxy(options.network ?? {});
			const key = `${file} ${hasNetwork}`;
			if (proven.has(key)) return;
			const held = hold({ writable: [], hasNetwork }, '/');
			const problem = await whyNot(file, [...held.args, '/bin/sh', '-c', 'exit 0'], environment);
			if (problem !== undefined)
				throw noSandbox(
					`${file} cannot make one here (${problem}). Containers often forbid namespaces, and so do some systems for users other than root: allow unprivileged user namespaces, ${WAY_OUT}`,
				);
			proven.add(key);
		},
		removeLeft: removeLeftFolders,
		dispose() {
			if (folders) removeSandboxFolders(folders);
			folders = undefined;
			shared?.close();
			shared = undefined;
		},
	};
}

const noSandbox = (why: string): UserError =>
	new UserError('no-sandbox', `Commands are to run in a sandbox, but ${why}`);

/** Undefined when it ended well; else its first words. */
function whyNot(file: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | undefined> {
	return new Promise((resolve) => {
		const env = childEnvironment(environment, []);
		execFile(file, [...args], { env, timeout: PROBE_TIMEOUT_MS }, (error, _stdout, stderr) => {
			if (!error) return resolve(undefined);
			resolve(stderr.trim().split('\n', 1)[0]?.slice(0, 200) || error.message.split('\n', 1)[0] || 'it failed');
		});
	});
}

/** Those that are there, each by its real path and once; as they are named with `isAsNamed`. */
function realOnes(paths: readonly string[], isAsNamed = false): readonly string[] {
	const real = paths.filter((path) => existsSync(path)).map((path) => (isAsNamed ? path : realpathSync(path)));
	return [...new Set(real)];
}
