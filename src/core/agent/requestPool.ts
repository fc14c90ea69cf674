/**
 * Which requests of a window are on their way at the same time: at most so many per endpoint, the sessions in turn, small side questions
 * last. When an endpoint is overloaded or its rate limit is reached, all of them wait, and then one goes first. Makes no request itself and
 * tries none again.
 */
import { CancelledError } from '../../base/errors.ts';
import { ModelError } from '../model/modelError.ts';
import type { StreamModel } from '../model/modelPort.ts';
import type { Clock } from '../ports.ts';

/** An endpoint that asks for more is asked earlier: a person is watching. As for one session's own tries. */
const MAX_HOLD_MS = 60_000;
/** Where the endpoint does not say how long: doubled with each refusal in a row. */
const FIRST_HOLD_MS = 1_000;
const MAX_UNSAID_HOLD_MS = 32_000;

export type PoolWait =
	/** Other requests are on their way, and `ahead` more wait before this one. */
	| { readonly kind: 'queued'; readonly ahead: number }
	/** The endpoint asked for a pause. */
	| { readonly kind: 'held'; readonly delayMs: number; readonly cause: 'rateLimit' | 'overloaded' };

export type PoolCaller = {
	/** Requests with the same name are one session's, which is served in turn with the others. */
	readonly session: string;
	/** Nobody waits for the answer of a `side` request. */
	readonly kind: 'turn' | 'side';
	/** Called when a request has to wait, when the reason changes, and with undefined when it goes after all. Must not throw. */
	readonly onWait?: (wait: PoolWait | undefined) => void;
};

export type RequestPool = {
	/** The same model; its `stream` waits for its place. A wait that is stopped rejects with CancelledError. */
	share(model: StreamModel, endpoint: string, caller: PoolCaller): StreamModel;
};

export type RequestPoolOptions = {
	readonly clock: Clock;
	/** Requests at the same time, at least 1. Read whenever one may start. */
	readonly limit: () => number;
};

type Ticket = { readonly caller: PoolCaller; start(): void; told: string };

type Lane = {
	running: number;
	/** In the order they came. */
	waiting: Ticket[];
	/** When each session was served last, as a running number. Forgotten when nothing is left. */
	readonly served: Map<string, number>;
	serial: number;
	heldUntil: number;
	cause: 'rateLimit' | 'overloaded';
	/** Refusals since the last success, of which those that came together count once. */
	refusals: number;
	/** Since the last refusal nothing was answered: one request asks at a time. */
	isProbing: boolean;
	/** Those of the running ones that nothing has come back of yet. */
	unanswered: number;
	/** Counts the pauses, so that requests which were refused together count once. */
	pauses: number;
	isTimed: boolean;
};

