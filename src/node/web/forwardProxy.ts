/**
 * An HTTP proxy of ours (CONNECT and plain requests) without a rule of its own: who makes one says for each request where it may go. It connects
 * to the addresses that were looked at, or through the user's own proxy. Limits how much goes on at once, and ends with all its connections.
 */
import {
	createServer,
	request as httpRequest,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bareHost } from '../../core/web/webUrl.ts';
import { type OutboundProxy, proxyHeaders, tunnelThrough } from './outboundProxy.ts';

export type Address = { readonly address: string; readonly family: number };

/** Where a request wants to go. */
export type Target = {
	/** As `bareHost` gives it. */
	readonly host: string;
	readonly port: number;
	/** For the choice of the user's proxy. */
	readonly url: URL;
};

export type Route =
	| { readonly kind: 'straight'; readonly addresses: readonly Address[]; readonly until?: AbortSignal }
	| { readonly kind: 'through'; readonly proxy: OutboundProxy; readonly until?: AbortSignal }
	| { readonly kind: 'refused'; readonly status: 403 | 407; readonly reason: string };

/** Rejects when the name leads nowhere. */
export type FindRoute = (target: Target, request: IncomingMessage) => Promise<Route>;

export type ForwardProxy = {
	/** Listens to nothing yet. */
	readonly server: Server;
	close(): Promise<void>;
};

const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 30_000;
/** Nothing came or went for so long: whoever was there is gone. */
const IDLE_MS = 600_000;
/** They speak of one connection only. */
const HOP_HEADERS: readonly string[] = [
	...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate'],
	...['te', 'trailer', 'upgrade'],
];

export function createForwardProxy(findRoute: FindRoute): ForwardProxy {
	const sockets = new Set<Duplex>();
	const track = <S extends Duplex>(socket: S): S => {
		if (sockets.has(socket)) return socket;
		sockets.add(socket);
		socket.on('error', () => socket.destroy());
		socket.once('close', () => sockets.delete(socket));
		return socket;
	};

	async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		const target = targetOfTunnel(request.url ?? '');
		if (!target) return void socket.end(answer(400, 'Bad Request', 'That is no host and port.'));
		const route = await findRoute(target, request);
		if (socket.destroyed) return;
		if (route.kind === 'refused') return void socket.end(answer(route.status, 'Refused', route.reason));
		const upstream = track(await connected(target, route, socket));
		if (socket.destroyed) return void upstream.destroy();
		for (const side of [socket, upstream]) if ('setTimeout' in side) endWhenIdle(side as Socket);
		upstream.once('close', () => (upstream.errored ? socket.destroy() : socket.end()));
		socket.once('close', () => upstream.destroy());
		route.until?.addEventListener('abort', () => upstream.destroy(new Error('it is over')), { once: true });
		socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
		upstream.write(head);
		upstream.pipe(socket).pipe(upstream);
	}

	async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
		if (url?.protocol !== 'http:' || url.username !== '' || url.password !== '')
			return void refuse(response, 400, 'This is a proxy: ask it for an address that begins with http://.');
		const target = { host: bareHost(url.hostname), port: Number(url.port || 80), url };
		const route = await findRoute(target, request);
		if (response.destroyed) return;
		if (route.kind === 'refused') return void refuse(response, route.status, route.reason);
		// The host that was judged, whatever the request says besides.
		const headers = { ...withoutHopHeaders(request.headers), host: url.host };
		const options = { method: request.method, agent: false as const, timeout: IDLE_MS };
		const upstream =
			route.kind === 'through'
				? (route.proxy.isSecure ? httpsRequest : httpRequest)({
						...{ ...options, host: route.proxy.host, port: route.proxy.port, path: url.href },
						headers: { ...headers, ...proxyHeaders(route.proxy) },
					})
				: httpRequest({
						...{ ...options, host: target.host, port: target.port, path: `${url.pathname}${url.search}`, headers },
						lookup: lookupOf(route.addresses),
					});
		upstream.on('response', (reply) => {
			response.writeHead(reply.statusCode ?? 502, withoutHopHeaders(reply.headers));
			reply.on('error', () => response.destroy());
			reply.pipe(response);
		});
		upstream.on('timeout', () => upstream.destroy(new Error('nothing came')));
		upstream.on('error', () =>
			response.headersSent ? response.destroy() : refuse(response, 502, 'It does not answer.'),
		);
		response.on('close', () => upstream.destroy());
		route.until?.addEventListener('abort', () => upstream.destroy(new Error('it is over')), { once: true });
		request.pipe(upstream);
	}

	const server = createServer((request, response) => {
		response.on('error', () => undefined);
		forward(request, response).catch(() => refuse(response, 502, 'It cannot be reached.'));
	});
	server.maxConnections = MAX_CONNECTIONS;
	server.on('connection', (socket: Socket) => track(socket));
	server.on('connect', (request, socket, head) => {
		tunnel(request, track(socket), head).catch(() => socket.end(answer(502, 'Bad Gateway', 'It cannot be reached.')));
	});
	server.on('clientError', (_error, socket) => socket.destroy());
	// Who makes it listen hears of it as well; here, so that it never ends this process.
	server.on('error', () => undefined);
	return {
		server,
		async close() {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			for (const socket of sockets) socket.destroy();
			await closed;
		},
	};
}

/** Undefined when it is none. An address is read as a browser reads it, so that `0x7f.1` is 127.0.0.1 here and there. */
function targetOfTunnel(authority: string): Target | undefined {
	const [, host, port] = /^([^\s/@?#\\]+):(\d{1,5})$/.exec(authority) ?? [];
	const address = `https://${host}:${port}/`;
	if (host === undefined || Number(port) === 0 || !URL.canParse(address)) return undefined;
	const url = new URL(address);
	return { host: bareHost(url.hostname), port: Number(port), url };
}

async function connected(target: Target, route: Exclude<Route, { kind: 'refused' }>, client: Duplex): Promise<Socket> {
	const { host, port } = target;
	const left = new AbortController();
	const leave = () => left.abort();
	client.once('close', leave);
	try {
		const late = AbortSignal.any([left.signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
		if (route.kind === 'through') return await tunnelThrough(route.proxy, host, port, late);
		return await new Promise<Socket>((resolve, reject) => {
			const socket = connect({ host, port, lookup: lookupOf(route.addresses), allowHalfOpen: true });
			const stop = () => socket.destroy(new Error('it took too long'));
			late.addEventListener('abort', stop, { once: true });
			socket.once('error', reject);
			socket.once('connect', () => {
				late.removeEventListener('abort', stop);
				socket.off('error', reject);
				resolve(socket);
			});
		});
	} finally {
		client.off('close', leave);
	}
}

/** Names nothing new: a second answer of the resolver counts for nothing. */
const lookupOf =
	(addresses: readonly Address[]): LookupFunction =>
	(_name, { all }, done) => {
		const [first] = addresses;
		if (!first) done(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
		else if (all) done(null, [...addresses]);
		else done(null, first.address, first.family);
	};

function endWhenIdle(socket: Socket): void {
	socket.setTimeout(IDLE_MS, () => socket.destroy());
}

function withoutHopHeaders<V>(headers: Readonly<Record<string, V>>): Record<string, V> {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name)));
}

function answer(status: number, words: string, text: string): string {
	return `HTTP/1.1 ${status} ${words}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`;
}

function refuse(response: ServerResponse, status: number, text: string): void {
	if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' });
	response.end(text);
}
