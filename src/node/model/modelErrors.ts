/**
 * Turns whatever the SDK or the network threw into one ModelError: what went wrong, what to do about it.
 * Does not retry and does not decide what the user sees beyond the sentence.
 */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk/core/error';
import { messageOf } from '../../base/errors.ts';
import { ModelError, type ModelErrorKind } from '../../core/model/modelError.ts';

/** The codes of 429 that waiting does not cure. */
const SPEND_CODES: ReadonlySet<string> = new Set([
	'contract_spend_limit_reached',
	'enforced_spend_limit_reached',
	'ramp_limit_exceeded',
]);

const KIND_OF_TYPE: Readonly<Record<string, ModelErrorKind>> = {
	invalid_request_error: 'badRequest',
	authentication_error: 'auth',
	permission_error: 'auth',
	billing_error: 'billing',
	not_found_error: 'notFound',
	request_too_large: 'tooLarge',
	rate_limit_error: 'rateLimit',
	timeout_error: 'server',
	conflict_error: 'server',
	api_error: 'server',
	overloaded_error: 'overloaded',
};

const THINKING_BINDING = /signature|binding|\bbound\b|prefix|cannot be modified|must remain/i;
const TOO_LARGE = /too long|context (window|limit)|exceed.{0,40}context|maximum context|request_too_large/i;
const NO_CREDIT = /credit balance|billing/i;

/** As good as no words. */
const SAYS_NOTHING =
	/^(?:\(?(?:http )?4\d\d\)?:? ?)?(?:bad request|invalid request|invalid_request_error|validation (?:error|failed)|unprocessable (?:entity|content)|(?:unknown )?error)?\.?$/i;
/** Some servers answer with the whole request. */
const MAX_WORDS_CHARS = 2_000;

/** What happened, in one sentence. What to do about it is said where the turn ends: a retry may well cure it. */
const CAUSE: Readonly<Record<ModelErrorKind, string>> = {
	auth: 'The endpoint did not accept the API key.',
	billing: 'The account cannot pay for this request.',
	notFound: 'The endpoint or the model does not exist.',
	badRequest: 'The endpoint refused the request.',
	thinkingBinding: 'The endpoint refused earlier thinking because what precedes it has changed.',
	tooLarge: 'The conversation is too large for this model.',
	rateLimit: 'The rate limit is reached.',
	overloaded: 'The model is overloaded.',
	server: 'The endpoint failed.',
	network: 'There is no connection to the endpoint.',
	stalled: 'The reply stopped arriving.',
	cutOff: 'The reply broke off before its end.',
};

export type ErrorSource = {
	/** Where the request went, for the sentence. */
	readonly baseUrl: string;
	/** Never shown, even when the endpoint repeats it. */
	readonly apiKey: string;
};

/** Maps anything thrown by a request or while reading its reply. Cancellation is the caller's to tell apart. */
export function toModelError(thrown: unknown, source: ErrorSource): ModelError {
	if (thrown instanceof ModelError) return withoutKey(thrown, source);
	if (thrown instanceof APIConnectionTimeoutError) return new ModelError('stalled', CAUSE.stalled, { cause: thrown });
	if (thrown instanceof APIError && !(thrown instanceof APIConnectionError)) return fromApiError(thrown, source);
	if (thrown instanceof SyntaxError)
		return new ModelError('server', `${CAUSE.server} It sent something that is not JSON.`, { cause: thrown });
	return new ModelError('network', networkSentence(thrown, source.baseUrl), { cause: thrown });
}

export function cutOffError(requestId: string | null): ModelError {
	return new ModelError('cutOff', CAUSE.cutOff, { requestId: requestId ?? undefined });
}

/** Of an answer whose status said that all is well, so that only its words tell what happened. */
export const errorInReply = (body: Readonly<Record<string, unknown>>, headers: Headers): Error =>
	new APIError(undefined, body, undefined, headers);

export function stalledError(idleTimeoutMs: number, requestId: string | null): ModelError {
	const seconds = Math.max(1, Math.round(idleTimeoutMs / 1000));
	return new ModelError('stalled', `${CAUSE.stalled} Nothing arrived for ${seconds} s.`, {
		requestId: requestId ?? undefined,
	});
}

export function noKeyError(): ModelError {
	return new ModelError(
		'auth',
		'No API key is set for this endpoint, so nothing was sent. (For a server that wants none, set “retrace.apiKeyHeader” to “none”.)',
	);
}

export function unreadableKeyError(cause: unknown): ModelError {
	return new ModelError('auth', `The API key could not be read: ${messageOf(cause)} Nothing was sent.`, { cause });
}

