/**
 * Requests whose answer never comes, since the stream that was to bring it has ended: the library waits for it all the same. They get an error at
 * once, or when a stream that can be taken up again could not be.
 */
import type { Fetch } from './guardedFetch.ts';
import { BROKE_OFF } from './serverFaults.ts';

/** What the library still holds of a stream that has ended is with us by then. */
const REST_MS = 100;
const GIVEN_UP = /^Maximum reconnection attempts/;

type Id = string | number;
type Failed = {
	readonly jsonrpc: '2.0';
	readonly id: Id;
	readonly error: { readonly code: number; readonly message: string; readonly data: typeof BROKE_OFF };
};
type Asked = { readonly ids: ReadonlySet<Id>; readonly cancelled: Id | undefined };

export type BrokenAnswers = {
	/** The same, with an eye on what answers requests. */
	watch(fetch: Fetch): Fetch;
	/** Each message that comes. */
	came(message: { readonly id?: unknown; readonly method?: unknown }): void;
	/** Each error that the library tells. */
	failed(error: Error): void;
};

export function createBrokenAnswers(deliver: (message: Failed) => void): BrokenAnswers {
	const open = new Set<Id>();
	/** Their streams have ended, and are taken up again. */
	const resuming = new Set<Id>();
	const forget = (id: Id) => {
		open.delete(id);
		resuming.delete(id);
	};
	const breakOff = (id: Id) => {
		if (!open.has(id)) return;
		forget(id);
		const error = { code: -32000, message: 'The connection broke off before the answer came.', data: BROKE_OFF };
		deliver({ jsonrpc: '2.0', id, error });
	};
	// Behind the moment at which it is known which ones are taken up again.
	const giveUp = () =>
		setTimeout(() => {
			for (const id of [...resuming]) breakOff(id);
		}, 2 * REST_MS).unref();
	return {
		watch: (fetch) => async (url, init) => {
			const asked = askedIn(init);
			if (asked?.cancelled !== undefined) forget(asked.cancelled);
			for (const id of asked?.ids ?? []) open.add(id);
			const response = await fetch(url, init).catch((thrown: unknown) => {
				for (const id of asked?.ids ?? []) forget(id);
				throw thrown;
			});
			if (!response.ok) for (const id of asked?.ids ?? []) forget(id);
			// What cannot be taken up here is passed over by the library without a word.
			if (response.status === 405 && new Headers(init?.headers).has('last-event-id')) giveUp();
			const isStream = response.ok && response.headers.get('content-type')?.includes('text/event-stream');
			if (!asked || asked.ids.size === 0 || !isStream || !response.body) return response;
			const onEnd = (isResumable: boolean) =>
				setTimeout(() => {
					if (init?.signal?.aborted) return;
					for (const id of asked.ids) {
						if (!isResumable) breakOff(id);
						else if (open.has(id)) resuming.add(id);
					}
				}, REST_MS).unref();
			const { status, statusText, headers } = response;
			return new Response(endTold(response.body, onEnd), { status, statusText, headers });
		},
		came({ id, method }) {
			if (method === undefined && isId(id)) forget(id);
		},
		failed({ message }) {
			if (GIVEN_UP.test(message)) giveUp();
		},
	};
}

function askedIn(init: RequestInit | undefined): Asked | undefined {
	if (init?.method !== 'POST' || typeof init.body !== 'string') return undefined;
	const messages = parsedMessages(init.body);
	const ids = messages.filter(({ method }) => typeof method === 'string').map(({ id }) => id);
	const cancelled = messages.find(({ method }) => method === 'notifications/cancelled')?.params;
	return {
		ids: new Set(ids.filter(isId)),
		cancelled: isRecord(cancelled) && isId(cancelled.requestId) ? cancelled.requestId : undefined,
	};
}

function parsedMessages(body: string) {
	try {
		const parsed: unknown = JSON.parse(body);
		return (Array.isArray(parsed) ? parsed : [parsed]).filter(isRecord);
	} catch {
		return [];
	}
}

const isId = (value: unknown): value is Id => typeof value === 'string' || typeof value === 'number';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null;

/** The same bytes. `onEnd` is called once when no more come, however that is; with whether an event had an id, by which it can be taken up again. */
function endTold(body: ReadableStream<Uint8Array>, onEnd: (isResumable: boolean) => void): ReadableStream<Uint8Array> {
	const reader = body.getReader();
	const decoder = new TextDecoder('latin1');
	let rest = '\n';
	let isResumable = false;
	return new ReadableStream({
		async pull(controller) {
			try {
				const { value, done } = await reader.read();
				if (done) {
					controller.close();
					onEnd(isResumable);
					return;
				}
				const text = rest + decoder.decode(value);
				isResumable ||= /[\r\n]id:/.test(text);
				rest = text.slice(-3);
				controller.enqueue(value);
			} catch (error) {
				controller.error(error);
				onEnd(isResumable);
			}
		},
		cancel: (reason) => reader.cancel(reason),
	});
}
