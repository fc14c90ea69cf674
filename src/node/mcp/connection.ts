/**
 * One live connection to a server: handshake, lists, requests with their time limits, and the questions that the server asks back. Ends
 * for good when the transport does; `serverLife.ts` makes the next one.
 */
import { pathToFileURL } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CancelledError, isCancelled } from '../../base/errors.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import { fittingAnswers, readElicitation } from '../../core/mcp/elicitation.ts';
import type { McpServerConfig, McpWindow } from '../../core/mcp/mcpPorts.ts';
import { plain, plainLine } from '../../core/mcp/readOffers.ts';
import type { Fetch } from './guardedFetch.ts';
import { createHttpTransport, isOlderKind, SignInNeeded } from './httpTransport.ts';
import type { McpSdk } from './mcpSdk.ts';
import { type EndedTransport, faultOf, McpFault } from './serverFaults.ts';
import type { SignIn } from './signIn.ts';
import { createStdioTransport } from './stdioTransport.ts';

export type ConnectionOptions = {
	readonly sdk: McpSdk;
	readonly config: McpServerConfig;
	readonly window: McpWindow;
	readonly version: string;
	/** Where a program runs that names no folder. */
	readonly defaultFolder: string;
	readonly hiddenEnvironment: readonly string[];
	readonly fetch: Fetch;
	readonly signIn: SignIn | undefined;
	readonly startTimeoutMs: number;
	readonly log: (text: string) => void;
	readonly onListChanged: (list: ListName) => void;
};

export type ListName = 'tools' | 'resources' | 'prompts';
export type RequestLimits = { readonly timeoutMs: number; readonly onProgress?: (text: string) => void };

export type Connection = {
	readonly title?: string;
	readonly version?: string;
	readonly instructions?: string;
	readonly offers: Readonly<Record<ListName | 'completions', boolean>>;
	/** The result as it came. Rejects with McpFault, SignInNeeded or CancelledError. */
	request(
		method: string,
		params: Readonly<Record<string, unknown>>,
		limits: RequestLimits,
		signal: AbortSignal,
	): Promise<Readonly<Record<string, unknown>>>;
	/** How many requests have no answer yet. */
	pending(): number;
	rootsChanged(): void;
	/** Resolves when nothing comes any more, with the reason. */
	readonly ended: Promise<McpFault>;
	close(): Promise<void>;
};

/** The library has a limit of its own, which cannot wait for a person; ours can. */
const NO_LIMIT_MS = 2 ** 31 - 1;
const MAX_INSTRUCTIONS_CHARS = 8_000;
const MAX_LOG_CHARS = 2_000;
const TERMINATE_MS = 1_000;
const SAMPLING_REFUSED =
	'Retrace does not let servers ask its model (sampling). Ask the user (elicitation), or do without.';

export async function connect(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
	const { transport } = options.config;
	if (transport.kind !== 'http') return await connectBy(transport.kind, options, signal);
	try {
		return await connectBy('http', options, signal);
	} catch (error) {
		if (!(error instanceof OlderKind)) throw error;
		options.log('It does not know streamable HTTP; trying the older kind of connection.\n');
		try {
			return await connectBy('sse', options, signal);
		} catch (second) {
			// What the first attempt said is nearer to the truth when neither works.
			throw second instanceof McpFault && second.code !== 'mcp-refused' ? error.fault : second;
		}
	}
}

class OlderKind extends Error {
	readonly fault: McpFault;
	constructor(fault: McpFault) {
		super(fault.message);
		this.fault = fault;
	}
}

