/**
 * The port Shell: runs a command in a process group of its own, so that all it started can be ended with it.
 * Does not judge commands and keeps nothing between them: folder in, folder out.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf, UserError } from '../../base/errors.ts';
import type { BackgroundEnd, BackgroundShell, RunningProcess } from '../../core/background/backgroundShell.ts';
import type { Shell, ShellOutcome, ShellRequest } from '../../core/ports.ts';
import type { HeldCommand, SandboxMaker } from '../sandbox/sandboxMaker.ts';
import { gitGuard } from '../scan/gitGuard.ts';
import { createBoundedOutput } from './boundedOutput.ts';
import { childEnvironment } from './childEnvironment.ts';
import { newMark } from './markedProcesses.ts';
import { endGroup, endLeftProcesses } from './processGroup.ts';

const MAX_OUTPUT_BYTES = 1_000_000;
/** How long after the shell's end its output may pause before what was left in the background is not waited for. */
const DRAIN_QUIET_MS = 50;
/** The most that a background process which keeps talking can hold the result back. */
const DRAIN_MAX_MS = 500;
/** Between two looks at whether the time is up, while the user is asked. */
const SHORTEST_WATCH_MS = 50;

/**
 * Runs before the command. Both streams become one, so that their order is the real one. The folder it ends in is written
 * to descriptor 3 as we see it, 8 as the shell does: scripts like to use 3 themselves.
 * On the line of the command, so that the shell names the command's own lines when it finds fault with one.
 */
const PRELUDE = "exec 2>&1 8>&3 3>&-; trap 'pwd -P >&8' EXIT; ";

/**
 * The same before a command that runs in the background. Descriptor 3 stays open as long as this host lives: when it is gone, however it
 * ended, the guard ends the group, itself included. It is the child of a child, so that `wait` does not wait for it, and keeps no output open.
 */
const GUARD =
	"exec 2>&1 8<&3 3<&-; ( ( read -r _ <&8; trap '' TERM; kill -TERM 0; sleep 2; kill -KILL 0 ) >/dev/null 2>&1 & ); exec 8<&-; ";

/**
 * Nobody can type into an editor here: without this, `git commit` would wait for one until its time is up. Git takes the message as it is,
 * so a merge or rebase goes on, and a commit without a message says what is missing.
 */
const NO_EDITOR = { GIT_EDITOR: 'true' };

export type ShellSettings = {
	/** Default: /bin/bash, else /bin/sh; on Windows %ComSpec%. */
	readonly shellPath?: string;
	/** Names of variables that no command may see, besides `ANTHROPIC_*`. */
	readonly hiddenEnvironment: readonly string[];
	/** Without it, a command that is to run in a sandbox is refused. */
	readonly sandbox?: Pick<SandboxMaker, 'hold' | 'dispose'>;
};

/** Path of the shell that commands run in. */
export function defaultShellPath(): string {
	if (process.platform === 'win32') return process.env.ComSpec ?? 'cmd.exe';
	return existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
}

export function createShell(settings: ShellSettings): Shell & BackgroundShell {
	const shellPath = settings.shellPath ?? defaultShellPath();
	return {
		async run(request, signal) {
			checkFolder(request.cwd);
			const started = performance.now();
			if (signal.aborted) return cancelledBefore(request);
			return follow(start(shellPath, request, settings), request, started, signal);
		},
		start(request) {
			checkFolder(request.cwd);
			return followInBackground(start(shellPath, request, settings, true), request.onOutput);
		},
		async endLeft() {
			const count = await endLeftProcesses();
			settings.sandbox?.dispose();
			return count;
		},
	};
}

function cancelledBefore(request: ShellRequest): ShellOutcome {
	return { exitCode: null, reason: 'cancelled', output: '', cwd: request.cwd, durationMs: 0 };
}

function checkFolder(cwd: string): void {
	if (!isFolder(cwd))
		throw new UserError('no-such-folder', `The folder ${cwd} does not exist. The command was not run.`);
}

