// Which MCP servers start, and when: never before a prompt, never without the user's word, never without trust, and not with tools that
// are not what they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mcpRow } from '../../../src/host/mcp/mcpRow.ts';
import type { ServerView } from '../../../src/host/mcp/mcpServers.ts';
import { written } from '../../core/mcp/variables.ts';
import { createMcpScene, serverOf, tool, whenTrue } from './mcpScene.ts';

const project = (servers: unknown) => JSON.stringify({ mcpServers: servers });
const transportsOf = (scene: ReturnType<typeof createMcpScene>) =>
	(scene.configured.at(-1) ?? []).map(({ name, transport }) =>
		transport.kind === 'stdio' ? [name, transport.command, ...transport.args, transport.cwd] : [name, transport.url],
	);

test('the user’s own servers start with the first prompt, a project’s with the user’s word', async () => {
	const scene = createMcpScene();
	scene.own = '{"mine":{"command":"mine"}}';
	scene.project = project({ theirs: { command: 'theirs', args: [written('«workspaceFolder»/x')] } });
	const servers = scene.open();
	await servers.refresh();
	assert.deepEqual(
		servers.list().map((view) => [view.declared.name, view.consent, mcpRow(view, servers.isAwake).description]),
		[
			['mine', 'own', 'starts with the next prompt'],
			['theirs', 'open', 'needs your approval'],
		],
	);
	assert.equal(servers.client, undefined);
	servers.wake();
	await servers.refresh();
	assert.deepEqual(transportsOf(scene), [['mine', 'mine', undefined]]);
	const { declared } = servers.view('theirs');
	await servers.answer(declared, 'approve');
	assert.deepEqual(transportsOf(scene), [
		['mine', 'mine', undefined],
		['theirs', 'theirs', '/w/x', '/w'],
	]);
	// Another command under the same name is asked about again, and ends what ran.
	scene.project = project({ theirs: { command: 'evil' } });
	scene.filesChanged.fire();
	await whenTrue(() => servers.view('theirs').consent === 'open', servers.onDidChange);
	assert.deepEqual(transportsOf(scene), [['mine', 'mine', undefined]]);
	// What was agreed to counts again when it is back; it is kept for the next window, too.
	scene.project = project({ theirs: { command: 'theirs', args: [written('«workspaceFolder»/x')] } });
	const next = scene.open();
	next.wake();
	await next.refresh();
	assert.equal(transportsOf(scene).length, 2);
	await servers.close();
	await next.close();
	assert.equal(scene.isDisposed, true);
	assert.deepEqual(scene.errors, []);
});

test('an answer is for what was shown, not for what the file has become', async () => {
	const scene = createMcpScene();
	scene.project = project({ s: { command: 'good' } });
	const servers = scene.open();
	await servers.refresh();
	const { declared } = servers.view('s');
	scene.project = project({ s: { command: 'evil' } });
	await servers.answer(declared, 'approve');
	assert.equal(servers.view('s').consent, 'open');
	assert.deepEqual(transportsOf(scene), []);
	await servers.close();
});

test('a window that closes while the files are read starts nothing any more', async () => {
	const scene = createMcpScene();
	const servers = scene.open();
	let closing: Promise<void> | undefined;
	Object.defineProperty(scene, 'own', {
		get() {
			closing ??= servers.close();
			return '{"mine":{"command":"mine"}}';
		},
	});
	servers.wake();
	await servers.refresh();
	await closing;
	assert.deepEqual([scene.configured, scene.errors], [[], []]);
});

test('without trust nothing is read, resolved or started', async () => {
	const scene = createMcpScene();
	scene.isTrusted = false;
	scene.own = '{"mine":{"command":"mine"}}';
	scene.project = project({ s: { command: written('«TOKEN»') } });
	const servers = scene.open();
	servers.wake();
	await servers.refresh();
	assert.deepEqual(servers.list(), []);
	assert.equal(scene.reads, 0);
	assert.equal(servers.client, undefined);
	await assert.rejects(servers.start('mine'), { code: 'mcp-no-server' });
	assert.deepEqual(scene.configured, []);
	await servers.close();
});

test('what may not start is not even resolved', async () => {
	const scene = createMcpScene();
	scene.environment = new Proxy({}, { getOwnPropertyDescriptor: () => assert.fail('the environment was looked at') });
	scene.project = project({
		open: { command: written('«TOKEN»') },
		off: { command: written('«TOKEN»'), disabled: true },
		refused: { command: written('x«TOKEN»') },
	});
	const servers = scene.open();
	await servers.refresh();
	await servers.answer(servers.view('refused').declared, 'refuse');
	servers.wake();
	await servers.refresh();
	assert.deepEqual(scene.configured, []);
	assert.deepEqual(
		servers.list().map((view) => mcpRow(view, true).description),
		['needs your approval', 'disabled', 'not allowed'],
	);
	await servers.close();
});

