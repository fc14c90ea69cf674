/**
 * The port StreamModel over the Messages API, or any server that speaks it. One call is one attempt.
 * Does not retry, does not choose models and keeps no key.
 */
import type { ModelInfo as ApiModelInfo } from '@anthropic-ai/sdk/resources/models';
import { CancelledError } from '../../base/errors.ts';
import { modelInfoFor } from '../../core/model/catalogue.ts';
import { ModelError } from '../../core/model/modelError.ts';
import type { ModelEvent, ModelInfo, ModelReply, ModelRequest, StreamModel } from '../../core/model/modelPort.ts';
import { effortLevels } from '../../core/model/modelTuning.ts';
import type { Clock } from '../../core/ports.ts';
import { createMessagesClient, requestHeaders } from './anthropicClient.ts';
import {
	cutOffError,
	errorInReply,
	noKeyError,
	stalledError,
	toModelError,
	unreadableKeyError,
} from './modelErrors.ts';
import { countParams, createParams } from './requestBody.ts';
import { createReplyReader } from './streamReply.ts';
import { readWholeReply } from './wholeReply.ts';

/** The API pings every few seconds, so a minute and a half of silence is a dead connection, not a slow model. */
const DEFAULT_IDLE_TIMEOUT_MS = 90_000;
/** Local servers read the whole prompt before they send headers, or behind them; what `fetch` itself allows is the sensible most. */
const DEFAULT_HEADERS_TIMEOUT_MS = 300_000;
/** After the last event the connection may close in its own time, so that it can be used again. */
const CLOSE_GRACE_MS = 2_000;
/** More models than any endpoint lists; ends the paging of one that repeats itself. */
const MAX_LISTED_MODELS = 2_000;

export type AnthropicModelOptions = {
	/** Address of the endpoint without `/v1`. */
	readonly baseUrl: string;
	readonly apiKeyHeader: 'authorization' | 'x-api-key' | 'none';
	/** Asked before each request; undefined or empty = no key, and nothing is sent. */
	readonly apiKey: () => Promise<string | undefined>;
	/** Longest silence inside a reply, pings counted as sound. Default 90 s. */
	readonly idleTimeoutMs?: number;
	/** Longest wait for headers, and behind them for the first piece of a reply. Default 5 min. */
	readonly headersTimeoutMs?: number;
	readonly clock: Clock;
};

