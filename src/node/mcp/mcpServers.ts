/** The port McpServers: all configured servers of a window. Loads the protocol's library when the first one is to start. */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { Emitter } from '../../base/emitter.ts';
import { UserError } from '../../base/errors.ts';
import type { McpQuestion, McpServerConfig, McpServers, McpWindow } from '../../core/mcp/mcpPorts.ts';
import { readCallResult, readPromptMessages, readResourceContents } from '../../core/mcp/readContent.ts';
import { plain, plainLine } from '../../core/mcp/readOffers.ts';
import { connect } from './connection.ts';
import { createGuardedFetch, type Fetch } from './guardedFetch.ts';
import type { McpSdk } from './mcpSdk.ts';
import { McpFault } from './serverFaults.ts';
import { createServerLife, type LifeTiming, type ServerLife, usualTiming } from './serverLife.ts';
import { createSignIn, type SignIn } from './signIn.ts';

export type McpServersOptions = {
	/** Ours, as servers see it. */
	readonly version: string;
	/** Variables that no server gets, besides `ANTHROPIC_*`. */
	readonly hiddenEnvironment: readonly string[];
	readonly timing?: LifeTiming;
	readonly fetch?: Fetch;
};

const START_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 120_000;
const READ_TIMEOUT_MS = 60_000;
const COMPLETE_TIMEOUT_MS = 5_000;
/** Changes are told together for so long. */
const CHANGE_MS = 100;
const MAX_COMPLETIONS = 100;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
let library: Promise<McpSdk> | undefined;

