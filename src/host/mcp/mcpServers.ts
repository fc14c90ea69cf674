/**
 * The MCP servers of this window: what is declared, which of it may start, and the one client that all sessions share. Nothing is
 * started before the first prompt or before the user asks; nothing is even read in a workspace that is not trusted.
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { UserError } from '../../base/errors.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import type { ConfigProblem, DeclaredInput, DeclaredServer, ServerConfig } from '../../core/mcp/declaredServers.ts';
import { type ExpandedServer, expandServer, type ServerVariables } from '../../core/mcp/expandServer.ts';
import type { McpServer, McpServerConfig, McpServers, McpTool } from '../../core/mcp/mcpPorts.ts';
import { createMcpTools } from '../../core/mcp/mcpTools.ts';
import { missingTools } from '../../core/mcp/missingTools.ts';
import type { HeldTool, ServerConsent } from '../../core/mcp/serverConsent.ts';
import type { LateTools } from '../../core/tools/lateTools.ts';
import { OneByOne } from '../oneByOne.ts';
import type { McpConfigFiles } from './mcpConfigFiles.ts';
import type { McpInputs } from './mcpInputs.ts';

/** A declared server and how it is doing. */
export type ServerView = {
	readonly declared: DeclaredServer;
	/** What the user said about it. */
	readonly consent: 'own' | 'approved' | 'refused' | 'open';
	readonly isOff: boolean;
	/** Why it cannot be started as it is written. */
	readonly hold?: Exclude<ExpandedServer, { kind: 'ready' }>;
	/** Not there while it has not been started. */
	readonly server?: McpServer;
	/** Tools that are new, or not what they were when the user last knew them. They are not given to the agent. */
	readonly held: readonly HeldTool[];
};

export type WindowServersWorld = {
	readonly files: McpConfigFiles;
	readonly consent: ServerConsent;
	readonly inputs: McpInputs;
	/** Made with the first server that may start. */
	createClient(): McpServers;
	/** Whether a rule of the user's own allows the tool. */
	isAllowed(tool: McpTool): boolean;
	variables(): Omit<ServerVariables, 'inputs'>;
	isTrusted(): boolean;
	onError(event: string, error: unknown): void;
};

/** Who asks for a tool waits so long for servers that are starting: some fetch themselves first. */
const START_WAIT_MS = 15_000;
const NOTHING: ServerConfig = { servers: [], inputs: [], problems: [] };

export class WindowServers implements Disposable {
	readonly #world: WindowServersWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new Emitter<void>());
	readonly #work = new OneByOne(() => undefined);
	#config = NOTHING;
	#holds: ReadonlyMap<string, ServerView['hold']> = new Map();
	#heldTools: ReadonlyMap<string, readonly HeldTool[]> = new Map();
	/** By the list that the server gave; forgotten when the user's word may have changed. */
	#heldOfList = new WeakMap<readonly McpTool[], readonly HeldTool[]>();
	#client: McpServers | undefined;
	#tools: LateTools | undefined;
	#isAwake = false;
	#isClosed = false;

	/** Something of `list` or `problems` is another than before. */
	readonly onDidChange: Event<void> = this.#changed.event;

	constructor(world: WindowServersWorld) {
		this.#world = world;
		this.#store.add(world.files.onDidChange(() => this.#later()));
	}

	/** In the order of the files. */
	list(): readonly ServerView[] {
		const { consent } = this.#world;
		const running = new Map((this.#client?.list() ?? []).map((server) => [server.name, server]));
		return this.#config.servers.map((declared): ServerView => {
			const { name } = declared;
			const server = running.get(name);
			const hold = this.#holds.get(name);
			return {
				declared,
				consent: consent.of(declared),
				isOff: declared.isOff || consent.isOff(declared),
				...(hold === undefined ? {} : { hold }),
				...(server === undefined ? {} : { server }),
				held: this.#heldTools.get(name) ?? [],
			};
		});
	}

	get problems(): readonly ConfigProblem[] {
		return this.#config.problems;
	}

	/** What the files ask the user for. */
	get inputs(): readonly DeclaredInput[] {
		return this.#config.inputs;
	}

	/** Servers that may start are started, or were. */
	get isAwake(): boolean {
		return this.#isAwake;
	}

	/** Of no use before a server was started: it knows none then. */
	get client(): McpServers | undefined {
		return this.#client;
	}

	/** What FindTools finds of servers: only tools that are as the user knows them. */
	readonly lateTools: LateTools = {
		list: () => this.#tools?.list() ?? [],
		settle: async (signal) => {
			await this.#whenStarted(AbortSignal.any([signal, AbortSignal.timeout(START_WAIT_MS)]));
			return missingTools(this.list());
		},
	};

	/** With each prompt: what may start is started, in the background. Files are looked at again, since not every disk tells of changes. */
	wake(): void {
		this.#isAwake = true;
		this.#later();
	}

