// MCP servers of a real window with real processes: nothing runs without the user's word, a tool is found and called, a server that dies
// comes back, tools in other words are kept from the agent, files are followed, and nothing is left when the window closes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { McpTool } from '../../src/core/mcp/mcpPorts.ts';
import type { StartQuestion } from '../../src/core/mcp/serverWords.ts';
import { createMcp } from '../../src/host/mcp/mcp.ts';
import { createMcpSignIn } from '../../src/host/mcp/mcpSignIn.ts';
import type { McpView } from '../../src/host/mcp/mcpTree.ts';
import { createMcpServers } from '../../src/node/mcp/mcpServers.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import './mcpDialogCases.ts';
import { startGuardedServer } from '../fakes/mcp/guardedServer.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';
import { hostTest } from './support/hostTest.ts';
import { sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const project = vscode.extensions.getExtension('retrace.retrace')?.extensionPath ?? '';
const everything = join(project, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const bad = join(project, 'test/fakes/mcp/badServer.ts');
const configFile = join(root, '.mcp.json');

/** Told from the processes of other windows by a word of its own. */
let serial = 0;
const mark = () => `retrace-host-${process.pid}-${serial++}`;
function pidsOf(word: string): readonly number[] {
	const all = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
	return all
		.split('\n')
		.filter((line) => line.includes(word))
		.map((line) => Number.parseInt(line, 10));
}

type Stored = { value: unknown };

function openWindow(stored: Stored = { value: undefined }, isTrusted = true) {
	const questions: StartQuestion[] = [];
	const told: string[] = [];
	const reviewed: string[] = [];
	const errors: unknown[] = [];
	const inserted: string[] = [];
	const clock = { nowMs: 0 };
	const answer = { mayStart: undefined as 'approve' | 'refuse' | undefined };
	const view: McpView = {};
	const state = {
		get: () => stored.value,
		async update(key: string, value: unknown) {
			if (key === 'retrace.mcpConsent') stored.value = value;
		},
		keys: () => [],
	};
	const secrets = {
		...{ get: async () => undefined, store: async () => undefined, delete: async () => undefined },
		onDidChange: () => ({ dispose: () => undefined }),
	};
	const onError = (_event: string, error: unknown) => void errors.push(error);
	const mcp = createMcp({
		outside: {
			homeFolder: '/nowhere',
			mcpServers: (window) => createMcpServers(window, { version: '0.0.0', hiddenEnvironment: [] }),
		},
		...{ view, state: state as never, secrets: secrets as never, blobs: { hash: sha256 }, onError },
		dialogs: {
			async mayStart(question) {
				questions.push(question);
				return answer.mayStart;
			},
			async tellOfWaiting(words) {
				told.push(words);
				return false;
			},
			async acceptTools(_server, changed): Promise<readonly McpTool[]> {
				reviewed.push(...changed.map(({ name, description }) => `${name}: ${description}`));
				return changed;
			},
		},
		roots: () => [{ name: 'app', path: root }],
		cwd: () => root,
		isTrusted: () => isTrusted,
		now: () => clock.nowMs,
		addToInput: async (words) => void inserted.push(words),
	});
	const rows = () => mcp.tree.getChildren() as unknown as Parameters<typeof mcp.tree.getTreeItem>[0][];
	const labels = () =>
		rows().map((node) => {
			const item = mcp.tree.getTreeItem(node) as vscode.TreeItem;
			return `${String(item.label)} | ${String(item.description)}`;
		});
	const row = (name: string) => labels().find((label) => label.startsWith(`${name} | `)) ?? '';
	const run = async (command: string, node: unknown) => await mcp.commands[command]?.(node);
	return { mcp, view, answer, clock, questions, told, reviewed, errors, inserted, labels, row, run, stored };
}

const declare = (servers: unknown) => writeFileSync(configFile, JSON.stringify({ mcpServers: servers }));
const program = (...args: string[]) => ({ command: process.execPath, args });

async function runCall(lateTools: { list(): readonly never[] }, input: Record<string, unknown>) {
	const model = createScriptedModel([
		{ blocks: [call('FindTools', { query: 'echo message' }, 'toolu_1')] },
		{ blocks: [call('CallTool', { name: 'mcp__everything__echo', input }, 'toolu_2')] },
		{ blocks: [text('done')] },
	]);
	const { session, ports, asked } = await createFixture({ model, permission: async () => ({ verdict: 'allowOnce' }) });
	const prompt = { text: 'go', attachments: [] };
	await runTurn(session, prompt, { ...ports, lateTools }, () => undefined, new AbortController().signal);
	const results = session.entries.flatMap((entry) =>
		entry.type === 'toolResult' ? [JSON.stringify(entry.content)] : [],
	);
	return { results, asked: asked.map((one) => JSON.stringify(one)) };
}

hostTest(
	'a project’s server runs after the user’s word, is used, comes back when it dies, and is gone at the end',
	async () => {
		const word = mark();
		declare({ everything: program(everything, 'stdio', word) });
		const window = openWindow();
		const { mcp, answer, questions, told, errors, row, run } = window;
		await until(() => row('everything') === 'everything | needs your approval');
		mcp.ports.wakeServers();
		await until(() => told.length === 1);
		assert.match(told[0] ?? '', /declares 1 MCP server \(everything\)/);
		await until(() => window.view.badge?.value === 1);
		await run('approveMcpServer', { server: 'everything' });
		assert.equal(questions.length, 1);
		assert.ok(questions[0]?.detail.includes(word) && questions[0].detail.includes('.mcp.json, line 1'));
		assert.equal(row('everything'), 'everything | needs your approval', 'leaving the question is no answer');
		assert.deepEqual(pidsOf(word), []);
		assert.deepEqual(mcp.ports.lateToolSources[0]?.list(), []);

		answer.mayStart = 'approve';
		await run('approveMcpServer', { server: 'everything' });
		await until(() => / \d+ tools/.test(row('everything')));
		assert.equal(window.view.badge, undefined);
		assert.equal(pidsOf(word).length, 1);
		const [source] = mcp.ports.lateToolSources;
		assert.ok(source);
		const { results, asked } = await runCall(source as never, { message: 'over here' });
		assert.match(results[0] ?? '', /mcp__everything__echo/);
		assert.match(results[1] ?? '', /over here/);
		assert.equal(asked.length, 1, 'a tool of a server is asked about');

		const offers = mcp.ports.findMentions('');
		assert.ok(offers.length > 0);
		const content = await mcp.ports.readResource(offers[0]?.mention.slice(1) ?? '');
		assert.match(JSON.stringify(content), /a resource of the MCP server “everything”/);

		const [pid] = pidsOf(word);
		assert.ok(pid);
		process.kill(pid, 'SIGKILL');
		await until(() => pidsOf(word).some((one) => one !== pid));
		await until(() => / \d+ tools/.test(row('everything')));
		await run('stopMcpServer', { server: 'everything' });
		await until(() => row('everything') === 'everything | stopped' && pidsOf(word).length === 0);
		await run('startMcpServer', { server: 'everything' });
		await until(() => / \d+ tools/.test(row('everything')));
		assert.equal(pidsOf(word).length, 1);
		await mcp.close();
		assert.deepEqual(pidsOf(word), []);
		assert.deepEqual(errors, []);
	},
);

hostTest('a refusal leaves nothing running; a file that changes is followed and asked about again', async () => {
	const [first, second] = [mark(), mark()];
	declare({ one: program(bad, 'good', first) });
	const window = openWindow();
	const { mcp, answer, row, run, errors } = window;
	mcp.ports.wakeServers();
	answer.mayStart = 'refuse';
	await until(() => row('one') !== '');
	await run('approveMcpServer', { server: 'one' });
	assert.equal(row('one'), 'one | not allowed');
	mcp.ports.wakeServers();
	answer.mayStart = 'approve';
	declare({ one: program(bad, 'good', second) });
	await until(() => row('one') === 'one | needs your approval');
	await run('approveMcpServer', { server: 'one' });
	await until(() => row('one') === 'one | 1 tool');
	assert.deepEqual(pidsOf(first), []);
	// The next window knows the answer, and starts with the first prompt.
	const next = openWindow(window.stored);
	await until(() => next.row('one') === 'one | starts with the next prompt');
	next.mcp.ports.wakeServers();
	await until(() => next.row('one') === 'one | 1 tool');
	assert.deepEqual(next.questions, []);
	await next.mcp.close();
	rmSync(configFile);
	await until(() => window.labels().length === 0 && pidsOf(second).length === 0);
	await mcp.close();
	assert.deepEqual([...errors, ...next.errors], []);
});

hostTest('tools that are new, or described in other words, are kept from the agent until the user looked', async () => {
	declare({ shifty: program(bad, 'changes', mark()) });
	const { mcp, answer, clock, row, run, told, reviewed, errors } = openWindow();
	answer.mayStart = 'approve';
	await until(() => row('shifty') !== '');
	await run('approveMcpServer', { server: 'shifty' });
	await until(() => row('shifty') === 'shifty | 1 tool');
	const names = () => mcp.ports.lateToolSources[0]?.list().map(({ name }) => name);
	assert.deepEqual(names(), ['mcp__shifty__work']);
	// What it adds in its first moments would come with it.
	clock.nowMs = 60_000;
	await mcp.servers.client?.call('shifty', 'work', {}, () => undefined, new AbortController().signal);
	await until(() => row('shifty') === 'shifty | 1 tool changed · 1 new tool');
	assert.deepEqual(names(), []);
	await until(() => told.length === 1);
	assert.match(told[0] ?? '', /Tools of shifty are described in other words.*There are new tools of shifty/);
	await run('reviewMcpTools', { server: 'shifty' });
	assert.deepEqual(reviewed, ['work: It does something else now.', 'more: more']);
	assert.deepEqual(names()?.toSorted(), ['mcp__shifty__more', 'mcp__shifty__work']);
	assert.equal(row('shifty'), 'shifty | 2 tools');
	await mcp.close();
	assert.deepEqual(errors, []);
});

hostTest('without trust no file is read and nothing runs', async () => {
	const word = mark();
	declare({ one: program(bad, 'good', word) });
	const approved = openWindow();
	approved.answer.mayStart = 'approve';
	await until(() => approved.row('one') !== '');
	await approved.run('approveMcpServer', { server: 'one' });
	await until(() => approved.row('one') === 'one | 1 tool');
	await approved.mcp.close();
	// What was agreed to while the folder was trusted does not count without.
	const { mcp, labels, run, told, errors } = openWindow(approved.stored, false);
	mcp.ports.wakeServers();
	await mcp.servers.refresh();
	assert.deepEqual(labels(), []);
	await assert.rejects(run('startMcpServer', { server: 'one' }), { code: 'mcp-no-server' });
	await assert.rejects(run('approveMcpServer', { server: 'one' }), { code: 'mcp-no-server' });
	assert.equal(mcp.servers.client, undefined);
	assert.deepEqual([told, pidsOf(word), errors], [[], [], []]);
	await mcp.close();
});

hostTest('signing in goes out to the browser and back through a link that only this window knows', async () => {
	const guarded = await startGuardedServer();
	const kept = new Map<string, string>();
	const secrets = {
		get: async (key: string) => kept.get(key),
		store: async (key: string, value: string) => void kept.set(key, value),
		delete: async (key: string) => void kept.delete(key),
		onDidChange: () => ({ dispose: () => undefined }),
	};
	const asked: string[] = [];
	const signIn = createMcpSignIn(secrets as never, {
		async confirm(message, detail) {
			asked.push(`${message} ${detail}`);
			return 'Open Browser';
		},
		async open(url) {
			const { headers } = await fetch(url, { redirect: 'manual' });
			// How the window gets it back depends on where it runs; what stands behind the question mark is the same.
			const back = { path: '/mcp-auth', query: new URL(headers.get('location') ?? '').search.slice(1) };
			assert.match(decodeURIComponent(headers.get('location') ?? ''), /mcp-auth/);
			const foreign = new URLSearchParams(back.query);
			foreign.set('state', 'guessed');
			// Somebody else's link does not count, and does not end the wait.
			assert.throws(() => signIn.takeRedirect({ path: back.path, query: foreign.toString() }), {
				code: 'unexpected-sign-in',
			});
			assert.equal(signIn.takeRedirect(back), true);
			// Nor does ours a second time.
			assert.throws(() => signIn.takeRedirect(back), { code: 'unexpected-sign-in' });
			return true;
		},
		copied: async () => assert.fail('the browser was opened'),
	});
	assert.equal(signIn.takeRedirect({ path: '/session/x', query: '' }), false);
	const errors: unknown[] = [];
	const client = createMcpServers(
		{ roots: () => [], isTrusted: () => true, signIn, onError: (error) => void errors.push(error) },
		{ version: '0.0.0', hiddenEnvironment: [] },
	);
	const stateOf = () => client.list()[0]?.state.kind;
	client.configure([{ name: 'web', transport: { kind: 'http', url: guarded.url, headers: {} }, admission: 'start' }]);
	await until(() => stateOf() === 'needsSignIn');
	const never = new AbortController().signal;
	await client.signIn('web', never);
	await until(() => stateOf() === 'ready');
	assert.match(asked[0] ?? '', /Sign in to the MCP server “web”\? Its sign-in page is at http:\/\/127/);
	assert.ok(kept.size > 0 && [...kept.keys()].every((key) => key.startsWith('mcpAuth:')));
	await client.signOut('web');
	assert.ok(![...kept.values()].some((value) => value.includes('access_token')));
	assert.deepEqual(guarded.violations, []);
	// What nobody waits for any more is gone.
	const controller = new AbortController();
	const waiting = signIn.waitForRedirect('mine', controller.signal);
	controller.abort();
	await assert.rejects(waiting);
	assert.throws(() => signIn.takeRedirect({ path: '/mcp-auth', query: 'state=mine&code=x' }), {
		code: 'unexpected-sign-in',
	});
	await client.dispose();
	await guarded.close();
	assert.deepEqual(errors, []);
});

hostTest('what is wrong in a file is a row of the view, with its place', async () => {
	mkdirSync(join(root, '.vscode'), { recursive: true });
	writeFileSync(join(root, '.vscode', 'mcp.json'), '{\n  // ours\n  "servers": {\n    "x": { "command": 7 }\n  }\n}');
	declare({});
	const { mcp, labels, errors } = openWindow();
	await until(() => labels().length === 1);
	assert.deepEqual(labels(), ['“x” cannot be used: “command” must be a text. | .vscode/mcp.json:4']);
	rmSync(join(root, '.vscode', 'mcp.json'));
	await until(() => labels().length === 0);
	await mcp.close();
	rmSync(configFile);
	assert.deepEqual(errors, []);
});