async function connectBy(
	kind: 'stdio' | 'http' | 'sse',
	options: ConnectionOptions,
	signal: AbortSignal,
): Promise<Connection> {
	const { sdk, window, log } = options;
	const transport = transportFor(kind, options);
	const client = new sdk.Client(
		{ name: 'Retrace', version: options.version },
		{
			capabilities: {
				roots: { listChanged: true },
				...(window.elicit ? { elicitation: { form: { applyDefaults: true }, url: {} } } : {}),
			},
			// Checks of ours stand in for its own, which would compile whatever schema a server sends.
			jsonSchemaValidator: {
				getValidator: () => (input: unknown) => ({ valid: true, data: input as never, errorMessage: undefined }),
			},
		},
	);
	let closeAll = (): Promise<void> => transport.close();
	/** Starts the time of each request anew. */
	const waits = new Set<() => void>();
	const questions = answerServer(client, options, () => {
		for (const wait of waits) wait();
	});
	let end: McpFault | undefined;
	const ended = new Promise<McpFault>((resolve) => {
		client.onclose = () => {
			end = transport.fault() ?? new McpFault('mcp-ended', 'The connection was closed.');
			resolve(end);
		};
	});
	client.onerror = (error) => log(`[error] ${plain(error.message, MAX_LOG_CHARS)}\n`);
	const onAbort = () => void closeAll();
	signal.addEventListener('abort', onAbort, { once: true });
	// The library limits the greeting alone, and waits for ever for what comes before and behind it.
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(), options.startTimeoutMs);
	try {
		const connected = client.connect(transport, { timeout: options.startTimeoutMs });
		await unlessAborted(connected, AbortSignal.any([signal, late.signal]));
	} catch (error) {
		// The library closes a connection that could not be made, so that it ended says nothing by itself.
		const cause = transport.fault() ?? (error instanceof sdk.McpError ? end : undefined);
		await transport.close();
		if (signal.aborted) throw new CancelledError(undefined, { cause: error });
		if (error instanceof SignInNeeded) throw error;
		const isLate =
			late.signal.aborted || (error instanceof sdk.McpError && error.code === sdk.ErrorCode.RequestTimeout);
		const fault = isLate
			? new McpFault('mcp-timeout', `It did not answer within ${options.startTimeoutMs / 1000} s of its start.`, {
					cause: error,
				})
			: faultOf(error, sdk, cause);
		throw kind === 'http' && isOlderKind(error, sdk) ? new OlderKind(fault) : fault;
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
	}

	let pending = 0;
	const capabilities = client.getServerCapabilities() ?? {};
	const introduced = client.getServerVersion();
	const instructions = client.getInstructions();
	const title = introduced?.title ?? introduced?.name;
	closeAll = close;
	return {
		...(title === undefined ? {} : { title: plainLine(title, 80) }),
		...(introduced?.version === undefined ? {} : { version: plainLine(introduced.version, 40) }),
		...(instructions === undefined ? {} : { instructions: plain(instructions, MAX_INSTRUCTIONS_CHARS) }),
		offers: {
			tools: capabilities.tools !== undefined,
			resources: capabilities.resources !== undefined,
			prompts: capabilities.prompts !== undefined,
			completions: capabilities.completions !== undefined,
		},
		request,
		pending: () => pending,
		rootsChanged() {
			client.sendRootsListChanged().catch(() => undefined);
		},
		ended,
		close,
	};

	async function request(
		method: string,
		params: Readonly<Record<string, unknown>>,
		{ timeoutMs, onProgress }: RequestLimits,
		caller: AbortSignal,
	): Promise<Readonly<Record<string, unknown>>> {
		if (caller.aborted) throw new CancelledError();
		// One of its own for each request: the library never takes its listeners off again.
		const own = new AbortController();
		const onCancel = () => own.abort('The user stopped it.');
		caller.addEventListener('abort', onCancel, { once: true });
		let isLate = false;
		let timer: NodeJS.Timeout | undefined;
		const wait = () => {
			clearTimeout(timer);
			timer = setTimeout(() => {
				if (questions.open() > 0) return wait();
				isLate = true;
				own.abort('It took too long.');
			}, timeoutMs);
		};
		wait();
		waits.add(wait);
		pending++;
		try {
			return await client.request({ method, params }, sdk.ResultSchema, {
				signal: own.signal,
				timeout: NO_LIMIT_MS,
				onprogress: (progress) => {
					wait();
					onProgress?.(progressLine(progress));
				},
			});
		} catch (error) {
			if (caller.aborted || isCancelled(error)) throw new CancelledError(undefined, { cause: error });
			if (isLate) throw lateFault(method, timeoutMs, error);
			if (error instanceof SignInNeeded) throw error;
			throw faultOf(error, sdk, transport.fault() ?? end);
		} finally {
			pending--;
			waits.delete(wait);
			clearTimeout(timer);
			caller.removeEventListener('abort', onCancel);
		}
	}

	async function close(): Promise<void> {
		questions.cancel();
		if ('terminateSession' in transport && transport.terminateSession !== undefined) {
			// A courtesy, which must not hold up anybody.
			const timer = setTimeout(() => void transport.close(), TERMINATE_MS);
			await transport.terminateSession().catch(() => undefined);
			clearTimeout(timer);
		}
		await transport.close();
	}
}