/** A wait in ms from `retry-after-ms` or `retry-after` (seconds or a date); undefined when neither says one. */
function retryAfterMs(headers: Headers | undefined, nowMs: number): number | undefined {
	const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
	if (Number.isFinite(inMs)) return Math.max(0, inMs);
	const text = headers?.get('retry-after')?.trim();
	if (!text) return undefined;
	if (/^\d+(\.\d+)?$/.test(text)) return Number.parseFloat(text) * 1000;
	const dateMs = Date.parse(text);
	return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

function fromApiError(error: APIError, source: ErrorSource): ModelError {
	const said = wordsOf(error);
	const kind = kindOf(error, said);
	// The error of the SDK holds the whole answer, in its message and beside it.
	const answered = [error.message, said, ...(error.headers?.values() ?? [])];
	const isRepeatingKey = source.apiKey !== '' && answered.some((text) => text.includes(source.apiKey));
	return new ModelError(kind, hideKey(sentence(kind, said, error, source), source), {
		status: error.status,
		retryAfterMs: retryAfterMs(error.headers, Date.now()),
		isMute: said === '' || SAYS_NOTHING.test(said),
		requestId: error.requestID === null || error.requestID === undefined ? undefined : hideKey(error.requestID, source),
		...(isRepeatingKey ? {} : { cause: error }),
	});
}

/** What the endpoint says, also in the forms of other servers than Anthropic's; empty for a web page, which says nothing of a request. */
function wordsOf({ apiMessage, error, message, status }: APIError): string {
	const words = typeof apiMessage === 'string' ? apiMessage : wordsIn(error);
	if (words !== undefined) return plainWords(withField(words, error));
	// Of a body that is no JSON, the library keeps the text behind the status.
	const text = message.replace(new RegExp(`^${status ?? ''} `), '');
	return isRecord(error) || /^\s*<|^status code \(no body\)$/.test(text) ? '' : plainWords(text);
}

/** Some name the field beside the sentence. */
function withField(words: string, body: unknown): string {
	const inner = isRecord(body) && isRecord(body.error) ? body.error : body;
	if (!isRecord(inner)) return words;
	const { param, field } = inner;
	const named = [param, field].find((one) => typeof one === 'string' && one !== '');
	return named === undefined || words.includes(String(named)) ? words : `${words} (${String(named)})`;
}

function wordsIn(body: unknown): string | undefined {
	if (typeof body === 'string') return body;
	if (Array.isArray(body)) return body.map((one) => wordsIn(one) ?? '').join('; ');
	if (!isRecord(body)) return undefined;
	const { loc, msg } = body;
	if (typeof msg === 'string') return Array.isArray(loc) ? `${loc.join('.')}: ${msg}` : msg;
	for (const key of ['error', 'detail', 'details', 'message', 'errors', 'title', 'error_description']) {
		const words = body[key] === undefined ? undefined : wordsIn(body[key]);
		if (words) return words;
	}
	return undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null;
const plainWords = (text: string): string =>
	text
		.replace(/[\s\p{Cc}]+/gu, ' ')
		.trim()
		.slice(0, MAX_WORDS_CHARS);

function withoutKey(error: ModelError, source: ErrorSource): ModelError {
	const message = hideKey(error.message, source);
	if (message === error.message) return error;
	const { status, retryAfterMs, requestId } = error;
	return new ModelError(error.kind, message, { status, retryAfterMs, requestId });
}

function hideKey(text: string, { apiKey }: ErrorSource): string {
	return apiKey === '' ? text : text.replaceAll(apiKey, '…');
}

function kindOf(error: APIError, said: string): ModelErrorKind {
	const { status, type, errorCode } = error;
	// A mid-stream error event has a type and no status.
	if (status === undefined) return refine(KIND_OF_TYPE[type ?? ''] ?? 'server', said);
	if (status === 401 || status === 403) return 'auth';
	if (status === 402) return 'billing';
	if (status === 404) return 'notFound';
	if (status === 413) return 'tooLarge';
	if (status === 429) return errorCode && SPEND_CODES.has(errorCode) ? 'billing' : 'rateLimit';
	if (status === 529 || type === 'overloaded_error') return 'overloaded';
	if (status === 408 || status === 409 || status >= 500) return 'server';
	if (status < 400) return 'notFound';
	return refine('badRequest', said);
}

/** The reasons for a 400 that have a cure of their own. The API tells them apart in words only. */
function refine(kind: ModelErrorKind, said: string): ModelErrorKind {
	if (kind !== 'badRequest') return kind;
	if (/thinking/i.test(said) && THINKING_BINDING.test(said)) return 'thinkingBinding';
	if (TOO_LARGE.test(said)) return 'tooLarge';
	return NO_CREDIT.test(said) ? 'billing' : 'badRequest';
}

function sentence(kind: ModelErrorKind, said: string, error: APIError, source: ErrorSource): string {
	const { status } = error;
	if (status !== undefined && status < 400) {
		const target = error.headers?.get('location') ?? 'another address';
		return `${source.baseUrl} redirects to ${target}, which is not followed so that the key stays where it belongs. Set the base URL to the final address.`;
	}
	if (said !== '') return `${CAUSE[kind]} It said: ${said}`;
	return status === undefined ? CAUSE[kind] : `${CAUSE[kind]} (HTTP ${status})`;
}

const REASONS: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'nothing listens there',
	ENOTFOUND: 'the name does not resolve',
	EAI_AGAIN: 'the name does not resolve at the moment',
	ECONNRESET: 'the connection was reset',
	UND_ERR_SOCKET: 'the connection was reset',
	EPIPE: 'the connection was closed',
	ETIMEDOUT: 'connecting took too long',
	UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
	ENETUNREACH: 'the network is unreachable',
	EHOSTUNREACH: 'the host is unreachable',
	CERT_HAS_EXPIRED: 'its certificate has expired',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
	SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain is self-signed',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
};

function networkSentence(thrown: unknown, baseUrl: string): string {
	let deepest = thrown;
	for (let current = thrown; current instanceof Error; current = current.cause) {
		deepest = current;
		const reason = 'code' in current && typeof current.code === 'string' ? REASONS[current.code] : undefined;
		if (reason) return `No connection to ${baseUrl}: ${reason}.`;
	}
	return `No connection to ${baseUrl}: ${messageOf(deepest)}.`;
}
