/**
 * A server that is a program: started in a process group of its own, with messages as lines on stdin and stdout. Everything it started
 * is ended with it. Lines that are no messages go to its log; one that floods is ended.
 */
import type { ChildProcess } from 'node:child_process';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { messageOf } from '../../base/errors.ts';
import type { McpStdioTransport } from '../../core/mcp/mcpPorts.ts';
import { childEnvironment } from '../process/childEnvironment.ts';
import { newMark } from '../process/markedProcesses.ts';
import { endGroup } from '../process/processGroup.ts';
import { createInbox } from './inbox.ts';
import { createInflow } from './inflow.ts';
import type { McpSdk } from './mcpSdk.ts';
import { createMessageLines } from './messageLines.ts';
import { type EndedTransport, McpFault } from './serverFaults.ts';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** What a server may write to stdout that is no message, until it is taken for broken. */
const MAX_STRAY_BYTES = 1024 * 1024;
/** The first of it tells enough. */
const MAX_LOGGED_STRAY_BYTES = 16 * 1024;
/** What a server gets to end by itself when its stdin is closed, as the protocol wants it. */
const GRACE_MS = 500;
/** How long output is still read after the program has ended, since what it left behind may hold its pipes open. */
const DRAIN_MS = 200;
/** How long a program whose pipe broke may take to end, so that its reason is told and not that of the pipe. */
const EXIT_MS = 3_000;

export function createStdioTransport(
	sdk: Pick<McpSdk, 'spawn' | 'JSONRPCMessageSchema'>,
	server: McpStdioTransport,
	cwd: string,
	hiddenEnvironment: readonly string[],
	log: (text: string) => void,
): Transport & EndedTransport {
	/** By it what left the group is found. */
	const mark = newMark();
	let child: ChildProcess | undefined;
	let closing: Promise<void> | undefined;
	let isEnded = false;
	let fault: McpFault | undefined;
	let strayBytes = 0;
	let lastError = '';
	const inbox = createInbox<JSONRPCMessage>(
		(message) => transport.onmessage?.(message),
		(error) => transport.onerror?.(error),
	);

	const transport: Transport & EndedTransport = {
		fault: () => fault,
		start() {
			const started = start();
			child = started;
			return new Promise((resolve, reject) => {
				started.once('spawn', resolve);
				started.once('error', (error) => {
					fault ??= notStarted(error, server.command, cwd);
					reject(fault);
					end();
				});
			});
		},
		async send(message) {
			const stdin = child?.stdin;
			if (!stdin?.writable) throw fault ?? new McpFault('mcp-ended', 'It has ended.');
			const failed = await new Promise<Error | null | undefined>((resolve) => {
				stdin.write(`${JSON.stringify(message)}\n`, resolve);
			});
			if (!failed) return;
			// The pipe of a process that ends may break before its end is told.
			if (child) await exitOf(child);
			throw fault ?? failed;
		},
		close() {
			closing ??= close();
			return closing;
		},
	};
	return transport;

	function start(): ChildProcess {
		const started = sdk.spawn(server.command, [...server.args], {
			cwd,
			env: { ...childEnvironment(process.env, hiddenEnvironment), ...server.env, ...mark },
			stdio: ['pipe', 'pipe', 'pipe'],
			windowsHide: true,
			detached: process.platform !== 'win32',
		});
		// A pipe of a process that ends may fail; that it ended is told by its exit.
		for (const stream of [started.stdin, started.stdout, started.stderr]) stream?.on('error', () => undefined);
		readMessages(started);
		started.stderr?.setEncoding('utf8').on('data', (text: string) => {
			lastError = lastLine(text) ?? lastError;
			log(text);
		});
		started.once('exit', (code, signal) => {
			fault ??= new McpFault(
				'mcp-ended',
				`It ended ${code === null ? `by the signal ${signal}` : `with exit code ${code}`}${lastError === '' ? '.' : `: ${lastError}`}`,
			);
			const timer = setTimeout(end, DRAIN_MS);
			started.once('close', () => {
				clearTimeout(timer);
				end();
			});
		});
		return started;
	}

	function readMessages({ stdout }: ChildProcess): void {
		if (!stdout) return;
		const inflow = createInflow(() => performance.now());
		let messages = 0;
		const lines = createMessageLines(MAX_MESSAGE_BYTES, (line) => {
			if (takeLine(line)) messages++;
		});
		stdout.on('data', (chunk: Buffer) => {
			if (isEnded || fault?.code === 'mcp-flood') return;
			messages = 0;
			if (!lines.add(chunk)) return flooded('It sent a message larger than 16 MB.');
			if (strayBytes > MAX_STRAY_BYTES) return flooded('It writes to stdout what is no message of the protocol.');
			const waitMs = inflow.taken(chunk.length, messages);
			if (waitMs === 0) return;
			stdout.pause();
			setTimeout(() => stdout.resume(), waitMs);
		});
	}

	/** Whether it was a message. */
	function takeLine(line: Buffer): boolean {
		const text = line.toString('utf8').trim();
		if (text === '') return false;
		const message = text.startsWith('{') ? parsedMessage(text) : undefined;
		if (message) {
			inbox.add(message);
			return true;
		}
		strayBytes += line.length;
		if (strayBytes <= MAX_LOGGED_STRAY_BYTES) log(`[no message of the protocol] ${text.slice(0, 500)}\n`);
		return false;
	}

	function parsedMessage(text: string) {
		try {
			const parsed = sdk.JSONRPCMessageSchema.safeParse(JSON.parse(text));
			return parsed.success ? parsed.data : undefined;
		} catch {
			return undefined;
		}
	}

	function flooded(reason: string): void {
		fault ??= new McpFault('mcp-flood', reason);
		child?.stdout?.destroy();
		void transport.close();
	}

	/** Tells once that nothing comes any more. */
	function end(): void {
		if (isEnded) return;
		isEnded = true;
		transport.onclose?.();
	}

	async function close(): Promise<void> {
		if (child?.pid !== undefined) {
			if (child.exitCode === null && child.signalCode === null && fault === undefined) {
				const started = child;
				started.stdin?.end();
				await new Promise<void>((resolve) => {
					const timer = setTimeout(resolve, GRACE_MS);
					started.once('exit', () => {
						clearTimeout(timer);
						resolve();
					});
				});
			}
			await endGroup(child, undefined, mark);
			for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
		}
		end();
	}
}

function notStarted(error: Error, command: string, cwd: string): McpFault {
	const code = 'code' in error ? error.code : undefined;
	// Node says the same of a folder that is not there, so both are named.
	if (code === 'ENOENT')
		return new McpFault(
			'mcp-not-found',
			`The program ${command} was not found (or the folder ${cwd} does not exist).`,
			{ cause: error },
		);
	if (code === 'EACCES')
		return new McpFault('mcp-not-found', `The program ${command} may not be run.`, { cause: error });
	return new McpFault('mcp-not-found', `The program ${command} could not be started: ${messageOf(error)}`, {
		cause: error,
	});
}

function lastLine(text: string): string | undefined {
	return text
		.slice(-2_000)
		.split('\n')
		.findLast((line) => line.trim() !== '')
		?.trim()
		.slice(0, 200);
}

/** Resolves when the process has ended, or after a moment. */
async function exitOf(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	await new Promise<void>((resolve) => {
		const timer = setTimeout(resolve, EXIT_MS);
		child.once('exit', () => {
			clearTimeout(timer);
			resolve();
		});
	});
}