test('inputs are asked for when the user starts it, and a variable that is missing is said', async () => {
	const scene = createMcpScene();
	scene.own = JSON.stringify({
		asks: { url: written('https://x.example/«input:key»') },
		lacks: { command: written('«NOWHERE»') },
	});
	const servers = scene.open();
	servers.wake();
	await servers.refresh();
	const row = (name: string) => mcpRow(servers.view(name), servers.isAwake);
	assert.equal(row('asks').description, 'needs an answer');
	assert.equal(row('asks').needsYou, true);
	assert.match(row('lacks').description, /NOWHERE is not set/);
	assert.deepEqual(transportsOf(scene), []);
	await assert.rejects(servers.start('lacks'), { code: 'mcp-unusable' });
	assert.equal(await servers.start('asks'), true);
	assert.deepEqual(scene.asked, [['key']]);
	assert.deepEqual(transportsOf(scene), [['asks', 'https://x.example/answer to key']]);
	await servers.forgetInputs('asks');
	assert.equal(row('asks').description, 'needs an answer');
	await servers.close();
});

test('disabled stays disabled, in the next window too, until it is enabled', async () => {
	const scene = createMcpScene();
	scene.own = '{"s":{"command":"x"}}';
	const servers = scene.open();
	servers.wake();
	await servers.refresh();
	assert.equal(transportsOf(scene).length, 1);
	await servers.setOff('s', true);
	assert.equal(transportsOf(scene).length, 0);
	const next = scene.open();
	next.wake();
	await next.refresh();
	assert.equal(mcpRow(next.view('s'), true).description, 'disabled');
	await next.start('s');
	assert.equal(transportsOf(scene).length, 1);
	await servers.close();
	await next.close();
});

test('a tool that is described in other words is kept from the agent until the user looked', async () => {
	const scene = createMcpScene();
	scene.own = '{"s":{"command":"x"}}';
	scene.tools = { s: [tool('a'), tool('b')] };
	const servers = scene.open();
	servers.wake();
	await servers.refresh();
	const names = () => servers.lateTools.list().map(({ name }) => name);
	assert.deepEqual(names(), ['mcp__s__a', 'mcp__s__b']);
	const changed = tool('a', '2');
	scene.tools = { s: [changed, tool('b'), tool('c')] };
	// At once, and not only with the next notice of the server. What it adds in its first moments comes with it.
	assert.deepEqual(names(), ['mcp__s__b', 'mcp__s__c']);
	scene.clientChanged.fire();
	const row = mcpRow(servers.view('s'), true);
	assert.deepEqual([row.description, row.needsYou, row.actions[0]], ['1 tool changed', true, 'review']);
	await servers.acceptTools('s', [changed]);
	assert.deepEqual(names(), ['mcp__s__a', 'mcp__s__b', 'mcp__s__c']);
	assert.equal(mcpRow(servers.view('s'), true).description, '3 tools');
	await servers.close();
});

test('a tool that a server adds later is kept from the agent until the user looked, in the next window too', async () => {
	const scene = createMcpScene();
	scene.own = '{"s":{"command":"x"}}';
	scene.tools = { s: [tool('a')] };
	const servers = scene.open();
	servers.wake();
	await servers.refresh();
	const names = (one = servers) => one.lateTools.list().map(({ name }) => name);
	assert.deepEqual(names(), ['mcp__s__a']);
	scene.nowMs = 60_000;
	scene.tools = { s: [tool('a', '2'), tool('evil'), tool('more')] };
	assert.deepEqual(names(), []);
	scene.clientChanged.fire();
	const row = mcpRow(servers.view('s'), true);
	assert.deepEqual([row.description, row.needsYou, row.actions[0]], ['1 tool changed · 2 new tools', true, 'review']);
	await servers.acceptTools('s', [tool('more')]);
	assert.deepEqual(names(), ['mcp__s__more']);
	const next = scene.open();
	next.wake();
	await next.refresh();
	assert.deepEqual(names(next), ['mcp__s__more']);
	assert.deepEqual(
		next.view('s').held.map(({ name, isNew }) => [name, isNew]),
		[
			['a', false],
			['evil', true],
		],
	);
	await servers.close();
	await next.close();
	assert.deepEqual(scene.errors, []);
});

