import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Emitter } from '../../../src/base/emitter.ts';
import type { McpHttpTransport, McpServerConfig, McpSignInWindow } from '../../../src/core/mcp/mcpPorts.ts';
import { type LifeTiming, usualTiming } from '../../../src/node/mcp/serverLife.ts';
import { type GuardedServer, startGuardedServer } from '../../fakes/mcp/guardedServer.ts';
import { withMoreTime } from '../../fakes/patience.ts';
import { config, isReady, never, startWorld, untilServer } from './mcpWorld.ts';

const REDIRECT = 'vscode://retrace.retrace/mcp';
const ends: (() => unknown)[] = [];
after(async () => {
	for (const end of ends.reverse()) await end();
});

/** A browser that signs in at once, and what the window keeps. */
function browser(change: (query: Record<string, string>) => Record<string, string> = (query) => query) {
	const opened: string[] = [];
	const kept = new Map<string, string>();
	const changed = new Emitter<void>();
	let comeBack: ((query: Record<string, string>) => void) | undefined;
	let isWilling = true;
	const window: McpSignInWindow = {
		redirectUrl: async () => REDIRECT,
		async openBrowser(url) {
			opened.push(url);
			if (!isWilling) return false;
			const answer = await fetch(url, { redirect: 'manual' });
			const back = new URL(answer.headers.get('location') ?? '');
			assert.equal(`${back.protocol}//${back.host}${back.pathname}`, REDIRECT);
			comeBack?.(change(Object.fromEntries(back.searchParams)));
			return true;
		},
		waitForRedirect: (_state, signal) =>
			new Promise((resolve, reject) => {
				comeBack = resolve;
				signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')), { once: true });
			}),
		secrets: {
			get: async (key) => kept.get(key),
			async set(key, value) {
				kept.set(key, value);
				changed.fire();
			},
			async delete(key) {
				kept.delete(key);
				changed.fire();
			},
			onDidChange: changed.event,
		},
	};
	return { window, opened, kept, refuse: () => (isWilling = false) };
}

async function start(
	more: {
		change?: (query: Record<string, string>) => Record<string, string>;
		transport?: Partial<McpHttpTransport>;
		ways?: Partial<GuardedServer['ways']>;
	} = {},
	timing: Partial<LifeTiming> = {},
) {
	const server = await startGuardedServer();
	ends.push(() => server.close());
	Object.assign(server.ways, more.ways);
	const user = browser(more.change);
	const { servers, dispose, errors } = startWorld({ signIn: user.window }, { timing: { ...usualTiming, ...timing } });
	ends.push(dispose);
	const web: McpServerConfig = config('web', { kind: 'http', url: server.url, headers: {}, ...more.transport });
	servers.configure([web]);
	await untilServer(servers, 'web', ({ state }) => state.kind === 'needsSignIn');
	const call = () => servers.call('web', 'work', {}, () => undefined, never);
	return { server, servers, user, call, errors, web };
}
const asNotes = [{ kind: 'text', text: 'as notes' }];

