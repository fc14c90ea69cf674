// The user's proxy: when it is used, that pages and the browser's traffic go through it behind the same checks, and what it says when it refuses.
import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProxySettings } from '../../../src/core/web/proxyPort.ts';
import { startCheckedProxy } from '../../../src/node/web/checkedProxy.ts';
import { createProxyChoice } from '../../../src/node/web/outboundProxy.ts';
import { createWebPages } from '../../../src/node/web/webPages.ts';

const workerFile = fileURLToPath(new URL('../../../src/node/web/pageTextWorker.ts', import.meta.url));
const never = new AbortController().signal;
const closers: (() => void)[] = [];
const NOTHING: ProxySettings = { isOff: false, url: '', noProxy: [], authorization: '' };

async function listen(server: Server): Promise<number> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	closers.push(() => server.close());
	return (server.address() as AddressInfo).port;
}

/** Answers for every host by itself, and tunnels to `target` whatever is asked for. */
async function startProxy(target = 0, refusal?: number) {
	const heard: string[] = [];
	const signs: (string | undefined)[] = [];
	const server = createServer((request, response) => {
		heard.push(`${request.method} ${request.url} for ${request.headers.host}`);
		signs.push(request.headers['proxy-authorization']);
		response.writeHead(refusal ?? 200, { 'content-type': 'text/plain' }).end('through the proxy');
	});
	server.on('connect', (request: IncomingMessage, socket, head: Buffer) => {
		heard.push(`CONNECT ${request.url}`);
		signs.push(request.headers['proxy-authorization']);
		socket.on('error', () => undefined);
		if (refusal !== undefined) return socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
		const upstream = connect(target, '127.0.0.1', () => {
			socket.write('HTTP/1.1 200 OK\r\n\r\n');
			upstream.write(head);
			upstream.pipe(socket).pipe(upstream);
		});
		return upstream.on('error', () => socket.destroy());
	});
	closers.push(() => server.closeAllConnections());
	const port = await listen(server);
	return { heard, signs, url: `http://127.0.0.1:${port}` };
}