test('who looks for tools waits for servers that are starting, and hears what does not come', async () => {
	const scene = createMcpScene();
	scene.own = '{"s":{"command":"x"},"slow":{"command":"x"},"sign":{"url":"https://x.example"},"off":{"command":"x"}}';
	scene.project = '{"mcpServers":{"theirs":{"command":"x"}}}';
	scene.states = {
		s: { kind: 'starting' },
		slow: { kind: 'starting' },
		sign: { kind: 'needsSignIn', reason: 'It wants you.' },
		off: { kind: 'failed', code: 'x', reason: 'Words of a server', nextStep: 'Look.' },
	};
	const servers = scene.open();
	servers.wake();
	const stop = new AbortController();
	let isSettled = false;
	const settling = servers.lateTools.settle?.(stop.signal).then((sentences) => {
		isSettled = true;
		return sentences;
	});
	await servers.refresh();
	scene.states.s = { kind: 'ready' };
	scene.tools = { s: [tool('a')] };
	scene.clientChanged.fire();
	await servers.refresh();
	assert.equal(isSettled, false, 'one is still on its way');
	stop.abort();
	const sentences = (await settling)?.join('\n') ?? '';
	assert.deepEqual(
		servers.lateTools.list().map(({ name }) => name),
		['mcp__s__a'],
	);
	assert.match(sentences, /slow is still starting/);
	assert.match(sentences, /sign waits for the user, who has to sign in/);
	assert.match(sentences, /off could not be started/);
	assert.match(sentences, /theirs waits for the user, who has to allow it/);
	assert.doesNotMatch(sentences, /Words of a server/);
	scene.states.slow = { kind: 'ready' };
	scene.clientChanged.fire();
	assert.ok(!(await servers.lateTools.settle?.(new AbortController().signal))?.some((one) => /slow/.test(one)));
	await servers.close();
});

test('files that are read while the window closes start nothing', async () => {
	const scene = createMcpScene();
	scene.own = '{"s":{"command":"x"}}';
	const servers = scene.open();
	servers.wake();
	await servers.close();
	await servers.refresh();
	assert.deepEqual(scene.configured, []);
	assert.deepEqual(scene.errors, []);
});

const config = {
	name: 's',
	transport: { kind: 'http' as const, url: 'https://x.example', headers: {} },
	admission: 'start' as const,
};
const view = (more: Partial<ServerView>): ServerView => ({
	declared: {
		...{ name: 's', source: 'project', file: '.mcp.json', line: 3, isOff: false },
		transport: { kind: 'http', url: written('https://x.example/«input:k»'), headers: {} },
	},
	...{ consent: 'approved', isOff: false, held: [], ...more },
});
const running = (state: NonNullable<ServerView['server']>['state'], more = {}) =>
	view({ server: serverOf(config, { state, ...more }) });

const rows: readonly (readonly [string, ServerView, string, readonly string[]])[] = [
	['ready', running({ kind: 'ready' }), 'offers nothing', ['stop', 'restart', 'log', 'signOut', 'forget', 'disable']],
	['starting', running({ kind: 'starting' }), 'starting…', ['stop', 'log', 'forget', 'disable']],
	['stopped', running({ kind: 'off' }), 'stopped', ['start', 'log', 'forget', 'disable']],
	[
		'signed out',
		running({ kind: 'needsSignIn', reason: 'It wants a sign-in.' }),
		'sign in needed',
		['signIn', 'stop', 'log', 'forget', 'disable'],
	],
	['signing in', running({ kind: 'signingIn' }), 'waiting for the browser…', ['stop', 'log', 'forget', 'disable']],
	[
		'reconnecting',
		running({ kind: 'reconnecting', attempt: 2, maxAttempts: 5, reason: 'It ended.' }),
		'reconnecting (2 of 5)',
		['start', 'stop', 'log', 'forget', 'disable'],
	],
	[
		'failed',
		running({ kind: 'failed', code: 'x', reason: 'It ended with code 1.', nextStep: 'Look at its log.' }),
		'It ended with code 1.',
		['start', 'log', 'forget', 'disable'],
	],
	['disabled', view({ isOff: true }), 'disabled', ['enable']],
	['refused', view({ consent: 'refused' }), 'not allowed', ['approve']],
];
for (const [what, one, description, actions] of rows)
	test(`the row of a server that is ${what} says and offers what fits`, () => {
		const row = mcpRow(one, true);
		assert.equal(row.description, description);
		assert.deepEqual(row.actions, actions);
		assert.ok(row.details.includes('Of .mcp.json, line 3'));
	});

test('what is wrong with what a server offers stands in its row, also while something of it is held', () => {
	const problems = ['The results of the tool a are not checked; of what it says of them, its schema is no object.'];
	const { server } = running({ kind: 'ready' }, { problems });
	assert.ok(server);
	const held = { ...tool('a'), isNew: false };
	for (const one of [view({ server }), view({ server, held: [held] })])
		assert.ok(mcpRow(one, true).details.includes(problems[0] ?? ''));
});