export function createRequestPool({ clock, limit }: RequestPoolOptions): RequestPool {
	const lanes = new Map<string, Lane>();

	function laneOf(endpoint: string): Lane {
		const known = lanes.get(endpoint);
		if (known) return known;
		const lane: Lane = {
			...{ running: 0, waiting: [], served: new Map(), serial: 0 },
			...{ heldUntil: 0, cause: 'rateLimit', refusals: 0, pauses: 0, isTimed: false },
			...{ isProbing: false, unanswered: 0 },
		};
		lanes.set(endpoint, lane);
		return lane;
	}

	/** Starts what may start, and tells the others why they wait. */
	function pump(lane: Lane): void {
		// Replies that still arrive are no reason to wait: the endpoint took them on before.
		const mayStart = () => lane.running < Math.max(1, limit()) && (!lane.isProbing || lane.unanswered === 0);
		const heldMs = lane.heldUntil - clock.now();
		if (heldMs > 0) wakeLater(lane, heldMs);
		else {
			for (let next = mayStart() && nextOf(lane); next; next = mayStart() && nextOf(lane)) {
				lane.waiting = lane.waiting.filter((ticket) => ticket !== next);
				lane.served.set(next.caller.session, ++lane.serial);
				lane.running++;
				lane.unanswered++;
				if (next.told !== '') next.caller.onWait?.(undefined);
				next.start();
			}
		}
		if (lane.waiting.length === 0 && lane.running === 0) lane.served.clear();
		tellAll(lane, heldMs);
	}

	function wakeLater(lane: Lane, delayMs: number): void {
		if (lane.isTimed || lane.waiting.length === 0) return;
		lane.isTimed = true;
		const woken = () => {
			lane.isTimed = false;
			pump(lane);
		};
		// Only the clock itself could end it early; then it is simply looked again.
		void clock.sleep(delayMs, NEVER).then(woken, woken);
	}

	async function enter(lane: Lane, caller: PoolCaller, signal: AbortSignal): Promise<void> {
		if (signal.aborted) throw new CancelledError();
		await new Promise<void>((resolve, reject) => {
			const stop = () => {
				lane.waiting = lane.waiting.filter((one) => one !== ticket);
				reject(new CancelledError());
				pump(lane);
			};
			const ticket: Ticket = {
				caller,
				told: '',
				start() {
					signal.removeEventListener('abort', stop);
					resolve();
				},
			};
			signal.addEventListener('abort', stop, { once: true });
			lane.waiting.push(ticket);
			pump(lane);
		});
	}

	/** A reply that begins says that the endpoint takes requests again; how long it goes on is nobody's wait. */
	function answered(lane: Lane, pausesBefore: number): void {
		lane.unanswered--;
		if (!lane.isProbing || lane.pauses !== pausesBefore) return;
		lane.isProbing = false;
		pump(lane);
	}

	function leave(lane: Lane, pausesBefore: number, error: unknown): void {
		lane.running--;
		const refusal = error instanceof ModelError && isRefusal(error.kind) ? error : undefined;
		if (error === undefined) {
			lane.refusals = 0;
			lane.isProbing = false;
		} else if (refusal && isRefusal(refusal.kind)) {
			const isFirst = lane.pauses === pausesBefore;
			if (isFirst) {
				lane.pauses++;
				lane.refusals++;
			}
			lane.isProbing = true;
			lane.cause = refusal.kind;
			lane.heldUntil = Math.max(lane.heldUntil, clock.now() + holdMs(refusal.retryAfterMs, lane.refusals, isFirst));
		}
		pump(lane);
	}

	return {
		share(model, endpoint, caller) {
			const lane = laneOf(endpoint);
			return {
				label: model.label,
				async stream(request, onEvent, signal) {
					await enter(lane, caller, signal);
					const pauses = lane.pauses;
					let failed: unknown;
					let isAnswered = false;
					const hear = () => {
						if (!isAnswered) answered(lane, pauses);
						isAnswered = true;
					};
					try {
						return await model.stream(
							request,
							(event) => {
								hear();
								onEvent(event);
							},
							signal,
						);
					} catch (error) {
						failed = error;
						throw error;
					} finally {
						if (!isAnswered) lane.unanswered--;
						leave(lane, pauses, failed);
					}
				},
				listModels: (signal) => model.listModels(signal),
				countTokens: (request, signal) => model.countTokens(request, signal),
			};
		},
	};
}

const NEVER = new AbortController().signal;

const isRefusal = (kind: string): kind is 'rateLimit' | 'overloaded' => kind === 'rateLimit' || kind === 'overloaded';
const unsaidHoldMs = (refusals: number): number => Math.min(MAX_UNSAID_HOLD_MS, FIRST_HOLD_MS * 2 ** (refusals - 1));

/** What the endpoint asks for counts, however often. Some always say `0`, which asks for no pause: from the second refusal on they get one. */
function holdMs(askedMs: number | undefined, refusals: number, isFirst: boolean): number {
	if (askedMs === undefined) return isFirst ? unsaidHoldMs(refusals) : 0;
	if (askedMs === 0 && refusals > 1) return unsaidHoldMs(refusals - 1);
	return Math.min(askedMs, MAX_HOLD_MS);
}

/** Turns before side questions; of those the session that was served longest ago; of its requests the oldest. */
function nextOf({ waiting, served }: Pick<Lane, 'waiting' | 'served'>): Ticket | undefined {
	const turns = waiting.filter(({ caller }) => caller.kind === 'turn');
	const candidates = turns.length > 0 ? turns : waiting;
	const lastOf = ({ caller }: Ticket) => served.get(caller.session) ?? 0;
	return candidates.reduce<Ticket | undefined>(
		(best, ticket) => (best === undefined || lastOf(ticket) < lastOf(best) ? ticket : best),
		undefined,
	);
}

/** In the order in which they will be served, each once per reason. */
function tellAll(lane: Lane, heldMs: number): void {
	if (!lane.waiting.some(({ caller }) => caller.onWait)) return;
	if (heldMs > 0) {
		for (const ticket of lane.waiting)
			tell(ticket, { kind: 'held', delayMs: heldMs, cause: lane.cause }, `held ${lane.heldUntil}`);
		return;
	}
	const left = { waiting: [...lane.waiting], served: new Map(lane.served) };
	for (let ahead = 0, next = nextOf(left); next; ahead++, next = nextOf(left)) {
		const ticket = next;
		left.waiting = left.waiting.filter((one) => one !== ticket);
		left.served.set(ticket.caller.session, lane.serial + ahead + 1);
		tell(ticket, { kind: 'queued', ahead }, `queued ${ahead}`);
	}
}

function tell(ticket: Ticket, wait: PoolWait, key: string): void {
	if (ticket.told === key) return;
	ticket.told = key;
	ticket.caller.onWait?.(wait);
}
