// The MCP servers of a window over files, a store and a client that live in memory.
import type { Disposable } from '../../../src/base/disposable.ts';
import { Emitter } from '../../../src/base/emitter.ts';
import { type ConfigText, joinServers, readServers } from '../../../src/core/mcp/declaredServers.ts';
import type {
	McpServer,
	McpServerConfig,
	McpServerState,
	McpServers,
	McpTool,
} from '../../../src/core/mcp/mcpPorts.ts';
import { createServerConsent } from '../../../src/core/mcp/serverConsent.ts';
import { WindowServers } from '../../../src/host/mcp/mcpServers.ts';
import { sha256 } from '../../host/support/plainDisk.ts';

export function tool(name: string, definitionHash = '1', server = 's'): McpTool {
	return {
		...{ name, callName: `mcp__${server}__${name}`, description: `Does ${name}`, inputSchema: { type: 'object' } },
		definitionHash,
		hints: { isReadOnly: false, isDestructive: true, isIdempotent: false, isOpenWorld: true },
	};
}

export function serverOf(config: McpServerConfig, more: Partial<McpServer> = {}): McpServer {
	return {
		...{ name: config.name, config, state: { kind: 'ready' }, tools: [], resources: [], resourceTemplates: [] },
		...{ prompts: [], problems: [], ...more },
	};
}

export function createMcpScene() {
	const scene = {
		/** Text of `.mcp.json`. */
		project: '{"mcpServers":{}}',
		own: '{}',
		isTrusted: true,
		stored: undefined as unknown,
		reads: 0,
		configured: [] as (readonly McpServerConfig[])[],
		/** By name. */
		tools: {} as Record<string, readonly McpTool[]>,
		/** By name; default ready. */
		states: {} as Record<string, McpServerState>,
		answers: {} as Record<string, string>,
		environment: {} as Record<string, string>,
		started: [] as string[],
		asked: [] as (readonly string[])[],
		nowMs: 0,
		errors: [] as unknown[],
		isDisposed: false,
	};
	const filesChanged = new Emitter<void>();
	const clientChanged = new Emitter<void>();
	const unused = async () => {
		throw new Error('not part of this scene');
	};
	const client: McpServers = {
		list: () =>
			(scene.configured.at(-1) ?? []).map((config) => {
				const state = scene.states[config.name];
				return serverOf(config, { tools: scene.tools[config.name] ?? [], ...(state === undefined ? {} : { state }) });
			}),
		onDidChange: clientChanged.event,
		configure: (configs) => void scene.configured.push(configs),
		start: async (name) => void scene.started.push(name),
		stop: unused,
		restart: unused,
		signIn: unused,
		signOut: unused,
		call: unused,
		readResource: unused,
		getPrompt: unused,
		complete: unused,
		log: () => '',
		rootsChanged: () => undefined,
		async dispose() {
			scene.isDisposed = true;
		},
	};
	const texts = (): readonly ConfigText[] => [
		{ source: 'project', file: '.mcp.json', folder: '/w', text: scene.project },
		{ source: 'user', file: 'retrace.mcp.servers', text: scene.own },
	];
	const open = (): WindowServers => {
		const servers: WindowServers = new WindowServers({
			files: {
				async read() {
					scene.reads++;
					return joinServers(texts().map(readServers));
				},
				onDidChange: filesChanged.event,
				dispose: () => undefined,
			},
			consent: createServerConsent({
				store: {
					get: () => scene.stored,
					async set(value) {
						scene.stored = structuredClone(value);
					},
				},
				hash: sha256,
				inputs: () => servers.inputs,
				now: () => scene.nowMs,
				onError: (error) => scene.errors.push(error),
			}),
			inputs: {
				known: async () => scene.answers,
				async ask(_server, ids) {
					scene.asked.push(ids);
					scene.answers = Object.fromEntries(ids.map((id) => [id, `answer to ${id}`]));
					return true;
				},
				async forget() {
					scene.answers = {};
				},
			},
			createClient: () => client,
			isAllowed: () => false,
			variables: () => ({
				...{ environment: scene.environment, defaultFolder: '/w', folders: { w: '/w' }, homeFolder: '/home/u' },
				pathSeparator: '/',
			}),
			isTrusted: () => scene.isTrusted,
			onError: (_event, error) => scene.errors.push(error),
		});
		return servers;
	};
	return Object.assign(scene, { open, filesChanged, clientChanged } satisfies Record<string, unknown>);
}

/** Resolves with the first change after which `isTrue` holds; at once when it does. */
export async function whenTrue(
	isTrue: () => boolean,
	onDidChange: (listener: () => void) => Disposable,
): Promise<void> {
	if (isTrue()) return;
	await new Promise<void>((resolve) => {
		const listening = onDidChange(() => {
			if (!isTrue()) return;
			listening.dispose();
			resolve();
		});
	});
}
