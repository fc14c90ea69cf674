/**
 * Runs the command of a hook: JSON on its standard input, a process group of its own, bounded output, and nothing of it left when it
 * is over. Does not know what the output means.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import type { HookRequest, HookRun, RunHook } from '../../core/hooks/hookTypes.ts';
import { childEnvironment } from './childEnvironment.ts';
import { newMark } from './markedProcesses.ts';
import { endGroup } from './processGroup.ts';
import { defaultShellPath } from './shellProcess.ts';

/** Of each stream, what is kept. A hook says its word in much less. */
const MAX_KEPT_CHARS = 100_000;
/** One that prints more than this runs away. */
const MAX_PRINTED_BYTES = 10_000_000;
/** A hook that is ended gets so long to end by itself. */
const KILL_AFTER_MS = 500;
/** How long its streams may stay open behind its end, when it left something in the background. */
const DRAIN_MS = 200;

export type HookProcessSettings = {
	/** Names of variables that no hook may see, besides `ANTHROPIC_*`. */
	readonly hiddenEnvironment: readonly string[];
};

export function createHookRunner({ hiddenEnvironment }: HookProcessSettings): RunHook {
	return async (request, signal) => {
		const started = performance.now();
		const ended = (end: Omit<HookRun, 'durationMs'>): HookRun => ({ ...end, durationMs: performance.now() - started });
		if (signal.aborted) return ended({ reason: 'cancelled', exitCode: null, stdout: '', stderr: '' });
		let child: ChildProcess;
		const mark = newMark();
		try {
			child = start(request, hiddenEnvironment, mark);
		} catch (error) {
			return ended({ reason: 'notStarted', exitCode: null, stdout: '', stderr: messageOf(error) });
		}
		return ended(await follow(child, mark, request, signal));
	};
}

function start(
	{ command, cwd, projectDir }: HookRequest,
	hiddenEnvironment: readonly string[],
	mark: ReturnType<typeof newMark>,
): ChildProcess {
	const isWindows = process.platform === 'win32';
	const isFolder = statSync(cwd, { throwIfNoEntry: false })?.isDirectory() ?? false;
	return spawn(defaultShellPath(), isWindows ? ['/d', '/s', '/c', `"${command}"`] : ['-c', command], {
		cwd: isFolder ? cwd : projectDir,
		env: {
			...childEnvironment(process.env, hiddenEnvironment),
			CLAUDE_PROJECT_DIR: projectDir,
			RETRACE_PROJECT_DIR: projectDir,
			...mark,
		},
		windowsHide: true,
		windowsVerbatimArguments: isWindows,
		detached: !isWindows,
		stdio: ['pipe', 'pipe', 'pipe'],
	});
}

async function follow(
	child: ChildProcess,
	mark: ReturnType<typeof newMark>,
	request: HookRequest,
	signal: AbortSignal,
): Promise<Omit<HookRun, 'durationMs'>> {
	let reason: HookRun['reason'] = 'exited';
	let ending: Promise<void> | undefined;
	const stop = (why: HookRun['reason']) => {
		if (ending) return;
		reason = why;
		// Where something is wrong with it, also what left its group.
		ending = endGroup(child, KILL_AFTER_MS, mark);
	};
	let printedBytes = 0;
	const onBytes = (count: number) => {
		printedBytes += count;
		if (printedBytes > MAX_PRINTED_BYTES) stop('flooded');
	};
	const stdout = keepStart(child.stdout, onBytes);
	const stderr = keepStart(child.stderr, onBytes);
	// One that does not read it closes the pipe, which is its right.
	child.stdin?.on('error', () => undefined);
	child.stdin?.end(request.input);
	const onAbort = () => stop('cancelled');
	const timer = setTimeout(() => stop('timedOut'), request.timeoutMs);
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		const exit = await exitOf(child);
		if (exit.failure !== undefined) return { reason: 'notStarted', exitCode: null, stdout: '', stderr: exit.failure };
		// What it left in the background would be nobody's. What it started in a session of its own lives until the window closes.
		await Promise.all([ending ?? endGroup(child, KILL_AFTER_MS), drained([child.stdout, child.stderr])]);
		return { reason, exitCode: reason === 'exited' ? exit.code : null, stdout: stdout(), stderr: stderr() };
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
		for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
		child.unref();
	}
}

function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly failure?: string }> {
	return new Promise((resolve) => {
		child.once('exit', (code) => resolve({ code }));
		child.once('error', (error) => resolve({ code: null, failure: messageOf(error) }));
	});
}

/** Reads all of it, so that the process is not held up, and keeps the start. */
function keepStart(stream: Readable | null, onBytes: (count: number) => void): () => string {
	const decoder = new TextDecoder('utf-8');
	let text = '';
	stream?.on('error', () => undefined);
	stream?.on('data', (chunk: Buffer) => {
		onBytes(chunk.length);
		if (text.length < MAX_KEPT_CHARS) text += decoder.decode(chunk, { stream: true });
	});
	return () => text.slice(0, MAX_KEPT_CHARS);
}

function drained(streams: readonly (Readable | null)[]): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, DRAIN_MS);
		const open = streams.filter((stream) => stream !== null && !stream.readableEnded && !stream.destroyed);
		let left = open.length;
		const one = () => {
			left--;
			if (left > 0) return;
			clearTimeout(timer);
			resolve();
		};
		if (left === 0) {
			left = 1;
			one();
		}
		for (const stream of open) stream?.once('close', one);
	});
}
