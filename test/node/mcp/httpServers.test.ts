import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { createGuardedFetch } from '../../../src/node/mcp/guardedFetch.ts';
import { type GuardedServer, startGuardedServer } from '../../fakes/mcp/guardedServer.ts';
import { config, everything, isFailed, isReady, never, startWorld, untilServer } from './mcpWorld.ts';

const ends: (() => unknown)[] = [];
after(async () => {
	for (const end of ends.reverse()) await end();
});

async function freePort(): Promise<number> {
	const probe = createServer();
	await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
	const { port } = probe.address() as AddressInfo;
	await new Promise((resolve) => probe.close(resolve));
	return port;
}

/** The reference server as a process that listens. A free port may be taken before it does, so it tries another. */
async function startEverything(kind: 'streamableHttp' | 'sse', attempts = 3): Promise<string> {
	const port = await freePort();
	const child = spawn(process.execPath, [everything.args[0] ?? '', kind], {
		env: { ...process.env, PORT: String(port) },
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	ends.push(() => child.kill());
	let said = '';
	const isListening = await new Promise<boolean>((resolve) => {
		child.stderr.on('data', (text: Buffer) => {
			said += String(text);
			if (/listening on|running on/i.test(said)) resolve(true);
		});
		child.once('exit', () => resolve(false));
	});
	if (!isListening && attempts > 1) return await startEverything(kind, attempts - 1);
	assert.ok(isListening, said);
	return `http://127.0.0.1:${port}/${kind === 'sse' ? 'sse' : 'mcp'}`;
}

async function openServer(): Promise<GuardedServer> {
	const server = await startGuardedServer();
	ends.push(() => server.close());
	server.ways.isOpen = true;
	return server;
}

function world() {
	const made = startWorld();
	ends.push(() => made.dispose());
	return made;
}
const call = ({ servers }: ReturnType<typeof world>, tool = 'work', input = {}) =>
	servers.call('web', tool, input, () => undefined, never);
const toWeb = (url: string, headers: Record<string, string> = {}) => config('web', { kind: 'http', url, headers });

describe('servers over HTTP', { concurrency: 4 }, () => {
	for (const kind of ['streamableHttp', 'sse'] as const)
		test(`the reference server, ${kind === 'sse' ? 'of the older kind' : 'streamable'}`, async () => {
			const url = await startEverything(kind);
			const made = world();
			made.servers.configure([toWeb(url)]);
			const { tools } = await untilServer(made.servers, 'web', isReady);
			assert.ok(tools.length > 8);
			assert.deepEqual((await call(made, 'echo', { message: 'hi' })).content, [{ kind: 'text', text: 'Echo: hi' }]);
			const heard: string[] = [];
			const input = { duration: 0.2, steps: 2 };
			const running = made.servers.call(
				'web',
				'trigger-long-running-operation',
				input,
				(text) => heard.push(text),
				never,
			);
			// All of it comes in one piece to a window that is busy.
			setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500), 20);
			await running;
			assert.ok(heard.length >= 1);
		});

	test('an address without a server', async () => {
		const made = world();
		// No system gives away so low a port, and nobody listens there.
		made.servers.configure([toWeb('http://127.0.0.1:2/mcp')]);
		const { state } = await untilServer(made.servers, 'web', isFailed);
		assert.ok(state.kind === 'failed' && state.code === 'mcp-unreachable');
		assert.match(state.reason, /ECONNREFUSED/);
	});

	test('a page that is no server', async () => {
		const server = await openServer();
		const made = world();
		made.servers.configure([toWeb(`${server.origin}/elsewhere`)]);
		const { state } = await untilServer(made.servers, 'web', isFailed);
		assert.ok(state.kind === 'failed' && state.code === 'mcp-no-endpoint', JSON.stringify(state));
	});

	test('a server that forgot the session gets a new one, and the calls once more', async () => {
		const server = await openServer();
		const made = world();
		made.servers.configure([toWeb(server.url)]);
		await untilServer(made.servers, 'web', isReady);
		server.forgetSessions();
		const results = await Promise.all([call(made), call(made), call(made)]);
		assert.ok(results.every(({ isError }) => !isError));
		assert.equal(server.counts.initialized, 2);
	});

	test('one that says so in its own way, too', async () => {
		const server = await openServer();
		server.ways.unknownSession = 400;
		const made = world();
		made.servers.configure([toWeb(server.url)]);
		await untilServer(made.servers, 'web', isReady);
		server.forgetSessions();
		assert.equal((await call(made)).isError, false);
		assert.equal(server.counts.initialized, 2);
	});

	const breaks = [
		['breaksOff', 405],
		['resets', 405],
		['breaksOffWithId', 405],
		['breaksOffWithId', 404],
	] as const;
	for (const [how, resumption] of breaks)
		test(`a call whose stream breaks off is told at once: ${how}, ${resumption}`, async () => {
			const server = await openServer();
			Object.assign(server.ways, { call: how, resumption });
			const made = world();
			made.servers.configure([{ ...toWeb(server.url), callTimeoutMs: 15_000 }]);
			await untilServer(made.servers, 'web', isReady);
			await assert.rejects(call(made), { code: 'mcp-broke-off', message: /may have taken effect/ });
			server.ways.call = 'works';
			assert.equal((await call(made)).isError, false);
		});

	test('one that goes silent behind its greeting has not started', async () => {
		const server = await openServer();
		server.ways.silentOn = 'notifications/initialized';
		const made = world();
		made.servers.configure([{ ...toWeb(server.url), startTimeoutMs: 700 }]);
		const { state } = await untilServer(made.servers, 'web', isFailed);
		assert.ok(state.kind === 'failed' && state.code === 'mcp-timeout', JSON.stringify(state));
	});

	test('one of the older kind that never says where to write to has not started', async () => {
		const silent = createServer((_request, response) =>
			response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
		);
		await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
		ends.push(
			() => silent.close(),
			() => silent.closeAllConnections(),
		);
		const { port } = silent.address() as AddressInfo;
		const made = world();
		const url = `http://127.0.0.1:${port}/sse`;
		made.servers.configure([config('web', { kind: 'sse', url, headers: {} }, { startTimeoutMs: 700 })]);
		const { state } = await untilServer(made.servers, 'web', isFailed);
		assert.ok(state.kind === 'failed' && state.code === 'mcp-timeout', JSON.stringify(state));
	});

	for (const how of ['flood', 'endlessEvent'] as const)
		test(`100 MB as one answer end the connection: ${how}`, async () => {
			const server = await openServer();
			server.ways.call = how;
			const made = world();
			made.servers.configure([toWeb(server.url)]);
			await untilServer(made.servers, 'web', isReady);
			await assert.rejects(call(made), { code: 'mcp-flood' });
			const { state } = await untilServer(made.servers, 'web', isFailed);
			assert.ok(state.kind === 'failed' && state.code === 'mcp-flood');
			server.ways.call = 'works';
			await made.servers.start('web');
			assert.equal((await call(made)).isError, false);
		});

	test('configured headers go to the server, and to nobody it points to', async () => {
		const [server, other] = [await openServer(), await openServer()];
		const made = world();
		made.servers.configure([toWeb(server.url, { 'X-Api-Key': 'secret' })]);
		await untilServer(made.servers, 'web', isReady);
		assert.ok(server.headers.every((headers) => headers['x-api-key'] === 'secret'));
		server.ways.redirectTo = other.url;
		await assert.rejects(call(made));
		assert.deepEqual(other.requests, []);
	});
});

