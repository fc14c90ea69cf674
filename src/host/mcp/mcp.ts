/** MCP in this window, put together: files, consent, the client, the view and its commands. Decides nothing itself. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import { plural } from '../../base/text.ts';
import type { McpServers } from '../../core/mcp/mcpPorts.ts';
import { createServerConsent } from '../../core/mcp/serverConsent.ts';
import { findRule } from '../../core/permission/rules.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { LateTools } from '../../core/tools/lateTools.ts';
import type { MentionOffer } from '../../protocol/toPanel.ts';
import type { McpNode, OutsideWorld } from '../agentTypes.ts';
import { permissionRules } from '../settings.ts';
import { createMcpCommands, showView } from './mcpCommands.ts';
import { createMcpConfigFiles } from './mcpConfigFiles.ts';
import { type McpDialogs, mcpDialogs } from './mcpDialogs.ts';
import { elicit } from './mcpElicitation.ts';
import { createMcpInputs } from './mcpInputs.ts';
import { createMcpLogs } from './mcpLogs.ts';
import { createResourceReader, findResources, type ResourceReader } from './mcpMentions.ts';
import { WindowServers } from './mcpServers.ts';
import { createMcpSignIn, type McpSignIn } from './mcpSignIn.ts';
import { McpTree, type McpView } from './mcpTree.ts';

const STATE_KEY = 'retrace.mcpConsent';

export type McpWorld = {
	readonly outside: Pick<OutsideWorld, 'mcpServers' | 'homeFolder'>;
	readonly view: McpView;
	/** Of this workspace, and in no file of it. */
	readonly state: vscode.Memento;
	readonly secrets: vscode.SecretStorage;
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly dialogs?: McpDialogs;
	readonly environment?: Readonly<Record<string, string | undefined>>;
	/** In ms; default: since the window began. */
	readonly now?: () => number;
	roots(): readonly WorkspaceRoot[];
	cwd(): string;
	isTrusted(): boolean;
	addToInput(text: string): Promise<void>;
	onError(event: string, error: unknown): void;
};

export type Mcp = Disposable & {
	readonly tree: vscode.TreeDataProvider<McpNode>;
	readonly servers: WindowServers;
	readonly commands: ReturnType<typeof createMcpCommands>;
	/** For the turns of every session. */
	readonly ports: {
		readonly lateToolSources: readonly LateTools[];
		readonly readResource: ResourceReader;
		/** Resources that fit what is typed behind an `@`. */
		findMentions(query: string): MentionOffer[];
		/** With each prompt: servers that may start are started, beside what goes on. */
		wakeServers(): void;
	};
	/** Starts what may start; the servers, once that has begun. */
	awake(): McpServers | undefined;
	readonly takeRedirect: McpSignIn['takeRedirect'];
	/** Ends every server with all its processes. */
	close(): Promise<void>;
};

export function createMcp(world: McpWorld): Mcp {
	const { outside, state, secrets, blobs, roots, isTrusted, onError, dialogs = mcpDialogs } = world;
	const store = new DisposableStore();
	const signIn = createMcpSignIn(secrets);
	const files = store.add(createMcpConfigFiles({ roots, isTrusted }));
	const consent = createServerConsent({
		store: { get: () => state.get(STATE_KEY), set: (value) => state.update(STATE_KEY, value) },
		hash: (bytes) => blobs.hash(bytes),
		inputs: () => servers.inputs,
		now: world.now ?? (() => performance.now()),
		onError: (error) => onError('mcp.consent', error),
	});
	const createClient = (): McpServers => {
		const client = outside.mcpServers?.({
			...{ roots, isTrusted, elicit, signIn },
			onError: (error) => onError('mcp.client', error),
		});
		if (client) return client;
		throw new UserError('mcp-unavailable', 'MCP servers cannot be started here.');
	};
	const servers: WindowServers = store.add(
		new WindowServers({
			files,
			consent,
			inputs: createMcpInputs(secrets, state),
			createClient,
			isAllowed: ({ callName }) =>
				findRule(permissionRules().allow, callName, { kind: 'none' }, 'strict') !== undefined,
			variables: () => ({
				environment: world.environment ?? process.env,
				defaultFolder: world.cwd(),
				folders: Object.fromEntries(roots().map(({ name, path }) => [name, path])),
				homeFolder: outside.homeFolder,
				pathSeparator: process.platform === 'win32' ? '\\' : '/',
			}),
			isTrusted,
			onError,
		}),
	);
	const awake = () => {
		// The prompt that is being typed would start them, too.
		if (!servers.isAwake) servers.wake();
		return servers.client;
	};
	const tree = store.add(new McpTree(servers, world.view));
	const logs = store.add(createMcpLogs(servers));
	store.add(vscode.workspace.onDidChangeWorkspaceFolders(() => servers.client?.rootsChanged()));
	store.add(tellOfWaiting(servers, dialogs));
	// Rows without a process: nothing starts by this.
	servers.refresh().catch((error) => onError('mcp', error));
	return {
		tree,
		servers,
		commands: createMcpCommands({ servers, dialogs, logs, roots, addToInput: world.addToInput }),
		ports: {
			lateToolSources: [servers.lateTools],
			readResource: createResourceReader(() => servers.client),
			findMentions: (query) => findResources(query, awake()?.list() ?? []),
			wakeServers: () => servers.wake(),
		},
		awake,
		takeRedirect: signIn.takeRedirect,
		async close() {
			await servers.close();
			store.dispose();
		},
		dispose: () => store.dispose(),
	};
}

const KEPT_BACK = 'They are kept from the agent until you looked at them.';

/** Once for what waits for an answer, and only when servers would start. */
function tellOfWaiting(servers: WindowServers, dialogs: McpDialogs): Disposable {
	const told = new Set<string>();
	return servers.onDidChange(() => {
		if (!servers.isAwake) return;
		const views = servers.list().filter((view) => !view.isOff);
		const waiting = views.filter(({ consent }) => consent === 'open').map(({ declared }) => declared.name);
		const holding = (isNew: boolean) =>
			views.filter(({ held }) => held.some((tool) => tool.isNew === isNew)).map(({ declared }) => declared.name);
		const [changed, added] = [holding(false), holding(true)];
		const all = [
			...waiting.map((name) => `start ${name}`),
			...changed.map((name) => `changed ${name}`),
			...added.map((name) => `added ${name}`),
		];
		const news = all.filter((one) => !told.has(one));
		for (const one of news) told.add(one);
		if (news.length === 0) return;
		const sentences = [
			...(waiting.length > 0
				? [
						`This folder declares ${plural(waiting.length, 'MCP server')} (${waiting.join(', ')}). Nothing of it runs before you allow it.`,
					]
				: []),
			...(changed.length > 0
				? [`Tools of ${changed.join(', ')} are described in other words than before. ${KEPT_BACK}`]
				: []),
			...(added.length > 0 ? [`There are new tools of ${added.join(', ')}. ${KEPT_BACK}`] : []),
		];
		const show = async () => ((await dialogs.tellOfWaiting(sentences.join(' '))) ? await showView() : undefined);
		void show();
	});
}
