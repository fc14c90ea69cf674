/** The proxy behind which commands reach sites, without a sandbox: what it asks its gate, what it never lets through, and what it stands. */
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import type { SiteGate } from '../../../src/core/sandbox/siteGate.ts';
import { startSharedProxy } from '../../../src/node/sandbox/commandNetwork.ts';
import { createSiteProxy, type SiteProxyOptions } from '../../../src/node/sandbox/siteProxy.ts';
import { until } from '../../fakes/patience.ts';
import { gateWith, here, listening, startSite } from './siteProxyFixture.ts';

const closers: (() => unknown)[] = [];
after(async () => {
	for (const close of closers) await close();
});

async function proxyFor(gate: SiteGate, options: SiteProxyOptions = { resolve: here }) {
	const proxy = createSiteProxy(() => ({ gate }), options);
	closers.push(() => proxy.close());
	return { port: await listening(proxy.server), close: () => proxy.close() };
}
async function site() {
	const made = await startSite();
	closers.push(() => made.close());
	return made;
}

/** What comes back for these bytes, until the other side ends it. */
async function raw(port: number, text: string): Promise<string> {
	const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
	let back = '';
	socket.setEncoding('latin1').on('data', (part) => {
		back += part;
	});
	socket.on('error', () => undefined);
	socket.write(text, 'latin1');
	await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
	socket.destroy();
	return back;
}
const tunnelTo = (port: number, place: string, first = '') =>
	raw(port, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n${first}`);
const get = (port: number, url: string, more = '') =>
	raw(port, `GET ${url} HTTP/1.1\r\nhost: other.test\r\nconnection: close\r\n${more}\r\n`);
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

describe('a site', () => {
	test('is asked about by its name before that is resolved, and again when it leads to this machine', async () => {
		const { gate, asked } = gateWith(({ privateAddress }) => privateAddress === undefined);
		const resolved: string[] = [];
		const resolve = async (host: string) => {
			resolved.push(host, ...asked);
			return await here();
		};
		const { port } = await proxyFor(gate, { resolve });
		const { port: sitePort, heard } = await site();
		const answer = await get(port, `http://Wiki.test.:${sitePort}/x`);
		assert.equal(statusOf(answer), 403);
		assert.match(answer, /does not let this command reach wiki\.test/);
		assert.deepEqual(resolved, ['wiki.test', `wiki.test:${sitePort}`]);
		assert.deepEqual(asked, [`wiki.test:${sitePort}`, `wiki.test:${sitePort} at 127.0.0.1`]);
		assert.deepEqual([heard, gate.use()], [[], { reached: [], refused: ['wiki.test'] }]);
	});
	test('that is refused is not resolved at all', async () => {
		const { gate } = gateWith(false);
		const resolve = () => assert.fail('It asked the resolver.');
		const { port } = await proxyFor(gate, { resolve });
		assert.equal(statusOf(await get(port, 'http://secret-words.evil.test/')), 403);
		assert.equal(statusOf(await tunnelTo(port, 'secret-words.evil.test:443')), 403);
	});
	test('that is allowed gets what was sent, under the name that was judged', async () => {
		const { gate, asked } = gateWith(true);
		const { port } = await proxyFor(gate);
		const { port: sitePort, heard } = await site();
		const place = `site.test:${sitePort}`;
		assert.match(await get(port, `http://${place}/a?b`, 'proxy-authorization: Basic eDp5\r\n'), /the page \/a\?b/);
		assert.match(
			await tunnelTo(port, place, `GET /t HTTP/1.1\r\nhost: ${place}\r\nconnection: close\r\n\r\n`),
			/200 Connection Established[\s\S]*the page \/t/,
		);
		assert.deepEqual(heard, [`GET /a?b for ${place}`, `GET /t for ${place}`]);
		assert.deepEqual(asked, [place, `${place} at 127.0.0.1`]);
		assert.deepEqual(gate.use(), { reached: ['site.test'], refused: [] });
	});
	test('that is not there, or not known, is a failure that is told', async () => {
		const { gate } = gateWith(true);
		const none = await proxyFor(gate, { resolve: () => Promise.reject(new Error('ENOTFOUND')) });
		assert.equal(statusOf(await get(none.port, 'http://no.test/')), 502);
		assert.equal(statusOf(await tunnelTo(none.port, 'no.test:443')), 502);
		const { port } = await proxyFor(gate);
		const closed = await startSite();
		closed.close();
		assert.equal(statusOf(await tunnelTo(port, `gone.test:${closed.port}`)), 502);
	});
});