export function createAnthropicModel(options: AnthropicModelOptions): StreamModel {
	const idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
	const headersTimeoutMs = options.headersTimeoutMs ?? DEFAULT_HEADERS_TIMEOUT_MS;

	/** Runs `task` with a client for one call; everything it throws comes out as ModelError or CancelledError. */
	async function call<T>(
		task: (call: OpenCall) => Promise<T>,
		betas: readonly string[],
		signal: AbortSignal,
	): Promise<T> {
		if (signal.aborted) throw new CancelledError();
		const { baseUrl, apiKeyHeader } = options;
		checkBaseUrl(baseUrl);
		const apiKey = apiKeyHeader === 'none' ? '' : await keyOf(options.apiKey);
		if (signal.aborted) throw new CancelledError();
		const idle = startIdleWatch(headersTimeoutMs, idleTimeoutMs);
		const { begin: onHeaders, touch: onBytes } = idle;
		const client = createMessagesClient({ baseUrl, apiKeyHeader, apiKey, headersTimeoutMs, onHeaders, onBytes });
		const own = new AbortController();
		const abort = () => own.abort();
		signal.addEventListener('abort', abort, { once: true });
		idle.signal.addEventListener('abort', abort, { once: true });
		const requestOptions = { headers: requestHeaders({ apiKey, apiKeyHeader }, betas), signal: own.signal };
		try {
			return await task({ client, requestOptions, idle });
		} catch (error) {
			// Whatever it was, nobody reads on: the connection must not stay open.
			own.abort();
			if (signal.aborted) throw new CancelledError(undefined, { cause: error });
			if (error instanceof ListenerFailure) throw error.cause;
			if (idle.signal.aborted) throw stalledError(idle.limitMs(), null);
			throw toModelError(error, { baseUrl, apiKey });
		} finally {
			signal.removeEventListener('abort', abort);
			idle.stop();
		}
	}

	async function stream(
		request: ModelRequest,
		onEvent: (event: ModelEvent) => void,
		signal: AbortSignal,
	): Promise<ModelReply> {
		const startedAt = options.clock.now();
		let firstTokenMs: number | undefined;
		return call(
			async ({ client, requestOptions, idle }) => {
				const answer = await client.messages.create(createParams(request), requestOptions).withResponse();
				const requestId = answer.response.headers.get('request-id');
				const reader = createReplyReader((event) => {
					if (signal.aborted) return;
					if (event.kind !== 'started') firstTokenMs ??= options.clock.now() - startedAt;
					tell(onEvent, event);
				});
				const events = await eventsOf(answer);
				let hasEvents = false;
				for (;;) {
					const next = await events.next();
					// The SDK ends an aborted stream without a word.
					if (signal.aborted) throw new CancelledError();
					if (idle.signal.aborted) throw stalledError(idle.limitMs(), requestId);
					if (next.done) break;
					hasEvents = true;
					if (!reader.read(next.value)) continue;
					void drain(events, () => answer.data.controller.abort());
					break;
				}
				if (!hasEvents) throw noEventsError(answer.response, options.baseUrl, requestId);
				const facts = reader.facts();
				if (!facts) throw cutOffError(requestId);
				const totalMs = options.clock.now() - startedAt;
				return { ...facts, requestId, firstTokenMs: firstTokenMs ?? totalMs, totalMs };
			},
			request.betas,
			signal,
		);
	}

	async function listModels(signal: AbortSignal): Promise<readonly ModelInfo[]> {
		return call(
			async ({ client, requestOptions }) => {
				const models = new Map<string, ModelInfo>();
				for await (const model of client.models.list({ limit: 100 }, requestOptions)) {
					if (models.has(model.id) || models.size >= MAX_LISTED_MODELS) break;
					if (model.lifecycle !== 'retired') models.set(model.id, toModelInfo(model));
				}
				if (signal.aborted) throw new CancelledError();
				return [...models.values()];
			},
			[],
			signal,
		);
	}

	async function countTokens(request: ModelRequest, signal: AbortSignal): Promise<number | undefined> {
		try {
			return await call(
				async ({ client, requestOptions }) => {
					const count = await client.messages.countTokens(countParams(request), requestOptions);
					return typeof count.input_tokens === 'number' ? count.input_tokens : undefined;
				},
				request.betas,
				signal,
			);
		} catch (error) {
			// Compatible servers often have no such endpoint, or refuse parts of the request here.
			if (error instanceof ModelError && (error.status === 404 || error.status === 400)) return undefined;
			throw error;
		}
	}

	return { label: 'Anthropic API', stream, listModels, countTokens };
}

/** What a listener threw, which is no failure of the model and goes to the caller as it is. */
class ListenerFailure extends Error {}

function tell(onEvent: (event: ModelEvent) => void, event: ModelEvent): void {
	try {
		onEvent(event);
	} catch (error) {
		throw new ListenerFailure('The listener failed.', { cause: error });
	}
}

type OpenCall = {
	readonly client: ReturnType<typeof createMessagesClient>;
	readonly requestOptions: { headers: Record<string, string | null>; signal: AbortSignal };
	readonly idle: IdleWatch;
};

type IdleWatch = {
	readonly signal: AbortSignal;
	/** The headers came. */
	begin(): void;
	/** A piece of the reply came. */
	touch(): void;
	stop(): void;
	/** The limit that holds now. */
	limitMs(): number;
};

/** Aborts its signal when the reply does not begin within `firstMs` of its headers, or nothing of it comes for `idleTimeoutMs`. */
function startIdleWatch(firstMs: number, idleTimeoutMs: number): IdleWatch {
	const controller = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	let limitMs = firstMs;
	let isStopped = false;
	const start = () => {
		clearTimeout(timer);
		timer = setTimeout(() => controller.abort(), limitMs);
	};
	return {
		signal: controller.signal,
		begin() {
			if (!isStopped) start();
		},
		touch() {
			if (isStopped) return;
			if (timer && limitMs === idleTimeoutMs) {
				timer.refresh();
				return;
			}
			limitMs = idleTimeoutMs;
			start();
		},
		stop() {
			isStopped = true;
			clearTimeout(timer);
		},
		limitMs: () => limitMs,
	};
}

