/**
 * A thin client of the Messages API: messages, models and typed errors of the SDK, nothing else of it in the bundle.
 * Reads no environment: neither keys, addresses, extra headers nor log levels of the process reach a request.
 */
import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { Messages } from '@anthropic-ai/sdk/resources/messages/messages';
import { Models } from '@anthropic-ai/sdk/resources/models';
import { jsonBytes } from '../store/jsonBytes.ts';

/** The version of the API that this code is written against. */
const API_VERSION = '2026-10-21';

/** What a request may carry besides `x-stainless-*`. Anything else came from outside and is dropped. */
const ALLOWED_HEADERS: ReadonlySet<string> = new Set([
	'accept',
	'anthropic-beta',
	'anthropic-version',
	'authorization',
	'content-type',
	'user-agent',
	'x-api-key',
]);

export type ClientSettings = {
	readonly baseUrl: string;
	readonly apiKeyHeader: 'authorization' | 'x-api-key' | 'none';
	readonly apiKey: string;
	/** How long to wait for response headers, in ms. The body is watched by the caller. */
	readonly headersTimeoutMs: number;
	readonly onHeaders: () => void;
	/** Called with every piece of a response body as it arrives. */
	readonly onBytes: () => void;
};

/** One client per call, so that no key outlives its request. */
export function createMessagesClient(settings: ClientSettings): MessagesClient {
	return new MessagesClient(settings);
}

/** The headers that every request must carry, to be given per request, where they win over everything. */
export function requestHeaders(
	settings: Pick<ClientSettings, 'apiKey' | 'apiKeyHeader'>,
	betas: readonly string[],
): Record<string, string | null> {
	const { apiKey, apiKeyHeader } = settings;
	return {
		authorization: apiKeyHeader === 'authorization' ? `Bearer ${apiKey}` : null,
		'x-api-key': apiKeyHeader === 'x-api-key' ? apiKey : null,
		'anthropic-version': API_VERSION,
		'anthropic-beta': betas.length > 0 ? betas.join(',') : null,
	};
}

class MessagesClient extends BaseAnthropic {
	readonly messages: Messages;
	readonly models: Models;

	constructor(settings: ClientSettings) {
		super({
			baseURL: settings.baseUrl,
			apiKey: null,
			authToken: null,
			webhookKey: null,
			openTelemetry: false,
			logger: silentLogger,
			logLevel: 'off',
			maxRetries: 0,
			timeout: settings.headersTimeoutMs,
			fetch: (url, init) => watchedFetch(url, init, settings),
		});
		this.messages = new Messages(this);
		this.models = new Models(this);
	}

	/** With the body as bytes, which are sent as they are. */
	override post<Answer>(path: string, options?: Parameters<BaseAnthropic['post']>[1]) {
		return super.post<Answer>(path, withBytes(options));
	}

	protected override validateHeaders(): void {
		// Whether there is a key is for the caller to check: a server may want none.
	}

	/** Keys come with each request; profiles and token files of other tools are never looked for. */
	protected override _shouldResolveDefaultCredentials(): boolean {
		return false;
	}
}

async function withBytes(options: Parameters<BaseAnthropic['post']>[1]): Promise<RequestOptions> {
	const given = (await options) ?? {};
	return isRecord(given.body) ? { ...given, body: jsonBytes(given.body) } : given;
}

type RequestOptions = NonNullable<Awaited<Parameters<BaseAnthropic['post']>[1]>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const ignore = () => undefined;
const silentLogger = { error: ignore, warn: ignore, info: ignore, debug: ignore };

/** Redirects are not followed: a key belongs to the origin it was entered for. */
async function watchedFetch(
	url: Parameters<typeof fetch>[0],
	init: Parameters<typeof fetch>[1],
	{ onHeaders, onBytes }: Pick<ClientSettings, 'onHeaders' | 'onBytes'>,
): Promise<Response> {
	const headers = new Headers(init?.headers);
	for (const name of [...headers.keys()])
		if (!ALLOWED_HEADERS.has(name) && !name.startsWith('x-stainless-')) headers.delete(name);
	if (init?.body instanceof Uint8Array) headers.set('content-type', 'application/json');
	const response = await fetch(url, { ...init, headers, redirect: 'manual' });
	onHeaders();
	if (!response.body) return response;
	const watched = response.body.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				onBytes();
				controller.enqueue(chunk);
			},
		}),
	);
	return new Response(watched, { status: response.status, statusText: response.statusText, headers: response.headers });
}
