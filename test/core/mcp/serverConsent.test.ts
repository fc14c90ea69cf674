// What the user agreed to holds for the very content: another command, other arguments or another tool is asked about again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeclaredInput, type DeclaredServer, readServers } from '../../../src/core/mcp/declaredServers.ts';
import type { McpTool } from '../../../src/core/mcp/mcpPorts.ts';
import { createServerConsent } from '../../../src/core/mcp/serverConsent.ts';
import { startQuestion } from '../../../src/core/mcp/serverWords.ts';
import { sha256 } from '../../host/support/plainDisk.ts';
import { written } from './variables.ts';

function createCase(stored: { value: unknown } = { value: undefined }, inputs: readonly DeclaredInput[] = []) {
	const clock = { nowMs: 0 };
	const create = () =>
		createServerConsent({
			store: {
				get: () => stored.value,
				async set(value) {
					stored.value = structuredClone(value);
				},
			},
			hash: sha256,
			inputs: () => inputs,
			now: () => clock.nowMs,
			onError: (error) => assert.fail(String(error)),
		});
	return { consent: create(), again: create, stored, clock };
}

function declared(server: unknown, more: Partial<DeclaredServer> = {}): DeclaredServer {
	const { servers } = readServers({
		...{ source: 'project', file: '.mcp.json', folder: '/w', text: JSON.stringify({ mcpServers: { s: server } }) },
	});
	const [first] = servers;
	assert.ok(first);
	return { ...first, ...more };
}

const base = { command: 'node', args: ['server.js', '--port', '1'], env: { KEY: 'a' } };

test('an answer holds for what was shown, also in the next window, and for nothing else', async () => {
	const { consent, again } = createCase();
	const server = declared(base);
	assert.equal(consent.of(server), 'open');
	await consent.approve(server);
	assert.equal(consent.of(server), 'approved');
	const next = again();
	assert.equal(next.of(server), 'approved');
	// Another order of keys and another line are the same server.
	assert.equal(next.of(declared({ env: base.env, args: base.args, command: base.command }, { line: 70 })), 'approved');
	const others = [
		declared({ ...base, command: 'sh' }),
		declared({ ...base, args: [...base.args, '--evil'] }),
		declared({ ...base, args: base.args.toReversed() }),
		declared({ ...base, env: { KEY: 'b' } }),
		declared({ ...base, env: { KEY: 'a', NODE_OPTIONS: '-r ./x' } }),
		declared({ ...base, cwd: '/tmp' }),
		declared(base, { folder: '/elsewhere' }),
		declared(base, { name: 'other' }),
		declared(base, { file: '.vscode/mcp.json', source: 'vscode' }),
		declared({ url: 'https://x.example' }),
	];
	for (const other of others) assert.equal(next.of(other), 'open');
});

test('the user’s own servers need no agreement; a refusal is kept, and can be taken back', async () => {
	const { consent } = createCase();
	assert.equal(consent.of(declared(base, { source: 'user' })), 'own');
	const server = declared(base);
	await consent.refuse(server);
	assert.equal(consent.of(server), 'refused');
	await consent.approve(server);
	assert.equal(consent.of(server), 'approved');
	await consent.setOff(server, true);
	assert.equal(consent.isOff(server), true);
	assert.equal(consent.of(server), 'approved');
	await consent.setOff(server, false);
	assert.equal(consent.isOff(server), false);
});

test('an input that asks for something else is another server', async () => {
	const stored = { value: undefined };
	const server = declared({ ...base, args: [written('«input:key»')] });
	const asks = (description: string) => [{ id: 'key', description, isPassword: true }];
	await createCase(stored, asks('Key of the docs')).consent.approve(server);
	assert.equal(createCase(stored, asks('Key of the docs')).consent.of(server), 'approved');
	assert.equal(createCase(stored, asks('Your password')).consent.of(server), 'open');
});

const tool = (name: string, definitionHash: string): McpTool => ({
	...{ name, callName: `mcp__s__${name}`, description: '', inputSchema: { type: 'object' }, definitionHash },
	hints: { isReadOnly: false, isDestructive: true, isIdempotent: false, isOpenWorld: true },
});

const held = (isNew: boolean, ...tools: McpTool[]) => tools.map((one) => ({ ...one, isNew }));

