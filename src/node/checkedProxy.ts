/**
 * A proxy on this machine that our browser goes through, so that whatever a page does (redirects, frames, sockets, workers), no connection to
 * this machine or its network is made that the user did not allow. Resolves each name itself and connects to the address it looked at.
 */
import { lookup } from 'node:dns/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bareHost } from '../core/web/webUrl.ts';
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

export async function startCheckedProxy(): Promise<CheckedProxy> {
	const allowed = new Set<string>();
	const refused = new Set<string>();
	const sockets = new Set<Duplex>();
	const track = <S extends Duplex>(socket: S): S => {
		sockets.add(socket);
		socket.on('error', () => socket.destroy());
		socket.once('close', () => sockets.delete(socket));
		return socket;
	};

	/** Undefined when it may not be reached. Rejects when the name does not resolve. */
	async function addressOf(hostname: string, port: number): Promise<string | undefined> {
		const host = bareHost(hostname);
		const addresses = await lookup(host, { all: true, verbatim: true });
		const place = `${host}:${port}`;
		if (!allowed.has(place) && addresses.some(({ address }) => isPrivateAddress(address))) {
			refused.add(place);
			return undefined;
		}
		return addresses[0]?.address;
	}

	async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		const target = URL.canParse(`http://${request.url}`) ? new URL(`http://${request.url}`) : undefined;
		const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1] ?? 443);
		const address = target && (await addressOf(target.hostname, port));
		if (address === undefined) {
			socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
			return;
		}
		const upstream: Socket = track(connect({ host: address, port }));
		upstream.once('connect', () => {
			socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			upstream.write(head);
			upstream.pipe(socket).pipe(upstream);
		});
		upstream.once('close', () => socket.destroy());
		socket.once('close', () => upstream.destroy());
	}

	async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const target = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
		const port = Number(target?.port || 80);
		const address = target?.protocol === 'http:' ? await addressOf(target.hostname, port) : undefined;
		if (!target || address === undefined) {
			response.writeHead(403, { 'content-type': 'text/plain' }).end('Not allowed.');
			return;
		}
		const { 'proxy-connection': _connection, 'proxy-authorization': _authorization, ...headers } = request.headers;
		const path = `${target.pathname}${target.search}`;
		const upstream = httpRequest({ host: address, port, path, method: request.method, headers, agent: false });
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
