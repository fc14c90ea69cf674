/**
 * Runs git on the repositories that a worktree keeps in our own storage. Writes there and nowhere else: the git folder is always named, no
 * configuration of the user or the machine counts, and no hook, filter or monitor is known to it.
 */
import { spawn } from 'node:child_process';
import { CancelledError, UserError } from '../../base/errors.ts';
import { gitEnvironment } from '../scan/fileScanGit.ts';

/** One of our repositories and the files it looks at. */
export type OwnRepository = {
	readonly gitPath: string;
	readonly gitDir: string;
	readonly workTree: string;
	/** Default: the repository's own index. */
	readonly index?: string;
	/** `name=value`, for every command. */
	readonly settings?: readonly string[];
};

type RunOptions = { readonly input?: string | Uint8Array; readonly signal?: AbortSignal };

/** What git writes to stdout. Rejects with UserError `worktree-failed` with git's own words. */
export async function ownGit(
	repository: OwnRepository,
	args: readonly string[],
	options: RunOptions = {},
): Promise<Buffer> {
	const { code, stdout, stderr } = await run(repository, args, options);
	if (code === 0) return stdout;
	const [words = 'it failed'] = stderr.split('\n').filter((line) => line.trim() !== '');
	const command = args.find((arg, index) => arg !== '-c' && args[index - 1] !== '-c') ?? '';
	throw worktreeFailed(`git ${command}: ${words.replace(/^(fatal|error): /, '')}`);
}

/** Whether it went well; for commands whose failure is an answer. */
export async function ownGitSucceeds(
	repository: OwnRepository,
	args: readonly string[],
	options: RunOptions = {},
): Promise<boolean> {
	return (await run(repository, args, options)).code === 0;
}

/** What could not be done, as a sentence part; nothing of the user's was changed then. */
export const worktreeFailed = (what: string, cause?: unknown): UserError =>
	new UserError('worktree-failed', `The worktree could not be worked on: ${what}. No file of yours was changed.`, {
		cause,
	});

const SETTINGS = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'gc.auto=0', 'protocol.allow=never'];

function run(
	{ gitPath, gitDir, workTree, index, settings = [] }: OwnRepository,
	args: readonly string[],
	{ input = '', signal }: RunOptions,
): Promise<{ readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }> {
	return new Promise((settle, reject) => {
		const child = spawn(
			gitPath,
			[
				...['--no-pager', '--literal-pathspecs', `--git-dir=${gitDir}`, `--work-tree=${workTree}`],
				...[...SETTINGS, ...settings].flatMap((setting) => ['-c', setting]),
				...args,
			],
			{
				cwd: workTree,
				env: {
					...gitEnvironment(process.env),
					...{ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' },
					...IDENTITY,
					...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
				},
				stdio: ['pipe', 'pipe', 'pipe'],
				windowsHide: true,
			},
		);
		const stdout: Buffer[] = [];
		let stderr = '';
		const stop = () => child.kill();
		signal?.addEventListener('abort', stop, { once: true });
		child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
		child.stderr.on('data', (chunk: Buffer) => {
			if (stderr.length < MAX_WORDS) stderr += chunk.toString('utf8');
		});
		child.once('error', (error) => reject(worktreeFailed(error.message, error)));
		child.once('close', (code) => {
			signal?.removeEventListener('abort', stop);
			if (signal?.aborted) reject(new CancelledError());
			else settle({ code, stdout: Buffer.concat(stdout), stderr });
		});
		// It may end before it has read everything; its exit code says what that means.
		child.stdin.once('error', () => child.stdin.destroy());
		child.stdin.end(input);
	});
}

const MAX_WORDS = 4_000;
/** Of commits that only we read. */
const IDENTITY = {
	GIT_AUTHOR_NAME: 'Retrace',
	GIT_AUTHOR_EMAIL: 'retrace@localhost',
	GIT_COMMITTER_NAME: 'Retrace',
	GIT_COMMITTER_EMAIL: 'retrace@localhost',
};

/** Parts of a `-z` output. */
export const zeroSplit = (output: Buffer | undefined): string[] =>
	(output?.toString('utf8') ?? '').split('\0').filter((part) => part !== '');