test('tools are known from the first sight of their server on; others are asked about until they are accepted', async () => {
	const { consent, again, clock } = createCase();
	const server = declared(base);
	// Nothing was seen yet.
	assert.deepEqual(consent.heldTools(server, []), []);
	assert.deepEqual(consent.heldTools(server, [tool('a', '1'), tool('b', '1')]), []);
	const changed = tool('a', '2');
	clock.nowMs += 9_000;
	assert.deepEqual(consent.heldTools(server, [changed, tool('b', '1'), tool('c', '1')]), held(false, changed));
	clock.nowMs += 2_000;
	assert.deepEqual(consent.heldTools(server, [tool('b', '1'), tool('d', '1')]), held(true, tool('d', '1')));
	// Gone and back again with other words is a change, too, and one that was not accepted is new again.
	assert.deepEqual(again().heldTools(server, [tool('b', '1')]), []);
	assert.deepEqual(again().heldTools(server, [changed]), held(false, changed));
	assert.deepEqual(again().heldTools(server, [tool('d', '1')]), held(true, tool('d', '1')));
	await consent.acceptTools(server, [changed, tool('d', '1')]);
	assert.deepEqual(again().heldTools(server, [changed, tool('b', '1'), tool('c', '1'), tool('d', '1')]), []);
	assert.deepEqual(again().heldTools(server, [tool('a', '1')]), held(false, tool('a', '1')));
});

test('a store that somebody damaged agrees to nothing', () => {
	const server = declared(base);
	for (const value of [null, 7, [], { x: 1 }, { x: { verdict: 'yes' } }])
		assert.equal(createCase({ value }).consent.of(server), 'open');
});

test('the store stays small', async () => {
	const { consent, stored } = createCase();
	for (let index = 0; index < 250; index++) await consent.approve(declared({ command: `c${index}` }));
	assert.equal(Object.keys(stored.value as object).length, 200);
	assert.equal(consent.of(declared({ command: 'c249' })), 'approved');
	assert.equal(consent.of(declared({ command: 'c0' })), 'open');
});

test('the question shows all that would run', () => {
	const server = declared({
		command: 'npx',
		args: ['-y', 'pkg@1', 'two words', '$(x)', written('«HOME»/a'), 'line\nbreak', '\u202eevil'],
		env: { API_KEY: 'hidden', NODE_OPTIONS: '--require ./evil.js' },
		cwd: '/tmp/x',
	});
	const { message, detail, isCut } = startQuestion(server);
	assert.equal(message, 'Start the MCP server “s”?');
	assert.equal(isCut, false);
	assert.match(detail, /^Declared in \.mcp\.json, line 1\./);
	assert.ok(
		detail.includes(written('Command: NODE_OPTIONS="--require ./evil.js" npx -y pkg@1 "two words" "$(x)" «HOME»/a')),
	);
	assert.ok(detail.includes('"line\\nbreak"') && detail.includes('\\u{202e}evil'));
	assert.ok(detail.includes('In the folder: /tmp/x'));
	assert.ok(detail.includes('Variables it sets: API_KEY, NODE_OPTIONS') && !detail.includes('hidden'));
	assert.ok(detail.includes('Takes from your environment: HOME'));
	const long = startQuestion(declared({ command: 'x', args: ['a'.repeat(5_000), 'evil'] }));
	assert.equal(long.isCut, true);
	assert.match(long.detail, /Look at the file first/);
	assert.match(startQuestion(declared({ url: 'https://x.example/mcp' })).detail, /Address: https:\/\/x\.example\/mcp/);
});

test('no variable is out of sight, and what says where programs come from is shown with its value', () => {
	const many = Array.from({ length: 13 }, (_, index) => written(`«A${index}»`));
	assert.equal(startQuestion(declared({ command: 'x', args: many })).isCut, true);
	assert.equal(startQuestion(declared({ command: 'x', args: many.slice(1) })).isCut, false);
	const env = { UV_INDEX_URL: 'http://evil.example', HOME: '/tmp/evil', GIT_SSH_COMMAND: 'evil', TOKEN: 'hidden' };
	const { detail } = startQuestion(declared({ command: 'uvx', args: ['server'], env }));
	assert.ok(
		detail.includes('Command: UV_INDEX_URL=http://evil.example HOME=/tmp/evil GIT_SSH_COMMAND=evil uvx server'),
		detail,
	);
	assert.ok(!detail.includes('hidden'));
});
