/**
 * The fetch that a server's connection uses. Configured headers go to the server's own origin and nowhere else; addresses that a server
 * names may be reached over https only, and of this machine only by a server of this machine; what comes back is bounded.
 */
import { isLoopbackAddress } from '../../core/mcp/loopback.ts';
import { createInflow } from './inflow.ts';
import { McpFault } from './serverFaults.ts';

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Of an error only the start is of use. */
const MAX_ERROR_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export function createGuardedFetch(
	serverUrl: string,
	headers: Readonly<Record<string, string>>,
	base: Fetch,
	/** Something too large came. Nobody who reads the body may be there to hear it. */
	onFlood: (fault: McpFault) => void,
): Fetch {
	const server = new URL(serverUrl);
	const isLocal = isLoopbackAddress(serverUrl);
	return async (url, init) => {
		const target = new URL(url);
		const isOwn = target.origin === server.origin;
		if (!isOwn && !mayReach(target, isLocal))
			throw new McpFault('mcp-unreachable', `It points to ${target.origin}, which is not reached for it.`);
		const sent = new Headers(init?.headers);
		// What the protocol needs is never overridden.
		if (isOwn) for (const [name, value] of Object.entries(headers)) if (!sent.has(name)) sent.set(name, value);
		// A redirect would take them along.
		const response = await base(target, { ...init, headers: sent, redirect: 'manual' });
		return bounded(response, onFlood);
	};
}

function mayReach(target: URL, isLocal: boolean): boolean {
	if (isLoopbackAddress(target.href)) return isLocal && (target.protocol === 'http:' || target.protocol === 'https:');
	return target.protocol === 'https:';
}

function bounded(response: Response, onFlood: (fault: McpFault) => void): Response {
	const { body, status, statusText } = response;
	if (!body || status < 200 || status === 204 || status === 304) return response;
	const isStream = response.headers.get('content-type')?.includes('text/event-stream') ?? false;
	const guard = !response.ok
		? cutAfter(MAX_ERROR_BYTES)
		: isStream
			? eventsWithin(MAX_BODY_BYTES, onFlood)
			: failAfter(MAX_BODY_BYTES, onFlood);
	return new Response(body.pipeThrough(guard), { status, statusText, headers: response.headers });
}

function cutAfter(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
	let bytes = 0;
	return new TransformStream({
		transform(chunk, controller) {
			controller.enqueue(chunk.subarray(0, Math.max(0, maxBytes - bytes)));
			bytes += chunk.length;
			if (bytes >= maxBytes) controller.terminate();
		},
	});
}

function failAfter(maxBytes: number, onFlood: (fault: McpFault) => void): TransformStream<Uint8Array, Uint8Array> {
	let bytes = 0;
	return new TransformStream({
		transform(chunk, controller) {
			bytes += chunk.length;
			if (bytes <= maxBytes) {
				controller.enqueue(chunk);
				return;
			}
			const fault = new McpFault('mcp-flood', 'It sent an answer larger than 16 MB.');
			controller.error(fault);
			onFlood(fault);
		},
	});
}

/** A stream may go on for days, but no line of it is endless, and it comes no faster than can be worked on. */
function eventsWithin(maxBytes: number, onFlood: (fault: McpFault) => void): TransformStream<Uint8Array, Uint8Array> {
	let lineBytes = 0;
	const inflow = createInflow(() => performance.now());
	return new TransformStream({
		async transform(chunk, controller) {
			const newest = chunk.lastIndexOf(NEWLINE);
			lineBytes = newest < 0 ? lineBytes + chunk.length : chunk.length - newest - 1;
			if (lineBytes > maxBytes) {
				const fault = new McpFault('mcp-flood', 'It sent a message larger than 16 MB.');
				controller.error(fault);
				onFlood(fault);
				return;
			}
			controller.enqueue(chunk);
			const waitMs = inflow.taken(chunk.length, eventsIn(chunk));
			if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
		},
	});
}

/** Each event is two lines or more. */
function eventsIn(chunk: Uint8Array): number {
	let lines = 0;
	for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
	return lines / 2;
}