type Answer = { readonly data: AsyncIterable<unknown>; readonly response: Response };

/** Those of the stream; of an answer in one piece, those that it stands for. */
async function eventsOf({ data, response }: Answer): Promise<AsyncIterator<unknown>> {
	if (!/^application\/json\b/i.test(response.headers.get('content-type') ?? '')) return data[Symbol.asyncIterator]();
	const whole = readWholeReply(await response.text());
	if ('error' in whole) throw errorInReply(whole.error, response.headers);
	const each = whole.events[Symbol.iterator]();
	return { next: async () => each.next() };
}

/** Reads what is left after the last event. What goes wrong from here on concerns nobody: the reply is complete. */
async function drain(events: AsyncIterator<unknown>, abort: () => void): Promise<void> {
	const timer = setTimeout(abort, CLOSE_GRACE_MS);
	timer.unref();
	try {
		for (let next = await events.next(); !next.done; next = await events.next());
	} catch {
		abort();
	} finally {
		clearTimeout(timer);
	}
}

async function keyOf(ask: () => Promise<string | undefined>): Promise<string> {
	let key: string | undefined;
	try {
		key = (await ask())?.trim();
	} catch (error) {
		throw unreadableKeyError(error);
	}
	if (!key) throw noKeyError();
	if (!/^[\x21-\x7e]+$/.test(key))
		throw new ModelError(
			'auth',
			'The API key has characters that a key cannot have, such as a line break or a space. Enter it again with “Retrace: Set API Key”; nothing was sent.',
		);
	return key;
}

function checkBaseUrl(baseUrl: string): void {
	const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
	// Not repeated: a message stands in the log.
	if (url && (url.username !== '' || url.password !== ''))
		throw new ModelError(
			'notFound',
			'The base URL has a name or password in it. Take it out, and store the key with “Retrace: Set API Key”; nothing was sent.',
		);
	if (url && /^https?:$/.test(url.protocol)) return;
	throw new ModelError('notFound', `“${baseUrl}” is not an http(s) address. Check the base URL; nothing was sent.`);
}

/** A success without one event is a server that speaks something else. */
function noEventsError(response: Response, baseUrl: string, requestId: string | null): ModelError {
	const contentType = response.headers.get('content-type') ?? '';
	if (contentType.startsWith('text/event-stream') || contentType === '') return cutOffError(requestId);
	return new ModelError(
		'notFound',
		`${baseUrl} answered with ${contentType.split(';')[0]} instead of a stream of events, so it does not speak the Messages API at this address. Check the base URL.`,
		{ status: response.status },
	);
}

/** What the endpoint leaves open comes from the built-in table. */
function toModelInfo(model: ApiModelInfo): ModelInfo {
	const known = modelInfoFor(model.id);
	const pdf = model.capabilities?.pdf_input?.supported;
	const adaptive = model.capabilities?.thinking?.types?.adaptive?.supported;
	const canDisable = model.capabilities?.thinking?.types?.disabled?.supported;
	const { effort } = model.capabilities ?? {};
	const efforts = effort && effortLevels.filter((level) => effort[level]?.supported === true);
	return {
		id: model.id,
		displayName: model.display_name || model.id,
		windowTokens: model.max_input_tokens ?? known.windowTokens,
		maxOutputTokens: model.max_tokens ?? known.maxOutputTokens,
		isAdaptiveThinking: adaptive ?? known.isAdaptiveThinking,
		efforts: efforts ?? known.efforts ?? [],
		canDisableThinking: canDisable ?? known.canDisableThinking ?? false,
		searchesWeb: model.capabilities?.server_tools?.web_search?.supported ?? false,
		...(pdf === undefined ? {} : { takesPdf: pdf }),
		isDeprecated: model.lifecycle === 'deprecated',
	};
}