describe('what is this machine or its network, however it is spelled,', () => {
	for (const [spelled, host] of [
		['127.0.0.1', '127.0.0.1'],
		['127.1', '127.0.0.1'],
		['0x7f.1', '127.0.0.1'],
		['2130706433', '127.0.0.1'],
		['[::1]', '::1'],
		['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
		['169.254.169.254', '169.254.169.254'],
		['[fd00:ec2::254]', 'fd00:ec2::254'],
		['LocalHost.', 'localhost'],
		['metadata.google.internal', 'metadata.google.internal'],
		['0.0.0.0', '0.0.0.0'],
	] as const)
		test(`is asked about as such: ${spelled}`, async () => {
			const { gate, asked } = gateWith(false);
			const { port } = await proxyFor(gate);
			assert.equal(statusOf(await tunnelTo(port, `${spelled}:8080`)), 403);
			assert.equal(statusOf(await get(port, `http://${spelled}:8080/`)), 403);
			assert.deepEqual(asked, [`${host}:8080 at ${host}`]);
		});
});

describe('what is no request for a site of the web', () => {
	for (const place of [
		'site.test',
		'site.test:0',
		'site.test:99999',
		'me@site.test:443',
		'site.test:443/x',
		':443',
		'a b:443',
		'a%00b:443',
		'..:443',
		'[::1:443',
	])
		test(`is not asked about: CONNECT ${place}`, async () => {
			const { gate, asked } = gateWith(true);
			const { port } = await proxyFor(gate);
			assert.ok([0, 400, 403].includes(statusOf(await tunnelTo(port, place))));
			assert.deepEqual(asked, []);
		});
	for (const url of [
		'/path',
		'https://site.test/',
		'ftp://site.test/',
		'http://me:word@site.test/',
		"http://a'b(c.test/",
	])
		test(`is not asked about: GET ${url}`, async () => {
			const { gate, asked } = gateWith(true);
			const { port } = await proxyFor(gate);
			assert.ok([400, 403].includes(statusOf(await get(port, url))));
			assert.deepEqual(asked, []);
		});
	for (const portNumber of [22, 25, 445])
		test(`is not asked about: port ${portNumber}`, async () => {
			const { gate, asked } = gateWith(true);
			const { port } = await proxyFor(gate);
			const answer = await tunnelTo(port, `site.test:${portNumber}`);
			assert.match(answer, new RegExp(`^HTTP/1\\.1 403 [\\s\\S]*Port ${portNumber} is none of the web`));
			assert.deepEqual([asked, gate.use().refused], [[], [`site.test:${portNumber}`]]);
		});
	test('is not asked about: bytes that are no HTTP', async () => {
		const { gate, asked } = gateWith(true);
		const { port } = await proxyFor(gate);
		await raw(port, '\u0005\u0001\u0000 SSH-2.0-x\r\n\r\n');
		assert.deepEqual(asked, []);
	});
	test('comes from nobody that is known', async () => {
		const proxy = createSiteProxy(() => undefined, { resolve: here });
		closers.push(() => proxy.close());
		assert.equal(statusOf(await tunnelTo(await listening(proxy.server), 'site.test:443')), 407);
	});
});

test('a flood of connections is cut, and what is asked then is answered', async () => {
	const { gate } = gateWith(true);
	const { port } = await proxyFor(gate);
	const { port: sitePort } = await site();
	const sockets: Socket[] = [];
	let cut = 0;
	for (let count = 0; count < 300; count++) {
		const socket = connect({ port, host: '127.0.0.1' });
		sockets.push(socket);
		socket.on('error', () => undefined).once('close', () => cut++);
	}
	await until(() => cut >= 300 - 256, 'The flood was cut');
	for (const socket of sockets) socket.destroy();
	await until(() => cut === 300);
	// It may take a moment until it knows that the others are gone.
	let page = '';
	for (let tries = 0; tries < 1_000 && page === ''; tries++)
		page = await get(port, `http://site.test:${sitePort}/after`);
	assert.match(page, /the page \/after/);
});

test('who does nothing but connect loses the proxy, so that nothing is kept busy', async () => {
	const { gate } = gateWith(true);
	const { port } = await proxyFor(gate, { resolve: here, floodCount: 50 });
	const { port: sitePort } = await site();
	const page = `http://site.test:${sitePort}/page`;
	for (let count = 1; count < 50; count++) assert.equal(statusOf(await get(port, page)), 200, String(count));
	await get(port, page);
	await assert.rejects(
		new Promise((resolve, reject) =>
			connect({ port, host: '127.0.0.1' }).once('connect', resolve).once('error', reject),
		),
		{ code: 'ECONNREFUSED' },
	);
});

test('with its end everything ends: tunnels, and those who wait for an answer', async () => {
	const { gate, asked } = gateWith(
		(site, signal) =>
			site.host === 'open.test' ||
			new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
	);
	const { port, close } = await proxyFor(gate);
	const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
	const sitePort = await listening(silent);
	closers.push(() => silent.close());
	const tunnels = [tunnelTo(port, `open.test:${sitePort}`), tunnelTo(port, 'waits.test:443')];
	await until(() => gate.use().reached.length === 1 && asked.some((one) => one.startsWith('waits')));
	gate.end();
	await close();
	assert.deepEqual((await Promise.all(tunnels)).map(statusOf).toSorted(), [0, 200]);
	assert.equal(await gate.mayReach({ host: 'open.test', port: 443 }), false);
});

test('goes through the user’s own proxy, behind the same questions', async () => {
	const heard: string[] = [];
	const own = createServer((request, response) => {
		heard.push(`${request.method} ${request.url}`);
		response.end('through the proxy');
	});
	own.on('connect', (request, socket) => {
		heard.push(`CONNECT ${request.url}`);
		socket.end('HTTP/1.1 200 OK\r\n\r\nthrough the tunnel');
	});
	const ownPort = await listening(own);
	closers.push(() => own.close());
	const { gate, asked } = gateWith(({ host }) => host !== 'evil.test');
	const through = { host: '127.0.0.1', port: ownPort, isSecure: false, authorization: undefined };
	const { port } = await proxyFor(gate, {
		proxy: () => through,
		resolve: () => Promise.reject(new Error('only the proxy knows')),
	});
	assert.match(await get(port, 'http://site.test/a'), /through the proxy/);
	assert.match(await tunnelTo(port, 'site.test:443'), /through the tunnel/);
	assert.equal(statusOf(await get(port, 'http://evil.test/a')), 403);
	assert.deepEqual(heard, ['GET http://site.test/a', 'CONNECT site.test:443']);
	assert.deepEqual(asked, ['site.test:80', 'evil.test:80']);
});

test('a large answer for a slow reader comes whole', async () => {
	const size = 8_000_000;
	const big = createServer((_request, response) => void response.end(Buffer.alloc(size, 'x')));
	const bigPort = await listening(big);
	closers.push(() => big.close());
	const { gate } = gateWith(true);
	const { port } = await proxyFor(gate);
	const place = `big.test:${bigPort}`;
	const length = await new Promise<number>((resolve, reject) => {
		const asked = httpRequest({ host: '127.0.0.1', port, method: 'CONNECT', path: place, agent: false });
		asked.on('error', reject).on('connect', async (_answer, socket) => {
			socket.write(`GET / HTTP/1.1\r\nhost: ${place}\r\nconnection: close\r\n\r\n`);
			let count = 0;
			for await (const part of socket) {
				count += part.length;
				await new Promise((next) => setImmediate(next));
			}
			resolve(count);
		});
		asked.end();
	});
	assert.ok(length > size, String(length));
});

test('one proxy for several commands knows whose request it is, and cuts those of one that is over', async () => {
	const shared = await startSharedProxy({ resolve: here });
	closers.push(() => shared.close());
	const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
	const sitePort = await listening(silent);
	closers.push(() => silent.close());
	const [one, other] = [gateWith(true), gateWith(false)];
	const networks = [one, other].map(({ gate }) => shared.networkOf(gate));
	const signs = networks.map((network) => {
		const { username, password, host } = new URL(network.variables({}).HTTPS_PROXY ?? '');
		assert.equal(host, `127.0.0.1:${shared.port}`);
		return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	});
	const ask = (sign: string | undefined) =>
		raw(
			shared.port,
			`CONNECT site.test:${sitePort} HTTP/1.1\r\n${sign === undefined ? '' : `proxy-authorization: ${sign}\r\n`}\r\n`,
		);
	assert.deepEqual(
		(await Promise.all([ask(undefined), ask('Basic eDp5'), ask(signs[1])])).map(statusOf),
		[407, 407, 403],
	);
	const tunnel = ask(signs[0]);
	await until(() => one.gate.use().reached.length === 1);
	networks[0]?.close();
	assert.equal(statusOf(await tunnel), 200);
	assert.equal(statusOf(await ask(signs[0])), 407);
	assert.deepEqual([one.asked.length, other.asked.length], [2, 1]);
});