suite('The user’s proxy', () => {
	after(() => {
		for (const close of closers) close();
	});

	test('is the one of the settings, else of the environment, and not asked for what it is set around', () => {
		const choose = (settings: Partial<ProxySettings>, environment: Record<string, string>, url: string) => {
			const proxy = createProxyChoice(() => ({ ...NOTHING, ...settings }), environment)(new URL(url));
			return (
				proxy &&
				`${proxy.isSecure ? 'https' : 'http'}://${proxy.host}:${proxy.port} ${proxy.authorization ?? ''}`.trim()
			);
		};
		const page = 'https://docs.example.org/a';
		const env = { HTTPS_PROXY: 'env.test:1', http_proxy: 'http://plain.test', NO_PROXY: 'other.test, .example.net' };
		assert.equal(choose({}, {}, page), undefined);
		assert.equal(choose({}, env, page), 'http://env.test:1');
		assert.equal(choose({}, env, 'http://docs.example.org/'), 'http://plain.test:80');
		assert.equal(choose({ url: 'https://own.test' }, env, page), 'https://own.test:443');
		assert.equal(choose({ url: 'http://own.test:8080', isOff: true }, env, page), undefined);
		assert.equal(choose({ url: 'http://a%40b:c@own.test:8080' }, {}, page), 'http://own.test:8080 Basic YUBiOmM=');
		assert.equal(
			choose({ url: 'http://own.test:8080', authorization: 'Bearer x' }, {}, page),
			'http://own.test:8080 Bearer x',
		);
		for (const around of ['docs.example.org', '.example.org', '*.example.org', 'example.org', 'example.org:443', '*'])
			assert.equal(choose({ noProxy: [around] }, env, page), undefined, around);
		for (const past of ['xample.org', 'example.org:80', 'docs', ''])
			assert.ok(choose({ noProxy: [past] }, env, page), past);
		assert.equal(choose({}, env, 'https://example.net/'), undefined);
		for (const here of ['http://localhost:3000/', 'http://127.0.0.1/', 'http://[::1]/', 'http://10.0.0.1/'])
			assert.equal(choose({}, env, here), undefined, here);
		assert.throws(() => choose({ url: 'socks5://own.test' }, {}, page), /not supported/);
	});

	const pagesWith = (url: string, resolve: () => Promise<{ address: string; family: number }[]>) =>
		createWebPages({ workerFile, resolve, proxy: createProxyChoice(() => ({ ...NOTHING, url }), {}) });
	const unknown = () => Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }));

	test('gets pages whose names this machine does not know; what is known to be private is asked about first', async () => {
		const proxy = await startProxy();
		const page = await pagesWith(proxy.url.replace('//', '//me:pass@'), unknown).fetch(
			{ url: 'http://site.test/a?b', allowedHosts: [] },
			never,
		);
		assert.equal(page.kind === 'text' && page.text, 'through the proxy', JSON.stringify(page));
		assert.deepEqual(proxy.heard, ['GET http://site.test/a?b for site.test']);
		assert.deepEqual(proxy.signs, ['Basic bWU6cGFzcw==']);
		const inside = pagesWith(proxy.url, async () => [{ address: '10.1.2.3', family: 4 }]);
		const asked = await inside.fetch({ url: 'http://wiki.corp/', allowedHosts: [] }, never);
		assert.deepEqual(asked, { kind: 'private', host: 'wiki.corp', address: '10.1.2.3' });
		assert.equal(proxy.heard.length, 1);
		assert.equal((await inside.fetch({ url: 'http://wiki.corp/', allowedHosts: ['wiki.corp'] }, never)).kind, 'text');
	});

	test('tunnels to sites over TLS, which are checked by their own name', async () => {
		const hello = Promise.withResolvers<string>();
		const site = await listen(
			createTcpServer((socket) => {
				socket.on('error', () => undefined);
				socket.once('data', (bytes) => {
					hello.resolve(bytes.toString('latin1'));
					socket.end('no TLS');
				});
			}),
		);
		const proxy = await startProxy(site);
		const page = await pagesWith(proxy.url, unknown).fetch({ url: 'https://site.test/', allowedHosts: [] }, never);
		assert.deepEqual(proxy.heard, ['CONNECT site.test:443']);
		assert.match(await hello.promise, /site\.test/);
		assert.equal(page.kind, 'failed');
	});

	test('that refuses, is gone or hangs is a sentence', async () => {
		const fetched = async (proxy: string, url: string, signal = never) => {
			const outcome = await pagesWith(proxy, unknown).fetch({ url, allowedHosts: [] }, signal);
			return outcome.kind === 'failed' ? outcome.message : JSON.stringify(outcome);
		};
		const strict = await startProxy(0, 407);
		for (const url of ['http://site.test/', 'https://site.test/'])
			assert.match(await fetched(strict.url, url), /wants a sign-in \(407\).*http\.proxyAuthorization/);
		assert.match(await fetched((await startProxy(0, 403)).url, 'https://site.test/'), /the proxy refused \(403\)/);
		assert.match(await fetched('http://127.0.0.1:1', 'https://site.test/'), /nothing listens/);
		assert.match(await fetched('socks5://127.0.0.1:1', 'https://site.test/'), /not supported/);
		const silent = await listen(createTcpServer((socket) => void socket.on('error', () => undefined)));
		const stop = new AbortController();
		const hanging = fetched(`http://127.0.0.1:${silent}`, 'https://site.test/', stop.signal);
		setImmediate(() => stop.abort());
		await assert.rejects(hanging, { name: 'CancelledError' });
	});

	test('stands behind the browser’s own, which still refuses this machine', async () => {
		const proxy = await startProxy();
		const checked = await startCheckedProxy(createProxyChoice(() => ({ ...NOTHING, url: proxy.url }), {}));
		const own = new URL(checked.url);
		const get = (path: string) =>
			new Promise<string>((resolve, reject) => {
				const asked = httpRequest({ host: own.hostname, port: own.port, path, agent: false }, async (answer) => {
					const parts = await Array.fromAsync(answer);
					resolve(`${answer.statusCode} ${Buffer.concat(parts).toString()}`);
				});
				asked.on('error', reject).end();
			});
		const tunnel = (path: string) =>
			new Promise<number | undefined>((resolve, reject) => {
				const asked = httpRequest({ host: own.hostname, port: own.port, method: 'CONNECT', path, agent: false });
				asked.on('connect', ({ statusCode }, socket) => {
					socket.destroy();
					resolve(statusCode);
				});
				asked.on('error', reject).end();
			});
		assert.equal(await get('http://site.invalid/x'), '200 through the proxy');
		assert.equal(await get('http://localhost:9/x'), '403 Not allowed.');
		assert.equal(await tunnel('127.0.0.1:9'), 403);
		assert.deepEqual(checked.takeRefused(), ['localhost:9', '127.0.0.1:9']);
		const site = await listen(createTcpServer((socket) => void socket.on('error', () => undefined)));
		const tunnelling = await startProxy(site);
		const other = await startCheckedProxy(createProxyChoice(() => ({ ...NOTHING, url: tunnelling.url }), {}));
		own.port = new URL(other.url).port;
		assert.equal(await tunnel('site.invalid:443'), 200);
		assert.deepEqual(tunnelling.heard, ['CONNECT site.invalid:443']);
		await checked.close();
		await other.close();
	});
});
