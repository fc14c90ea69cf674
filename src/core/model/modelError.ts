/** What can go wrong at a model endpoint, classed by what to do about it. Thrown by StreamModel implementations only. */

export type ModelErrorKind =
	/** 401, 403, no key: enter a key. */
	| 'auth'
	/** 402 and the spend limits of 429: pay or wait; never retried. */
	| 'billing'
	/** 404: this model or endpoint does not exist. */
	| 'notFound'
	/** 400 and other refusals of the request itself. */
	| 'badRequest'
	/** 400 about a thinking block's binding: send once more without earlier thinking. */
	| 'thinkingBinding'
	/** 413, or the window is full: compact or rewind. */
	| 'tooLarge'
	| 'rateLimit'
	| 'overloaded'
	| 'server'
	/** No connection, DNS, TLS, reset before or in the reply. */
	| 'network'
	/** Nothing arrived for the idle limit. */
	| 'stalled'
	/** The reply ended without its last event. */
	| 'cutOff';

const RETRYABLE: ReadonlySet<ModelErrorKind> = new Set([
	'rateLimit',
	'overloaded',
	'server',
	'network',
	'stalled',
	'cutOff',
]);

/** `message` says what happened, as one or two sentences; what to do about it is said where the turn ends. */
export class ModelError extends Error {
	readonly kind: ModelErrorKind;
	/** HTTP status, where there was one. */
	readonly status: number | undefined;
	/** What the endpoint asked us to wait, in ms. */
	readonly retryAfterMs: number | undefined;
	readonly requestId: string | undefined;
	/** The endpoint gave no reason that can be read: no words, or a web page. */
	readonly isMute: boolean;

	constructor(
		kind: ModelErrorKind,
		message: string,
		detail: {
			status?: number | undefined;
			retryAfterMs?: number | undefined;
			requestId?: string | undefined;
			isMute?: boolean;
			cause?: unknown;
		} = {},
	) {
		super(message, { cause: detail.cause });
		this.name = 'ModelError';
		this.kind = kind;
		this.status = detail.status;
		this.retryAfterMs = detail.retryAfterMs;
		this.requestId = detail.requestId;
		this.isMute = detail.isMute ?? false;
	}

	get isRetryable(): boolean {
		return RETRYABLE.has(this.kind);
	}
}
