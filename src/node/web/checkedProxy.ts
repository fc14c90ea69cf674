/**
 * A proxy on this machine that our browser goes through, so that whatever a page does (redirects, frames, sockets, workers), no connection to
 * this machine or its network is made that the user did not allow. Resolves each name itself and connects to the address it looked at.
 */
import { lookup } from 'node:dns/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bareHost } from '../../core/web/webUrl.ts';
import { within } from '../files/within.ts';
import { type ChooseProxy, NO_PROXY, type OutboundProxy, proxyHeaders, tunnelThrough } from './outboundProxy.ts';
import { isPrivateAddress } from './privateAddress.ts';

export type CheckedProxy = {
	/** `http://127.0.0.1:port`. */
	readonly url: string;
	/** `host:port` on this machine or its network may be reached. */
	allow(hostAndPort: string): void;
	/** The places that were refused since the last call. */
	takeRefused(): readonly string[];
	close(): Promise<void>;
};

type Route = { readonly host: string; readonly through: OutboundProxy | undefined };

/** Where a proxy connects, names may be known to it alone. */
const PROXIED_LOOKUP_MS = 2_000;

/** `proxy`: the user's own, which is asked in the place of the web, behind the same check. */
export async function startCheckedProxy(proxy: ChooseProxy = NO_PROXY): Promise<CheckedProxy> {
	const allowed = new Set<string>();
	const refused = new Set<string>();
	const sockets = new Set<Duplex>();
	const track = <S extends Duplex>(socket: S): S => {
		sockets.add(socket);
		socket.on('error', () => socket.destroy());
		socket.once('close', () => sockets.delete(socket));
		return socket;
	};

	/** Undefined when it may not be reached. Rejects when the name does not resolve here and there is no proxy that might know it. */
	async function routeTo(hostname: string, port: number, href: string): Promise<Route | undefined> {
		const host = bareHost(hostname);
		const through = proxy(new URL(href));
		const looked = async () => await lookup(host, { all: true, verbatim: true });
		const addresses = through ? await within(PROXIED_LOOKUP_MS, looked).catch(() => []) : await looked();
		const place = `${host}:${port}`;
		if (!allowed.has(place) && addresses.some(({ address }) => isPrivateAddress(address))) {
			refused.add(place);
			return undefined;
		}
		const [first] = addresses;
		return through ? { host, through } : first && { host: first.address, through: undefined };
	}

	async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		const target = URL.canParse(`http://${request.url}`) ? new URL(`http://${request.url}`) : undefined;
		const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1] ?? 443);
		const route = target && (await routeTo(target.hostname, port, `https://${request.url}`));
		if (route === undefined) {
			socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
			return;
		}
		const { host, through } = route;
		const left = new AbortController();
		socket.once('close', () => left.abort());
		const upstream: Socket = track(
			through ? await tunnelThrough(through, host, port, left.signal) : connect({ host, port }),
		);
		const join = () => {
			socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			upstream.write(head);
			upstream.pipe(socket).pipe(upstream);
		};
		if (through) join();
		else upstream.once('connect', join);
		upstream.once('close', () => socket.destroy());
		socket.once('close', () => upstream.destroy());
	}

	async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const target = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
		const port = Number(target?.port || 80);
		const route = target?.protocol === 'http:' ? await routeTo(target.hostname, port, target.href) : undefined;
		if (!target || route === undefined) {
			response.writeHead(403, { 'content-type': 'text/plain' }).end('Not allowed.');
			return;
		}
		const { 'proxy-connection': _connection, 'proxy-authorization': _authorization, ...headers } = request.headers;
		const { host, through } = route;
		const options = { method: request.method, agent: false as const };
		const upstream = through
			? (through.isSecure ? httpsRequest : httpRequest)({
					...{ ...options, host: through.host, port: through.port, path: target.href },
					headers: { ...headers, ...proxyHeaders(through) },
				})
			: httpRequest({ ...options, host, port, path: `${target.pathname}${target.search}`, headers });
		upstream.on('response', (answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(response);
		});
		upstream.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
		response.on('close', () => upstream.destroy());
		request.pipe(upstream);
	}

	const server = createServer((request, response) => {
		forward(request, response).catch(() => response.writeHead(502).end());
	});
	server.on('connection', (socket: Socket) => track(socket));
	server.on('connect', (request, socket, head) => {
		tunnel(request, track(socket), head).catch(() => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		allow: (place) => allowed.add(place),
		takeRefused() {
			const places = [...refused];
			refused.clear();
			return places;
		},
		async close() {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			for (const socket of sockets) socket.destroy();
			await closed;
		},
	};
}
