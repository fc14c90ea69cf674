/**
 * Runs ripgrep over files of our own storage and hands over its output piece by piece, as bytes. Unlike `ripgrep.ts`, which searches
 * a user's folder for the model, nothing is left out: no ignore files, no binary detection, no limits but the caller's.
 */
import { spawn } from 'node:child_process';
import { CancelledError, messageOf, UserError } from '../../base/errors.ts';
import { cutText } from '../../base/text.ts';
import { childEnvironment } from '../process/childEnvironment.ts';

const MAX_ERROR_CHARS = 10_000;
/** No configuration of the user's; bytes are taken as they are. */
const COMMON_ARGS = ['--no-config', '--no-ignore', '--hidden', '--text', '--encoding=none', '--color=never'];

export type RipgrepRun = {
	/** `[path]` for `--files-with-matches`, `[path, line]` else. Returns false when it has seen enough. */
	readonly onPiece: (path: string, line: string) => boolean;
	/** Only the names of the files. */
	readonly isNamesOnly?: boolean;
	readonly globs?: readonly string[];
	readonly pattern: string;
	/** Relative to `cwd`; must be there. */
	readonly targets: readonly string[];
	readonly cwd: string;
};

/** Resolves when it is done or stopped by `onPiece`. Rejects with CancelledError, or UserError `no-ripgrep` or `search-failed`. */
export async function runRipgrepLines(ripgrepPath: string, run: RipgrepRun, signal: AbortSignal): Promise<void> {
	if (signal.aborted) throw new CancelledError();
	if (run.targets.length === 0) return;
	const shape = run.isNamesOnly
		? ['--files-with-matches', '--null']
		: ['--with-filename', '--null', '--no-heading', '--no-line-number'];
	const globs = (run.globs ?? []).map((glob) => `--glob=${glob}`);
	const args = [...COMMON_ARGS, ...shape, ...globs, `--regexp=${run.pattern}`, '--', ...run.targets];
	const child = spawn(ripgrepPath, args, {
		cwd: run.cwd,
		env: childEnvironment(process.env, []),
		stdio: ['ignore', 'pipe', 'pipe'],
		windowsHide: true,
	});
	const kill = () => child.kill('SIGKILL');
	signal.addEventListener('abort', kill, { once: true });
	let said = '';
	let isStopped = false;
	let thrown: { readonly error: unknown } | undefined;
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = cutText(said + text, MAX_ERROR_CHARS);
	});
	const read = run.isNamesOnly
		? pieces(0, (bytes) => run.onPiece(bytes.toString('utf8'), ''))
		: pieces(10, (bytes) => {
				const end = bytes.indexOf(0);
				return end < 0 || run.onPiece(bytes.toString('utf8', 0, end), lineText(bytes, end + 1));
			});
	child.stdout.on('data', (chunk: Buffer) => {
		if (isStopped || signal.aborted) return;
		try {
			if (read(chunk)) return;
		} catch (error) {
			thrown = { error };
		}
		isStopped = true;
		kill();
	});
	try {
		const code = await new Promise<number | null>((resolve, reject) => {
			child.once('close', resolve);
			child.once('error', (error) =>
				reject(new UserError('no-ripgrep', `ripgrep could not be started: ${messageOf(error)}`, { cause: error })),
			);
		});
		if (signal.aborted) throw new CancelledError();
		if (thrown) throw thrown.error;
		// 2 with results: some files could not be read, and the others were.
		if (isStopped || code === 0 || code === 1 || (code === 2 && !/regex parse error|unrecognized/.test(said))) return;
		const reason = said.trim().replace(/^rg: /, '') || `ripgrep ended with ${code}`;
		throw new UserError('search-failed', `The search failed: ${reason}. Nothing was changed.`);
	} finally {
		signal.removeEventListener('abort', kill);
	}
}

function lineText(bytes: Buffer, start: number): string {
	const end = bytes.length > start && bytes[bytes.length - 1] === 13 ? bytes.length - 1 : bytes.length;
	return bytes.toString('utf8', start, end);
}

/** Cuts a stream at `separator`. A piece over many chunks is put together once. False when `onPiece` has seen enough. */
function pieces(separator: number, onPiece: (bytes: Buffer) => boolean): (chunk: Buffer) => boolean {
	let waiting: Buffer[] = [];
	return (chunk) => {
		let start = 0;
		for (let end = chunk.indexOf(separator); end >= 0; end = chunk.indexOf(separator, start)) {
			const own = chunk.subarray(start, end);
			const whole = waiting.length === 0 ? own : Buffer.concat([...waiting, own]);
			waiting = [];
			start = end + 1;
			if (!onPiece(whole)) return false;
		}
		if (start < chunk.length) waiting.push(chunk.subarray(start));
		return true;
	};
}