describe('what a server may make us reach', () => {
	const reached: string[] = [];
	const base = async (url: string | URL, init?: RequestInit) => {
		const { origin } = new URL(url);
		const headers = new Headers(init?.headers);
		reached.push(`${origin} ${headers.get('x-api-key')} ${init?.redirect}`);
		return new Response('{}');
	};
	const cases: readonly (readonly [server: string, target: string, mayReach: boolean])[] = [
		['https://a.example/mcp', 'https://a.example/other', true],
		['https://a.example/mcp', 'https://login.example/token', true],
		['https://a.example/mcp', 'http://login.example/token', false],
		['https://a.example/mcp', 'http://127.0.0.1:8080/', false],
		['https://a.example/mcp', 'https://localhost/', false],
		['http://localhost:1/mcp', 'http://127.0.0.1:2/token', true],
		['http://localhost:1/mcp', 'https://login.example/token', true],
		['https://a.example/mcp', 'file:///etc/passwd', false],
	];
	for (const [server, target, mayReach] of cases)
		test(`${server} to ${target}: ${mayReach ? 'yes' : 'no'}`, async () => {
			reached.length = 0;
			const fetch = createGuardedFetch(server, { 'X-Api-Key': 'secret' }, base, () => undefined);
			if (!mayReach) await assert.rejects(fetch(target), { code: 'mcp-unreachable' });
			else await fetch(target);
			const isOwn = new URL(server).origin === new URL(target).origin;
			assert.deepEqual(reached, mayReach ? [`${new URL(target).origin} ${isOwn ? 'secret' : 'null'} manual`] : []);
		});
});