function transportFor(
	kind: 'stdio' | 'http' | 'sse',
	{ sdk, config, defaultFolder, hiddenEnvironment, fetch, signIn, log }: ConnectionOptions,
): Transport & EndedTransport & { terminateSession?(): Promise<void> } {
	const { transport } = config;
	if (transport.kind === 'stdio')
		return createStdioTransport(sdk, transport, transport.cwd ?? defaultFolder, hiddenEnvironment, log);
	return createHttpTransport(sdk, transport, kind === 'sse' ? 'sse' : 'http', fetch, signIn);
}

function lateFault(method: string, timeoutMs: number, cause: unknown): McpFault {
	const what = `It gave no sign of life for ${timeoutMs / 1000} s, so ${method} was cancelled.`;
	return new McpFault('mcp-timeout', what, { cause });
}

/** What a server may ask and tell. Questions for the user hold up time limits; after the last of them a server has its whole time again. */
function answerServer(
	client: Client,
	options: ConnectionOptions,
	onNoneOpen: () => void,
): { open(): number; cancel(): void } {
	const { sdk, config, window, log } = options;
	let open = 0;
	const all = new AbortController();
	client.setRequestHandler(sdk.ListRootsRequestSchema, () => ({
		roots: window.roots().map(({ name, path }) => ({ name, uri: pathToFileURL(path).href })),
	}));
	const { elicit } = window;
	if (elicit)
		client.setRequestHandler(sdk.ElicitRequestSchema, async ({ params }, { signal }) => {
			const question = readElicitation(params, config.name);
			if (typeof question === 'string') throw new sdk.McpError(sdk.ErrorCode.InvalidParams, question);
			open++;
			try {
				const answer = await elicit(question, AbortSignal.any([signal, all.signal]));
				if (answer.kind !== 'answers') return { action: answer.kind === 'declined' ? 'decline' : 'cancel' };
				if (question.kind === 'url') return { action: 'accept' };
				const content = fittingAnswers(question.fields, answer.answers);
				if (content === undefined) return { action: 'cancel' };
				return {
					action: 'accept',
					content: Object.fromEntries(
						Object.entries(content).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
					),
				};
			} catch (error) {
				if (isCancelled(error)) return { action: 'cancel' };
				throw error;
			} finally {
				open--;
				if (open === 0) onNoneOpen();
			}
		});
	client.fallbackRequestHandler = async ({ method }) => {
		throw new sdk.McpError(
			sdk.ErrorCode.MethodNotFound,
			method === 'sampling/createMessage' ? SAMPLING_REFUSED : 'Method not found',
		);
	};
	client.setNotificationHandler(sdk.LoggingMessageNotificationSchema, ({ params }) => {
		const text = typeof params.data === 'string' ? params.data : (JSON.stringify(params.data) ?? '');
		log(`[${params.level}] ${plain(text, MAX_LOG_CHARS)}\n`);
	});
	client.setNotificationHandler(sdk.ToolListChangedNotificationSchema, () => options.onListChanged('tools'));
	client.setNotificationHandler(sdk.ResourceListChangedNotificationSchema, () => options.onListChanged('resources'));
	client.setNotificationHandler(sdk.PromptListChangedNotificationSchema, () => options.onListChanged('prompts'));
	return { open: () => open, cancel: () => all.abort() };
}

function progressLine({
	progress,
	total,
	message,
}: {
	progress: number;
	total?: number | undefined;
	message?: string | undefined;
}): string {
	const count = total === undefined ? `${progress}` : `${progress} of ${total}`;
	return `${message === undefined ? count : `${count}: ${plainLine(message, 300)}`}\n`;
}