type Started = {
	readonly child: ChildProcess;
	readonly mark: ReturnType<typeof newMark>;
	readonly held: HeldCommand | undefined;
};

function start(
	shellPath: string,
	request: Pick<ShellRequest, 'command' | 'cwd' | 'sandbox'>,
	settings: ShellSettings,
	isInBackground = false,
): Started {
	const mark = newMark();
	const isWindows = process.platform === 'win32';
	const held = heldBy(request, settings);
	const environment = {
		...childEnvironment(process.env, settings.hiddenEnvironment),
		...gitGuard(request.command, process.env),
		...NO_EDITOR,
		...held?.environment,
		...mark,
	};
	const ways = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
	const options: SpawnOptions = {
		cwd: request.cwd,
		env: { ...environment, ...held?.network?.variables(environment) },
		windowsHide: true,
		windowsVerbatimArguments: isWindows,
		detached: !isWindows,
		stdio: isWindows ? ways.slice(0, 3) : held?.network?.attach ? [...ways, 'ipc'] : [...ways],
	};
	const [file = shellPath, ...args] = commandLine(shellPath, request.command, held, isInBackground);
	try {
		const child = spawn(file, args, options);
		held?.network?.attach?.(child);
		return { child, mark, held };
	} catch (error) {
		held?.network?.close();
		// Some failures are thrown at once, others come as an event.
		throw notStarted(error);
	}
}

function heldBy(
	{ sandbox, cwd }: Pick<ShellRequest, 'cwd' | 'sandbox'>,
	settings: ShellSettings,
): HeldCommand | undefined {
	if (!sandbox) return undefined;
	if (settings.sandbox) return settings.sandbox.hold(sandbox, cwd);
	throw new UserError('no-sandbox', 'Commands are to run in a sandbox, and there is none here. Nothing was run.');
}

/** The guard stays outside of a sandbox, from where it can end all that is in it. */
function commandLine(
	shellPath: string,
	command: string,
	held: HeldCommand | undefined,
	isInBackground: boolean,
): readonly string[] {
	if (process.platform === 'win32') return [shellPath, '/d', '/s', '/c', `"${command}"`];
	if (!held) return [shellPath, '-c', (isInBackground ? GUARD : PRELUDE) + command];
	const first = held.network?.prelude ?? '';
	if (!isInBackground) return [held.file, ...held.args, shellPath, '-c', first + PRELUDE + command];
	return [shellPath, '-c', `${GUARD}exec "$@"`, shellPath, held.file, ...held.args, shellPath, '-c', first + command];
}

async function follow(
	{ child, mark, held }: Started,
	request: ShellRequest,
	started: number,
	signal: AbortSignal,
): Promise<ShellOutcome> {
	const output = createBoundedOutput(MAX_OUTPUT_BYTES);
	let reason: ShellOutcome['reason'] = 'exited';
	let isDone = false;
	let lastOutputAt = 0;
	const tell = (text: string) => {
		if (isDone || text === '') return;
		lastOutputAt = performance.now();
		output.add(text);
		request.onOutput(text);
	};
	const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
	const finishers = streams.map((stream) => readText(stream, tell));
	let folder = '';
	const folderStream = child.stdio[3];
	if (folderStream && 'read' in folderStream) readText(folderStream, (text) => (folder += text));

	let ending: Promise<void> | undefined;
	const stop = (why: 'timedOut' | 'cancelled') => {
		if (ending) return;
		reason = why;
		ending = endGroup(child, undefined, mark);
	};
	const onAbort = () => stop('cancelled');
	let timer: NodeJS.Timeout | undefined;
	/** What it waited for the user is not its time. */
	const watch = (ms: number) => {
		timer = setTimeout(() => {
			const left = request.timeoutMs + (held?.network?.waitedMs() ?? 0) - (performance.now() - started);
			if (left > 0) watch(Math.max(left, SHORTEST_WATCH_MS));
			else stop('timedOut');
		}, ms);
	};
	watch(request.timeoutMs);
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		const exitCode = await exitOf(child);
		clearTimeout(timer);
		if (ending) await ending;
		await drained(streams, () => lastOutputAt);
		for (const finish of finishers) finish();
		const cwd = folder.replace(/\n$/, '');
		const madeProtected = held?.made() ?? [];
		return {
			exitCode: reason === 'exited' ? exitCode : null,
			reason,
			output: output.text(),
			cwd: isAbsolute(cwd) && isFolder(cwd) ? cwd : request.cwd,
			durationMs: Math.round(performance.now() - started),
			...(madeProtected.length === 0 ? {} : { madeProtected }),
		};
	} finally {
		isDone = true;
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
		held?.network?.close();
		letGo(child);
	}
}

