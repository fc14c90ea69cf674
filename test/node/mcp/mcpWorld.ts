// The client with real servers: the reference server as a process, and small programs that behave badly.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
	McpServer,
	McpServerConfig,
	McpServers,
	McpStdioTransport,
	McpWindow,
} from '../../../src/core/mcp/mcpPorts.ts';
import { createMcpServers, type McpServersOptions } from '../../../src/node/mcp/mcpServers.ts';
import { usualTiming } from '../../../src/node/mcp/serverLife.ts';

export const never: AbortSignal = new AbortController().signal;
export const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-mcp-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export type World = { readonly servers: McpServers; readonly errors: unknown[]; dispose(): Promise<void> };

export function startWorld(window: Partial<McpWindow> = {}, options: Partial<McpServersOptions> = {}): World {
	const errors: unknown[] = [];
	const servers = createMcpServers(
		{
			roots: () => [{ name: 'app', path: folder }],
			isTrusted: () => true,
			onError: (error) => errors.push(error),
			...window,
		},
		{
			version: '1.0.0',
			hiddenEnvironment: [],
			timing: { ...usualTiming, reconnectDelaysMs: [20, 40, 60], listChangesMs: 30 },
			...options,
		},
	);
	return { servers, errors, dispose: () => servers.dispose() };
}

export const everything: McpStdioTransport = {
	kind: 'stdio',
	command: process.execPath,
	args: [fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js')), 'stdio'],
	env: {},
};

/** A small server of ours that behaves as `how` says. */
export function badServer(how: string, env: Record<string, string> = {}): McpStdioTransport {
	const program = fileURLToPath(new URL('../../fakes/mcp/badServer.ts', import.meta.url));
	return { kind: 'stdio', command: process.execPath, args: [program, how], env };
}

export function config(
	name: string,
	transport: McpServerConfig['transport'],
	more: Partial<McpServerConfig> = {},
): McpServerConfig {
	return { name, transport, admission: 'start', ...more };
}

/** Waits until the server is as asked for, and gives it. Other final states fail at once. */
export async function untilServer(
	servers: McpServers,
	name: string,
	isAsked: (server: McpServer) => boolean,
	timeoutMs = 25_000,
): Promise<McpServer> {
	return await new Promise((resolve, reject) => {
		const look = () => {
			const server = servers.list().find((one) => one.name === name);
			if (!server || !isAsked(server)) return;
			done();
			resolve(server);
		};
		const timer = setTimeout(() => {
			done();
			const last = JSON.stringify(servers.list().find((one) => one.name === name)?.state);
			reject(new Error(`${name} is ${last}\n${servers.log(name).slice(-2_000)}`));
		}, timeoutMs);
		const listening = servers.onDidChange(look);
		const done = () => {
			clearTimeout(timer);
			listening.dispose();
		};
		look();
	});
}

export const isReady = ({ state }: McpServer): boolean => state.kind === 'ready';
export const isFailed = ({ state }: McpServer): boolean => state.kind === 'failed';