describe('signing in to a server', { concurrency: 6 }, () => {
	test('nothing is registered and no browser opens before the user asks; then calls work', async () => {
		const { server, servers, user, call, errors } = await start();
		assert.equal(server.counts.registered, 0);
		assert.deepEqual(user.opened, []);
		await assert.rejects(call(), { code: 'mcp-needs-sign-in' });
		await servers.signIn('web', never);
		assert.equal(servers.list()[0]?.state.kind, 'ready');
		assert.deepEqual((await call()).content, asNotes);
		assert.deepEqual(server.violations, []);
		assert.deepEqual(errors, []);
		assert.deepEqual([...user.kept.keys()], [server.url]);
		assert.ok(!servers.log('web').includes(String(JSON.parse([...user.kept.values()][0] ?? '').tokens.access_token)));
	});

	test('a token that has ended is renewed, once for all calls, and kept for the next window', async () => {
		const { server, servers, user, call, web } = await start();
		await servers.signIn('web', never);
		server.expireTokens();
		const results = await Promise.all([call(), call(), call(), call()]);
		assert.ok(results.every(({ isError }) => !isError));
		assert.equal(server.counts.refreshed, 1);
		assert.equal(user.opened.length, 1);
		const next = startWorld({ signIn: user.window });
		ends.push(() => next.dispose());
		next.servers.configure([web]);
		await untilServer(next.servers, 'web', isReady);
		assert.equal(user.opened.length, 1);
		assert.deepEqual(server.violations, []);
	});

	test('two windows that renew at the same time both go on, and no token is lost', async () => {
		const { server, servers, user, call, web } = await start();
		await servers.signIn('web', never);
		const other = startWorld({ signIn: user.window });
		ends.push(() => other.dispose());
		other.servers.configure([web]);
		await untilServer(other.servers, 'web', isReady);
		for (let round = 0; round < 3; round++) {
			server.expireTokens();
			const results = await Promise.all([call(), other.servers.call('web', 'work', {}, () => undefined, never)]);
			assert.ok(results.every(({ isError }) => !isError));
		}
		assert.equal(user.opened.length, 1);
	});

	test('a sign-in of one window is one for the others that wait for it', async () => {
		const { server, servers, user, web } = await start();
		const other = startWorld({ signIn: user.window });
		ends.push(() => other.dispose());
		other.servers.configure([web]);
		await untilServer(other.servers, 'web', ({ state }) => state.kind === 'needsSignIn');
		await servers.signIn('web', never);
		await untilServer(other.servers, 'web', isReady);
		assert.equal(user.opened.length, 1);
		// Who signs out stays signed out.
		await servers.signOut('web');
		assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
		assert.deepEqual(server.violations, []);
	});

	test('a sign-in server that does not answer holds up nothing for long', async () => {
		const signsInAndOut = async (signInAnswerMs: number) => {
			const { server, servers, user, call } = await start({}, { signInAnswerMs });
			await servers.signIn('web', never);
			server.expireTokens();
			server.ways.silentOn = '/token';
			await assert.rejects(call(), { code: 'mcp-needs-sign-in' });
			server.ways.silentOn = undefined;
			await servers.signIn('web', never);
			server.ways.silentOn = '/.well-known/oauth-protected-resource/mcp';
			const stop = new AbortController();
			const signingIn = servers.signIn('web', stop.signal);
			stop.abort();
			await assert.rejects(signingIn, { name: 'CancelledError' });
			assert.equal(user.opened.length, 2);
		};
		const problem = await withMoreTime(
			(limitMs) =>
				signsInAndOut(limitMs).then(
					() => undefined,
					(error: unknown) => error,
				),
			(problem) => problem === undefined,
		);
		assert.ifError(problem);
	});

	test('is asked for also by a server that greets anybody and guards its lists', async () => {
		const { server, servers, call } = await start({ ways: { greetsAnybody: true } });
		await servers.signIn('web', never);
		assert.deepEqual((await call()).content, asNotes);
		assert.deepEqual(server.violations, []);
	});

	test('a sign-in that has ended for good needs the user again, who need not register again', async () => {
		const { server, servers, call } = await start();
		await servers.signIn('web', never);
		server.expireTokens();
		server.revokeRefreshTokens();
		await assert.rejects(call(), { code: 'mcp-needs-sign-in', message: /ended.*sign in/s });
		assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
		await servers.signIn('web', never);
		assert.deepEqual((await call()).content, asNotes);
		assert.equal(server.counts.registered, 1);
	});

	test('further rights are asked for when a call needs them', async () => {
		const { server, servers, call, user } = await start({ ways: { call: 'needsScope' } });
		await servers.signIn('web', never);
		await assert.rejects(call(), { code: 'mcp-needs-sign-in', message: /further rights/ });
		await servers.signIn('web', never);
		assert.deepEqual((await call()).content, [{ kind: 'text', text: 'as notes admin' }]);
		assert.match(user.opened.at(-1) ?? '', /scope=notes\+admin/);
		assert.deepEqual(server.violations, []);
	});

	test('signing out forgets all of it', async () => {
		const { servers, user, call } = await start();
		await servers.signIn('web', never);
		await servers.signOut('web');
		assert.equal(user.kept.size, 0);
		assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
		await assert.rejects(call(), { code: 'mcp-needs-sign-in' });
	});

	const refusals: readonly (readonly [what: string, reason: RegExp, more: Parameters<typeof start>[0]])[] = [
		['another state', /came back from something else/, { change: (query) => ({ ...query, state: 'x' }) }],
		['no code', /without a code/, { change: ({ code: _code, ...query }) => query }],
		['a made-up code', /Signing in failed/, { change: (query) => ({ ...query, code: 'x' }) }],
		['another issuer', /another server/, { ways: { issuer: 'https://evil.example' } }],
		['a refusal', /access_denied/, { ways: { denies: true } }],
		['an address that is not https', /which is not https/, { ways: { authorizeAt: 'http://login.example/' } }],
		['a file', /Signing in failed|not https/, { ways: { authorizeAt: 'file:///bin/sh' } }],
		['a script', /Signing in failed|not https/, { ways: { authorizeAt: 'javascript:alert(1)' } }],
	];
	for (const [what, reason, more] of refusals)
		test(`is refused: ${what}`, async () => {
			const { servers, user } = await start(more);
			await assert.rejects(servers.signIn('web', never), ({ code, message }: { code: string; message: string }) => {
				assert.equal(code, 'mcp-sign-in');
				assert.match(message, reason);
				return true;
			});
			assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
			assert.ok(![...user.kept.values()].some((text) => text.includes('access_token')));
		});

	test('can be cancelled, by the user in the browser dialog or from outside', async () => {
		const { servers, user } = await start();
		user.refuse();
		await assert.rejects(servers.signIn('web', never), { name: 'CancelledError' });
		assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
		await assert.rejects(servers.signIn('web', AbortSignal.abort()), { name: 'CancelledError' });
		assert.equal(servers.list()[0]?.state.kind, 'needsSignIn');
	});

	test('is not offered over a line that others can read', async () => {
		const { server, user } = await start();
		const { servers, dispose } = startWorld({ signIn: user.window });
		ends.push(dispose);
		servers.configure([
			config('web', { kind: 'http', url: 'http://notes.example/mcp', headers: {} }, { admission: 'start' }),
		]);
		await assert.rejects(servers.signIn('web', never), { code: 'mcp-sign-in', message: /not https/ });
		assert.equal(server.counts.registered, 0);
		assert.equal(user.opened.length, 0);
	});

	test('credentials of the configuration take its place', async () => {
		const server = await startGuardedServer();
		ends.push(() => server.close());
		const user = browser();
		const { servers, dispose } = startWorld({ signIn: user.window });
		ends.push(dispose);
		servers.configure([config('web', { kind: 'http', url: server.url, headers: { Authorization: 'Bearer mine' } })]);
		const { state } = await untilServer(servers, 'web', ({ state }) => state.kind === 'failed');
		assert.ok(state.kind === 'failed' && state.code === 'mcp-refused');
		assert.ok(server.headers.every(({ authorization }) => authorization === 'Bearer mine'));
	});

	test('without a window to sign in from, the server is refused', async () => {
		const server = await startGuardedServer();
		ends.push(() => server.close());
		const { servers, dispose } = startWorld();
		ends.push(dispose);
		servers.configure([config('web', { kind: 'http', url: server.url, headers: {} })]);
		await untilServer(servers, 'web', ({ state }) => state.kind === 'failed');
		await assert.rejects(servers.signIn('web', never), { code: 'mcp-no-sign-in' });
	});
});