export function createMcpServers(window: McpWindow, options: McpServersOptions): McpServers {
	const timing = options.timing ?? usualTiming;
	const onError = (error: unknown): void => window.onError?.(error);
	const changed = new Emitter<void>(onError);
	const asked = new Emitter<McpQuestion>(onError);
	let lives = new Map<string, ServerLife>();
	let isTelling = false;
	let isDisposed = false;
	/** What was taken away and is not gone yet. */
	const goingAway = new Set<Promise<void>>();
	const signedIn = window.signIn?.secrets.onDidChange?.(() => {
		for (const life of lives.values()) life.lookForSignIn().catch(onError);
	});

	return {
		list: () => [...lives.values()].map((life) => life.view()),
		onDidChange: changed.event,
		onDidAsk: asked.event,
		configure,
		start: (name) => lifeOf(name).start(),
		stop: (name) => lifeOf(name).stop(),
		async restart(name) {
			await lifeOf(name).stop();
			await lifeOf(name).start();
		},
		signIn: (name, signal) => lifeOf(name).signIn(signal),
		signOut: (name) => lifeOf(name).signOut(),
		async call(name, tool, input, onProgress, signal) {
			const life = trusted(name);
			const timeoutMs = life.config.callTimeoutMs ?? CALL_TIMEOUT_MS;
			return await life.use(async (connection) => {
				const raw = await connection.request(
					'tools/call',
					{ name: tool, arguments: input },
					{ timeoutMs, onProgress },
					signal,
				);
				return understood(readCallResult(raw));
			}, signal);
		},
		async readResource(name, uri, signal) {
			return await trusted(name).use(
				async (connection) =>
					understood(
						readResourceContents(
							await connection.request('resources/read', { uri }, { timeoutMs: READ_TIMEOUT_MS }, signal),
						),
					),
				signal,
			);
		},
		async getPrompt(name, prompt, values, signal) {
			return await trusted(name).use(
				async (connection) =>
					understood(
						readPromptMessages(
							await connection.request(
								'prompts/get',
								{ name: prompt, arguments: values },
								{ timeoutMs: READ_TIMEOUT_MS },
								signal,
							),
						),
					),
				signal,
			);
		},
		async complete(name, of, argument, signal) {
			return await trusted(name).use(async (connection) => {
				if (!connection.offers.completions) return [];
				const ref =
					of.kind === 'prompt' ? { type: 'ref/prompt', name: of.name } : { type: 'ref/resource', uri: of.uriTemplate };
				const { completion } = await connection.request(
					'completion/complete',
					{ ref, argument },
					{ timeoutMs: COMPLETE_TIMEOUT_MS },
					signal,
				);
				return completionsOf(completion);
			}, signal);
		},
		log: (name) => lives.get(name)?.log() ?? '',
		rootsChanged() {
			for (const life of lives.values()) life.rootsChanged();
		},
		async dispose() {
			isDisposed = true;
			signedIn?.dispose();
			const all = [...lives.values()];
			lives = new Map();
			await Promise.allSettled([...all.map((life) => life.stop()), ...goingAway]);
			changed.dispose();
			asked.dispose();
		},
	};

	function configure(configs: readonly McpServerConfig[]): void {
		if (isDisposed) return;
		const before = lives;
		lives = new Map();
		for (const config of configs) {
			const old = before.get(config.name);
			if (lives.has(config.name)) continue;
			if (old && JSON.stringify(old.config) === JSON.stringify(config)) {
				lives.set(config.name, old);
				before.delete(config.name);
				continue;
			}
			const life = createLife(config);
			lives.set(config.name, life);
			before.delete(config.name);
			// One process at a time, also of a server that is configured anew.
			const gone = old ? away(old) : Promise.resolve();
			if (config.admission === 'start')
				gone.then(() => (lives.get(config.name) === life ? life.start() : undefined)).catch(onError);
		}
		for (const life of before.values()) void away(life);
		tell();
	}

	function away(life: ServerLife): Promise<void> {
		const gone = life
			.stop()
			.catch(onError)
			.finally(() => goingAway.delete(gone));
		goingAway.add(gone);
		return gone;
	}

	function createLife(config: McpServerConfig): ServerLife {
		let signIn: Promise<SignIn | undefined> | undefined;
		const way = (): Promise<SignIn | undefined> => {
			signIn ??= signInFor(config);
			return signIn;
		};
		return createServerLife({
			config,
			timing,
			hash: sha256,
			isTrusted: window.isTrusted,
			signIn: way,
			connect: async (log, onListChanged, signal) =>
				connect(
					{
						sdk: await loadLibrary(),
						config,
						window: window.elicit ? { ...window, elicit: tellingAsk(window.elicit) } : window,
						version: options.version,
						defaultFolder: window.roots()[0]?.path ?? homedir(),
						hiddenEnvironment: options.hiddenEnvironment,
						fetch: options.fetch ?? globalFetch,
						signIn: await way(),
						startTimeoutMs: config.startTimeoutMs ?? START_TIMEOUT_MS,
						log,
						onListChanged,
					},
					signal,
				),
			onChange: tell,
		});
	}

	function tellingAsk(elicit: NonNullable<McpWindow['elicit']>): NonNullable<McpWindow['elicit']> {
		return async (question, signal) => {
			const answer = elicit(question, signal);
			const done = () => undefined;
			asked.fire({ server: question.server, message: question.message, answered: answer.then(done, done) });
			return await answer;
		};
	}

	/** None for programs, and none where the configuration has credentials of its own. */
	async function signInFor({ name, transport }: McpServerConfig): Promise<SignIn | undefined> {
		if (transport.kind === 'stdio' || !window.signIn) return undefined;
		if (Object.keys(transport.headers).some((header) => header.toLowerCase() === 'authorization')) return undefined;
		return createSignIn({
			sdk: await loadLibrary(),
			server: name,
			url: transport.url,
			registration: transport.client,
			window: window.signIn,
			fetch: createGuardedFetch(transport.url, transport.headers, options.fetch ?? globalFetch, () => undefined),
			answerMs: timing.signInAnswerMs,
		});
	}

	function lifeOf(name: string): ServerLife {
		const life = lives.get(name);
		if (life) return life;
		throw new UserError('mcp-no-server', `There is no server named ${plainLine(name, 80)}. Nothing was done.`);
	}

	function trusted(name: string): ServerLife {
		if (!window.isTrusted())
			throw new UserError(
				'mcp-untrusted',
				'The workspace is not trusted, so no server is asked. The user can trust it first.',
			);
		return lifeOf(name);
	}

	function tell(): void {
		if (isTelling || isDisposed) return;
		isTelling = true;
		setTimeout(() => {
			isTelling = false;
			if (!isDisposed) changed.fire();
		}, CHANGE_MS).unref();
	}
}

const globalFetch: Fetch = (url, init) => fetch(url, init);

function loadLibrary(): Promise<McpSdk> {
	library ??= import('./mcpSdk.ts').then(({ mcpSdk }) => mcpSdk);
	return library;
}

function understood<T>(read: T | undefined): T {
	if (read === undefined)
		throw new McpFault('mcp-bad-reply', 'It answered with something that is not as the protocol says.');
	return read;
}

function completionsOf(completion: unknown): readonly string[] {
	if (typeof completion !== 'object' || completion === null || !('values' in completion)) return [];
	const { values } = completion;
	if (!Array.isArray(values)) return [];
	return values
		.filter((value) => typeof value === 'string')
		.slice(0, MAX_COMPLETIONS)
		.map((value) => plain(value, 500));
}