/** Resolves with the exit code, or null when a signal ended the shell. */
function exitOf(child: ChildProcess): Promise<number | null> {
	return new Promise((resolve, reject) => {
		child.once('exit', (code) => resolve(code));
		child.once('error', (error) => reject(notStarted(error)));
	});
}

function notStarted(cause: unknown): UserError {
	const isTooLong = cause instanceof Error && 'code' in cause && cause.code === 'E2BIG';
	return new UserError(
		'shell-not-started',
		isTooLong
			? 'The command is too long for the shell. Nothing was run. Write it to a script file and run that.'
			: `The shell could not be started: ${messageOf(cause)}. Nothing was run.`,
		{ cause },
	);
}

/** It is over when the shell has ended and nobody holds its output any more: what it left behind with `&` goes on and counts. */
function followInBackground({ child, mark, held }: Started, onOutput: (text: string) => void): RunningProcess {
	const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
	let isStopped = false;
	const finishers = streams.map((stream) => readText(stream, onOutput));
	const closed = streams.map((stream) => new Promise<void>((resolve) => stream.once('close', () => resolve())));
	const follow = async (): Promise<BackgroundEnd> => {
		try {
			const exitCode = await exitOf(child);
			await Promise.all(closed);
			for (const finish of finishers) finish();
			return { exitCode: isStopped ? null : exitCode, isStopped };
		} catch (error) {
			onOutput(messageOf(error));
			return { exitCode: null, isStopped };
		} finally {
			held?.network?.close();
			letGo(child);
			child.stdio[3]?.destroy();
		}
	};
	const ended = follow();
	return {
		ended,
		...(held === undefined ? {} : { madeProtected: held.made }),
		async stop() {
			isStopped = true;
			await endGroup(child, undefined, mark);
			// What escaped may hold the output; nobody listens to it any more.
			for (const stream of streams) stream.destroy();
			await ended;
		},
	};
}

/** Decodes UTF-8 across chunk borders. The returned function flushes a character that was left unfinished. */
function readText(stream: Readable, onText: (text: string) => void): () => void {
	const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
	stream.on('data', (chunk: Buffer) => onText(decoder.decode(chunk, { stream: true })));
	// A pipe of a process that was killed may fail; what it gave until then counts.
	stream.on('error', () => undefined);
	return () => onText(decoder.decode());
}

/** Waits for the end of the streams, but not for what a background process may still write. */
function drained(streams: readonly Readable[], lastOutputAt: () => number): Promise<void> {
	const begun = performance.now();
	return new Promise((resolve) => {
		const look = () => {
			const now = performance.now();
			const isQuiet = now - Math.max(begun, lastOutputAt()) >= DRAIN_QUIET_MS;
			if (streams.every((stream) => stream.readableEnded || stream.destroyed)) resolve();
			else if (isQuiet || now - begun >= DRAIN_MAX_MS) resolve();
			else setTimeout(look, 5);
		};
		setImmediate(look);
	});
}

/** A background process goes on, may write to its pipes unheard, and keeps nothing of ours alive. */
function letGo(child: ChildProcess): void {
	for (const stream of [child.stdout, child.stderr, child.stdio[3]]) {
		if (!stream || !('read' in stream)) continue;
		stream.removeAllListeners('data');
		stream.resume();
		if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
	}
	child.unref();
}

function isFolder(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
