// Variables of a declared server: every form, what is missing, and what is never given out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeclaredServer } from '../../../src/core/mcp/declaredServers.ts';
import {
	environmentReads,
	expandServer,
	inputFor,
	inputReads,
	type ServerVariables,
} from '../../../src/core/mcp/expandServer.ts';
import { written } from './variables.ts';

const variables: ServerVariables = {
	environment: { TOKEN: 't0', EMPTY: '', ANTHROPIC_API_KEY: 'sk-secret', anthropic_token: 'x' },
	defaultFolder: '/first',
	folders: { web: '/w/web' },
	homeFolder: '/home/u',
	pathSeparator: '/',
	inputs: { key: 'k1', tricky: written('«TOKEN» $& $1') },
};
const program = (arg: string, folder?: string): DeclaredServer => ({
	...{ name: 's', source: 'project', file: '.mcp.json', line: 1, isOff: false },
	...(folder === undefined ? {} : { folder }),
	transport: { kind: 'stdio', command: 'x', args: [written(arg)], env: {} },
});
const expanded = (arg: string, folder: string | undefined = '/w') => {
	const result = expandServer(program(arg, folder), variables);
	if (result.kind !== 'ready') return result;
	return result.transport.kind === 'stdio' ? result.transport.args[0] : '';
};

const values: readonly (readonly [string, string])[] = [
	['plain', 'plain'],
	['a«TOKEN»b', 'at0b'],
	['«TOKEN:-other»', 't0'],
	['«MISSING:-other»', 'other'],
	['«MISSING:-»', ''],
	['«EMPTY:-other»', 'other'],
	['«EMPTY»', ''],
	['«env:TOKEN»', 't0'],
	['«env:MISSING»', ''],
	['«workspaceFolder»/x', '/w/x'],
	['«CLAUDE_PROJECT_DIR:-.»', '/w'],
	['«workspaceFolderBasename»', 'w'],
	['«workspaceFolder:web»', '/w/web'],
	['«userHome»«/»x«pathSeparator»', '/home/u/x/'],
	['«input:key»-«input:key»', 'k1-k1'],
	// What the user answered is a value, and no template.
	['«input:tricky»', '«TOKEN» $& $1'],
	['$TOKEN «» «a{b»', '$TOKEN «» «a{b»'],
];
for (const [text, value] of values) test(`${text} is ${value}`, () => assert.equal(expanded(text), written(value)));

test('a server of the setting has the first folder', () => {
	const result = expandServer(program('«workspaceFolder»'), variables);
	assert.ok(result.kind === 'ready' && result.transport.kind === 'stdio');
	assert.deepEqual(result.transport.args, ['/first']);
});

const unusable: readonly (readonly [string, RegExp])[] = [
	['«MISSING»', /MISSING is not set/],
	['«ANTHROPIC_API_KEY»', /not given to servers/],
	['«ANTHROPIC_API_KEY:-x»', /not given to servers/],
	['«env:anthropic_token»', /not given to servers/],
	['«workspaceFolder:other»', /no folder “other”/],
	['«command:x.y»', /does not know/],
	['«__proto__»', /is not set/],
	['«constructor»', /is not set/],
];
for (const [text, problem] of unusable)
	test(`${text} cannot be used, and its value is not in the words`, () => {
		const result = expanded(text);
		assert.ok(typeof result === 'object' && result.kind === 'unusable');
		assert.match(result.problem, problem);
		assert.doesNotMatch(result.problem, /sk-secret/);
	});

test('inputs that have no answer yet are named, each once', () => {
	const result = expanded('«input:one» «input:two» «input:one» «input:key»');
	assert.deepEqual(result, { kind: 'needsInputs', ids: ['one', 'two'] });
});

test('addresses are http or https, and bare http stays on this machine', () => {
	const at = (url: string) =>
		expandServer(
			{ ...program(''), transport: { kind: 'http', url: written(url), headers: { A: written('«TOKEN»') } } },
			variables,
		);
	assert.deepEqual(at('https://x.example/«input:key»'), {
		kind: 'ready',
		transport: { kind: 'http', url: 'https://x.example/k1', headers: { A: 't0' } },
	});
	for (const url of ['http://localhost:3000/mcp', 'http://127.0.0.1:3000', 'http://[::1]:3000/'])
		assert.equal(at(url).kind, 'ready', url);
	for (const url of [
		'http://x.example',
		'file:///etc/passwd',
		'x',
		'javascript:alert(1)',
		'http://127.0.0.1.x.example',
	])
		assert.equal(at(url).kind, 'unusable', url);
});

test('what a declaration reads is named for the question', () => {
	const transport = {
		...{
			kind: 'stdio' as const,
			command: written('«SHELL:-sh»'),
			args: ['«env:HOME»', '«workspaceFolder»'].map(written),
		},
		env: { A: written('«TOKEN»'), B: written('«input:key»') },
	};
	assert.deepEqual(environmentReads(transport), ['HOME', 'SHELL', 'TOKEN']);
	assert.deepEqual(inputReads(transport), ['key']);
	assert.deepEqual(inputFor('key', []), { id: 'key', description: '', isPassword: true });
});
