/** A workspace folder, a home with secrets, and a shell whose commands are held in a real sandbox. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../src/base/errors.ts';
import type { ShellOutcome } from '../../../src/core/ports.ts';
import type { SandboxPolicy } from '../../../src/core/sandbox/sandboxPort.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { createSandboxMaker } from '../../../src/node/sandbox/sandboxMaker.ts';
import type { SiteProxyOptions } from '../../../src/node/sandbox/siteProxy.ts';

/** Why these tests cannot run on this machine; false when they can. */
export async function whyNoSandbox(): Promise<string | false> {
	if (process.platform !== 'linux') return 'bubblewrap is there on Linux only';
	const maker = createSandboxMaker({ homeFolder: '/', workspaceFolders: () => [] });
	try {
		await maker.ready({ hasNetwork: false });
		return false;
	} catch (error) {
		return messageOf(error);
	} finally {
		maker.dispose();
	}
}

export function createSandboxScene(files: Readonly<Record<string, string>> = {}, network: SiteProxyOptions = {}) {
	const base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-sandboxed-')));
	const root = join(base, 'work');
	const home = join(base, 'home');
	const write = (path: string, text: string) => {
		mkdirSync(dirname(join(base, path)), { recursive: true });
		writeFileSync(join(base, path), text);
	};
	const tmp = join(base, 'tmp');
	for (const folder of [root, home, tmp]) mkdirSync(folder);
	for (const [path, text] of Object.entries(files)) write(path, text);
	const maker = createSandboxMaker({
		homeFolder: home,
		hidden: [join(base, 'editor')],
		workspaceFolders: () => [root],
		// Not the system's, where all of this lies.
		tmpPlaces: [tmp],
		network,
	});
	const shell = createShell({ hiddenEnvironment: [], sandbox: maker });
	const policyOf = (more: Partial<SandboxPolicy> = {}): SandboxPolicy => ({
		writable: [root],
		hasNetwork: false,
		...more,
	});
	type More = Partial<SandboxPolicy> & {
		timeoutMs?: number;
		cwd?: string;
		signal?: AbortSignal;
		onOutput?: (text: string) => void;
	};
	const run = async (command: string, { timeoutMs = 20_000, cwd = root, signal, onOutput, ...policy }: More = {}) =>
		await shell.run(
			{ command, cwd, timeoutMs, onOutput: (text) => onOutput?.(text), sandbox: policyOf(policy) },
			signal ?? new AbortController().signal,
		);
	return {
		...{ base, root, home, tmp, shell, maker, policyOf, run, write },
		read: (path: string) => readFileSync(join(base, path), 'utf8'),
		start(command: string, onOutput: (text: string) => void = () => undefined) {
			return shell.start({ command, cwd: root, onOutput, sandbox: policyOf() });
		},
		async dispose() {
			await shell.endLeft();
			rmSync(base, { recursive: true, force: true });
		},
	};
}

/** Processes of this machine with just this command line, wherever they run; zombies have none. */
export function processesWith(text: string): readonly string[] {
	return readdirSync('/proc').filter((name) => {
		if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
		try {
			return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') === `${text} `;
		} catch {
			return false;
		}
	});
}

export const outcomeOf = ({ exitCode, output }: ShellOutcome) => ({ exitCode, output });
