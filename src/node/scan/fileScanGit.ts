/**
 * Runs git so that it only reads: no lock, no hook, no monitor, no pager, no network, nothing of the user's environment that leads
 * elsewhere. No command here starts a program of the repository; which ones may be run is decided in this file alone.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { findOnPath } from '../files/findOnPath.ts';
import { childEnvironment } from '../process/childEnvironment.ts';

/** Far above what the slowest of them takes; a disk that hangs must not hold a command for ever. */
const TIMEOUT_MS = 60_000;
const SAFE_OPTIONS = [
	'--no-pager',
	'--literal-pathspecs',
	'-c',
	'core.fsmonitor=false',
	'-c',
	'core.hooksPath=/dev/null',
	'-c',
	'core.pager=cat',
	'-c',
	'core.sshCommand=false',
	'-c',
	'protocol.allow=never',
];
/** Reading commands only. */
export type GitCommand =
	| 'rev-parse'
	| 'config'
	| 'check-attr'
	| 'cat-file'
	| 'diff-index'
	| 'diff-files'
	| 'ls-files'
	| 'for-each-ref';

/** The git on the PATH; undefined when there is none. One inside `workspaceFolders` is never taken. */
export function findGit(
	environment: Readonly<Record<string, string | undefined>>,
	workspaceFolders: readonly string[],
): string | undefined {
	return findOnPath(process.platform === 'win32' ? 'git.exe' : 'git', environment, workspaceFolders);
}

type RunOptions = {
	readonly input?: string;
	/** `name=value`; they stand above those of every file. */
	readonly settings?: readonly string[];
	/** Default: a minute. */
	readonly timeoutMs?: number;
};

/** What git writes to stdout; undefined when it fails, which is always an answer too: then its word is not used. */
export function runGit(
	gitPath: string,
	folder: string,
	command: GitCommand,
	args: readonly string[],
	options: RunOptions = {},
): Promise<Buffer | undefined> {
	const { input = '', settings = [], timeoutMs = TIMEOUT_MS } = options;
	const set = settings.flatMap((setting) => ['-c', setting]);
	return new Promise((settle) => {
		const child = spawn(gitPath, ['-C', resolve(folder), ...SAFE_OPTIONS, ...set, command, ...args], {
			cwd: resolve(folder),
			env: gitEnvironment(process.env),
			stdio: ['pipe', 'pipe', 'ignore'],
			timeout: timeoutMs,
			windowsHide: true,
		});
		const chunks: Buffer[] = [];
		child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
		child.once('error', () => settle(undefined));
		child.once('close', (code) => settle(code === 0 ? Buffer.concat(chunks) : undefined));
		// It may end before it has read everything; its exit code says what that means.
		child.stdin.once('error', () => child.stdin.destroy());
		child.stdin.end(input);
	});
}

export function gitEnvironment(from: Readonly<Record<string, string | undefined>>): Record<string, string> {
	const environment = childEnvironment(from, ['SSH_ASKPASS', 'PAGER', 'EDITOR', 'VISUAL']);
	for (const name of Object.keys(environment)) if (/^GIT_/i.test(name)) delete environment[name];
	return {
		...environment,
		GIT_OPTIONAL_LOCKS: '0',
		GIT_TERMINAL_PROMPT: '0',
		GIT_NO_LAZY_FETCH: '1',
		GIT_NO_REPLACE_OBJECTS: '1',
		LC_ALL: 'C',
	};
}