	/** Reads the files and follows them. Starts nothing before `wake`. */
	async refresh(): Promise<void> {
		await this.#work.run(async () => {
			if (this.#isClosed) return;
			const { files, inputs, consent, isTrusted, variables } = this.#world;
			const config = isTrusted() ? await files.read() : NOTHING;
			const configs: McpServerConfig[] = [];
			const holds = new Map<string, ServerView['hold']>();
			this.#config = config;
			for (const declared of config.servers) {
				const mayStart =
					!declared.isOff && !consent.isOff(declared) && ['own', 'approved'].includes(consent.of(declared));
				// Variables of what nobody agreed to are not even looked up.
				if (!mayStart || !this.#isAwake) continue;
				const answers = await inputs.known(declared, config.inputs);
				const expanded = expandServer(declared, { ...variables(), inputs: answers });
				if (expanded.kind !== 'ready') holds.set(declared.name, expanded);
				else configs.push({ name: declared.name, transport: placed(expanded.transport, declared), admission: 'start' });
			}
			this.#holds = holds;
			// Another window or the end may have come while files were read.
			if (this.#isClosed) return;
			if (configs.length > 0) this.#client ??= this.#createClient();
			this.#client?.configure(configs);
			this.#look();
		});
	}

	view(name: string): ServerView {
		const found = this.list().find(({ declared }) => declared.name === name);
		if (found) return found;
		throw new UserError('mcp-no-server', `There is no MCP server “${name}” now. Its file may have changed.`);
	}

	/** The user agreed, or did not. */
	async answer(declared: DeclaredServer, verdict: 'approve' | 'refuse'): Promise<void> {
		const { consent } = this.#world;
		if (verdict === 'approve') await consent.approve(declared);
		else await consent.refuse(declared);
		this.#isAwake ||= verdict === 'approve';
		await this.refresh();
	}

	/** By the user's wish; asks for inputs that have no answer. False when the user left. */
	async start(name: string): Promise<boolean> {
		this.#isAwake = true;
		const { declared, isOff } = this.view(name);
		if (isOff) await this.#world.consent.setOff(declared, false);
		await this.refresh();
		const { hold } = this.view(name);
		if (hold?.kind === 'unusable') throw new UserError('mcp-unusable', `“${name}” was not started. ${hold.problem}`);
		if (hold?.kind === 'needsInputs') {
			if (!(await this.#world.inputs.ask(declared, hold.ids, this.#config.inputs))) return false;
			await this.refresh();
		}
		const state = this.#client?.list().find((server) => server.name === name)?.state.kind;
		if (state === 'off' || state === 'failed' || state === 'reconnecting') await this.#client?.start(name);
		return true;
	}

	async setOff(name: string, isOff: boolean): Promise<void> {
		await this.#world.consent.setOff(this.view(name).declared, isOff);
		await this.refresh();
	}

	async forgetInputs(name: string): Promise<void> {
		await this.#world.inputs.forget(this.view(name).declared);
		await this.refresh();
	}

	/** The user knows what these tools say now. */
	async acceptTools(name: string, tools: readonly McpTool[]): Promise<void> {
		await this.#world.consent.acceptTools(this.view(name).declared, tools);
		this.#look();
	}

	/** Ends every server with all its processes. */
	async close(): Promise<void> {
		this.#isClosed = true;
		await this.#client?.dispose();
		await this.#work.whenFree();
		this.dispose();
	}

	dispose(): void {
		this.#isClosed = true;
		this.#store.dispose();
	}

	#createClient(): McpServers {
		const client = this.#world.createClient();
		this.#tools = createMcpTools(client, {
			isApproved: ({ name, tools }, tool) => this.#heldOf(name, tools).every((held) => held.name !== tool.name),
			isAllowed: this.#world.isAllowed,
		});
		this.#store.add(client.onDidChange(() => this.#look()));
		return client;
	}

	/** Resolves when no server is on its way, or with the signal. */
	async #whenStarted(signal: AbortSignal): Promise<void> {
		const isStarting = () => this.list().some(({ server }) => server?.state.kind === 'starting');
		await unlessAborted(this.#work.whenFree(), signal).catch(() => undefined);
		if (!isStarting() || signal.aborted) return;
		await new Promise<void>((resolve) => {
			const listening = this.#changed.event(() => {
				if (!isStarting()) done();
			});
			const done = () => {
				listening.dispose();
				signal.removeEventListener('abort', done);
				resolve();
			};
			signal.addEventListener('abort', done, { once: true });
		});
	}

	/** Learns the tools of servers that are ready, and tells. */
	#look(): void {
		if (this.#isClosed) return;
		const servers = this.#client?.list() ?? [];
		this.#heldOfList = new WeakMap();
		this.#heldTools = new Map(servers.map(({ name, tools }) => [name, this.#heldOf(name, tools)]));
		this.#changed.fire();
	}

	/** Of a whole list, since what a server offers at first is learned together. */
	#heldOf(name: string, tools: readonly McpTool[]): readonly HeldTool[] {
		if (tools.length === 0) return [];
		const declared = this.#config.servers.find((server) => server.name === name);
		// Its declaration went a moment ago, and so will the server.
		if (!declared) return tools.map((tool) => ({ ...tool, isNew: false }));
		const held = this.#heldOfList.get(tools) ?? this.#world.consent.heldTools(declared, tools);
		this.#heldOfList.set(tools, held);
		return held;
	}

	/** Its own barrier. */
	#later(): void {
		this.refresh().catch((error) => this.#world.onError('mcp', error));
	}
}

/** A program of a folder's file runs in that folder. */
function placed(transport: McpServerConfig['transport'], { folder }: DeclaredServer): McpServerConfig['transport'] {
	return transport.kind === 'stdio' && transport.cwd === undefined && folder !== undefined
		? { ...transport, cwd: folder }
		: transport;
}
