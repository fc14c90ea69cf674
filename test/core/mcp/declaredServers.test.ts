// What configuration files declare, what is wrong in them and where, and which of two servers with one name counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type ConfigText, joinServers, readServers, type ServerSource } from '../../../src/core/mcp/declaredServers.ts';
import { written } from './variables.ts';

const read = (text: string, source: ServerSource = 'project', more: Partial<ConfigText> = {}) =>
	readServers({ source, file: '.mcp.json', folder: '/w', text, ...more });
const project = (servers: unknown) => JSON.stringify({ mcpServers: servers });

test('a program and an address, with the line of each', () => {
	const text = `// servers of the project
{
	"mcpServers": {
		"everything": { "command": "npx", "args": ["-y", "pkg"], "env": { "A": "1", "B": 2, "C": true }, "cwd": "\${workspaceFolder}/x" },
		/* another */
		"docs": { "type": "http", "url": "https://docs.example/mcp", "headers": { "X-Key": "\${KEY}" } },
		"older": { "type": "sse", "url": "https://old.example", "oauth": { "clientId": "me", "clientSecret": "s" } },
	},
}`;
	const { servers, problems } = read(text);
	assert.deepEqual(problems, []);
	assert.deepEqual(
		servers.map(({ name, line, folder }) => [name, line, folder]),
		[
			['everything', 4, '/w'],
			['docs', 6, '/w'],
			['older', 7, '/w'],
		],
	);
	const none = { command: 'npx', args: ['-y', 'pkg'], env: { A: '1', B: '2', C: 'true' } };
	assert.deepEqual(servers[0]?.transport, { kind: 'stdio', ...none, cwd: written('«workspaceFolder»/x') });
	assert.deepEqual(servers[1]?.transport, {
		...{ kind: 'http', url: 'https://docs.example/mcp', headers: { 'X-Key': written('«KEY»') } },
	});
	assert.deepEqual(servers[2]?.transport, {
		...{ kind: 'sse', url: 'https://old.example', headers: {}, client: { id: 'me', secret: 's' } },
	});
});

test('VS Code’s own file has servers and inputs, the setting has servers alone', () => {
	const text = JSON.stringify({
		inputs: [
			{ id: 'key', type: 'promptString', description: 'API key', password: true },
			{ id: 'region', type: 'pickString', options: ['eu', { label: 'America', value: 'us' }], default: 'eu' },
			{ id: 'run', type: 'command', command: 'x' },
		],
		servers: { one: { command: 'x' }, two: { url: 'https://a.example' } },
	});
	const { servers, inputs, problems } = read(text, 'vscode');
	assert.deepEqual(
		servers.map(({ name, transport }) => [name, transport.kind]),
		[
			['one', 'stdio'],
			['two', 'http'],
		],
	);
	assert.deepEqual(inputs, [
		{ id: 'key', description: 'API key', isPassword: true },
		{ id: 'region', description: '', isPassword: false, initial: 'eu', options: ['eu', 'us'] },
	]);
	assert.equal(problems.length, 1);
	assert.match(problems[0]?.message ?? '', /promptString or pickString/);
	assert.deepEqual(
		read('{"mine":{"command":"x","disabled":true}}', 'user').servers.map(({ name, isOff }) => [name, isOff]),
		[['mine', true]],
	);
});

const problemCases: readonly (readonly [string, string, number, RegExp])[] = [
	['no JSON', '{\n"mcpServers": {\n  oops\n}}', 3, /no JSON/],
	['empty', '', 1, /no JSON|object/],
	['a list', '[]', 1, /must hold an object/],
	['the key of the other file', '{"servers":{}}', 1, /rename that to “mcpServers”/],
	['no key', '{}', 1, /no object “mcpServers”/],
	['servers as a list', '{"mcpServers":[]}', 1, /no object “mcpServers”/],
	['a server that is a text', project({ a: 'npx' }), 1, /“a” cannot be used/],
	['nothing to start', project({ a: {} }), 1, /“command” must be a text/],
	['an empty command', project({ a: { command: ' ' } }), 1, /“command” must not be empty/],
	['arguments in one text', '{"mcpServers":{"a":{\n"command":"x",\n"args":"y"}}}', 3, /“args” must be a list/],
	['a number in the arguments', '{"mcpServers":{"a":{\n"command":"x",\n"args":[1]}}}', 3, /“args” must be a text/],
	['an unknown type', project({ a: { type: 'carrier-pigeon', url: 'x' } }), 1, /“type” is one of/],
	['a type without an address', project({ a: { type: 'http' } }), 1, /“url” must be a text/],
	['a header that is no text', project({ a: { url: 'https://x.example', headers: { A: {} } } }), 1, /“A”/],
	['a name with a line break', project({ 'a\nb': { command: 'x' } }), 1, /name of a server/],
	['a name with an icon', project({ '$(trash)': { command: 'x' } }), 1, /name of a server/],
	['an endless name', project({ ['a'.repeat(65)]: { command: 'x' } }), 1, /name of a server/],
];
for (const [what, text, line, message] of problemCases)
	test(`a problem says where and what: ${what}`, () => {
		const { servers, problems } = read(text);
		assert.deepEqual(servers, []);
		assert.equal(problems[0]?.line, line);
		assert.match(problems[0]?.message ?? '', message);
	});

test('one bad server leaves the others alone, and very many are cut', () => {
	const { servers, problems } = read(project({ bad: {}, good: { command: 'x' } }));
	assert.deepEqual(
		servers.map(({ name }) => name),
		['good'],
	);
	assert.equal(problems[0]?.server, 'bad');
	const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`s${index}`, { command: 'x' }]));
	assert.equal(read(project(many)).servers.length, 100);
	assert.match(read(project(many)).problems[0]?.message ?? '', /first 100 of 150/);
	assert.match(read(`"${'x'.repeat(1_000_001)}"`).problems[0]?.message ?? '', /larger than 1 MB/);
});

test('nothing that a file may hold makes it throw', () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.json(),
				fc.json().map((json) => `{"mcpServers":${json}}`),
			),
			(text) => {
				const { servers, problems } = read(text);
				return servers.length >= 0 && problems.every(({ line }) => line >= 1);
			},
		),
	);
});

test('of servers with one name the user’s own counts, and the other is a problem unless it is the same', () => {
	const mine = read('{"a":{"command":"mine"}}', 'user', { file: 'retrace.mcp.servers' });
	const theirs = read(project({ a: { command: 'theirs' }, b: { command: 'x' } }));
	const same = read('{"servers":{"b":{"command":"x"}}}', 'vscode', { file: '.vscode/mcp.json' });
	const { servers, problems } = joinServers([theirs, same, mine]);
	assert.deepEqual(
		servers.map(({ name, source }) => [name, source]),
		[
			['a', 'user'],
			['b', 'project'],
		],
	);
	assert.deepEqual(
		problems.map(({ file, server, message }) => [file, server, /retrace\.mcp\.servers/.test(message)]),
		[['.mcp.json', 'a', true]],
	);
});
