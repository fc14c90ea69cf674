import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { McpCallResult, McpServer, McpServerConfig, McpServers, McpTool } from '../../../src/core/mcp/mcpPorts.ts';
import { createMcpTools, effectOf, type McpToolRules, outcomeOf } from '../../../src/core/mcp/mcpTools.ts';
import type { LateTool } from '../../../src/core/tools/lateTools.ts';
import type { ToolContext } from '../../../src/core/tools/tool.ts';

const local: McpServerConfig = {
	name: 'notes',
	admission: 'start',
	transport: { kind: 'stdio', command: 'notes', args: [], env: {} },
};
const remote: McpServerConfig = {
	name: 'notes',
	admission: 'start',
	transport: { kind: 'http', url: 'https://notes.example/mcp', headers: {} },
};
const near: McpServerConfig = { ...remote, transport: { kind: 'http', url: 'http://127.0.0.1:80/mcp', headers: {} } };
const add: McpTool = {
	name: 'add',
	callName: 'mcp__notes__add',
	description: 'Adds a note.',
	inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
	definitionHash: 'a'.repeat(64),
	hints: { isReadOnly: false, isDestructive: true, isIdempotent: false, isOpenWorld: true },
};
const look: McpTool = {
	...add,
	name: 'look',
	callName: 'mcp__notes__look',
	hints: { ...add.hints, isReadOnly: true },
};
const server: McpServer = {
	name: 'notes',
	config: local,
	state: { kind: 'ready' },
	tools: [add, look],
	resources: [{ uri: 'note:1', name: 'First note' }],
	resourceTemplates: [{ uriTemplate: 'note:{id}', name: 'Any note' }],
	prompts: [],
	problems: [],
};

type Calls = unknown[][];
function world(
	list: readonly McpServer[],
	result: McpCallResult = { isError: false, content: [] },
): McpServers & { calls: Calls } {
	const calls: Calls = [];
	const nothing = async () => undefined;
	return {
		calls,
		list: () => list,
		onDidChange: () => ({ dispose: () => undefined }),
		configure: () => undefined,
		start: nothing,
		stop: nothing,
		restart: nothing,
		signIn: nothing,
		signOut: nothing,
		async call(...args) {
			calls.push(args.slice(0, 3));
			args[3]('1 of 2\n');
			return result;
		},
		async readResource(...args) {
			calls.push(args.slice(0, 2));
			return [{ kind: 'resource', uri: 'note:1', text: 'milk' }];
		},
		getPrompt: async () => [],
		complete: async () => [],
		log: () => '',
		rootsChanged: () => undefined,
		dispose: nothing,
	};
}

const progress: string[] = [];
const context: Pick<ToolContext, 'onProgress' | 'signal'> = {
	onProgress: (text) => progress.push(text),
	signal: new AbortController().signal,
};
const run = (tool: LateTool | undefined, input: unknown) => {
	assert.ok(tool);
	return tool.run(tool.input.parse(input), context as ToolContext);
};
const everything: McpToolRules = { isApproved: () => true, isAllowed: () => false };

describe('tools of servers', () => {
	test('are there while their server is ready and they are approved', () => {
		const names = (servers: McpServers, rules = everything) =>
			createMcpTools(servers, rules)
				.list()
				.map(({ name }) => name);
		assert.deepEqual(names(world([server])), ['mcp__notes__add', 'mcp__notes__look', 'ListResources', 'ReadResource']);
		const approved: McpToolRules = {
			...everything,
			isApproved: (_server: McpServer, { name }: McpTool) => name === 'look',
		};
		assert.deepEqual(names(world([{ ...server, resources: [], resourceTemplates: [] }]), approved), [
			'mcp__notes__look',
		]);
		assert.deepEqual(names(world([{ ...server, state: { kind: 'starting' } }])), []);
	});

	test('what may change files here is recorded around, whatever it claims', () => {
		assert.equal(effectOf(add, local, true), 'execute');
		assert.equal(effectOf(add, remote, true), 'execute');
		assert.equal(effectOf(look, local, false), 'execute');
		assert.equal(effectOf(look, near, false), 'execute');
		assert.equal(effectOf(look, local, true), 'network');
		assert.equal(effectOf(look, remote, false), 'network');
	});

	test('a call goes to the server and says what it is', async () => {
		const servers = world([server], { isError: false, content: [{ kind: 'text', text: 'done\nwell' }] });
		const tool = createMcpTools(servers, everything).list()[0];
		assert.deepEqual(tool?.label({ text: 'milk' }), { verb: 'Use', target: 'notes: add {"text":"milk"}' });
		const long = { text: 'x'.repeat(400), path: '/etc' };
		assert.equal(tool?.label(long).target.includes('/etc'), false);
		assert.equal(tool?.inFull?.(long), `notes: add\n${JSON.stringify(long, null, 2)}`, 'all of it is asked about');
		assert.equal(tool?.inFull?.({ text: 'milk' }), 'notes: add {"text":"milk"}');
		assert.deepEqual(tool?.inputSchema, add.inputSchema);
		assert.deepEqual(await run(tool, { text: 'milk' }), {
			isError: false,
			content: [{ type: 'text', text: 'done\nwell' }],
			summary: '2 lines',
		});
		assert.deepEqual(servers.calls, [['notes', 'add', { text: 'milk' }]]);
		assert.deepEqual(progress, ['1 of 2\n']);
	});

	test('a tool that is another one when the user has answered is not run', async () => {
		const changes: readonly (readonly [string, Partial<McpServer>, boolean])[] = [
			['changed', { tools: [{ ...add, definitionHash: 'b'.repeat(64) }] }, false],
			['gone', { tools: [look] }, false],
			['the same', {}, true],
			// It says so itself.
			['on its way back', { state: { kind: 'starting' }, tools: [] }, true],
		];
		for (const [what, change, isRun] of changes) {
			const now = [server];
			const servers = world(now);
			const tool = createMcpTools(servers, everything).list()[0];
			now[0] = { ...server, ...change };
			const outcome = await run(tool, { text: 'milk' });
			assert.equal(servers.calls.length, isRun ? 1 : 0, what);
			assert.equal(outcome.isError, !isRun, what);
		}
		const now = [server];
		const servers = world(now);
		let isApproved = true;
		const tool = createMcpTools(servers, { ...everything, isApproved: () => isApproved }).list()[0];
		isApproved = false;
		assert.equal((await run(tool, {})).isError, true);
		assert.deepEqual(servers.calls, []);
	});

	test('what a server says about its use comes with its tools', () => {
		const tools = createMcpTools(world([{ ...server, instructions: 'Add one at a time.' }]), everything).list();
		assert.deepEqual(tools[0]?.about, { source: 'The server notes', text: 'Add one at a time.' });
	});

	test('a huge result is shortened, with the whole beside it', () => {
		const text = `start ${'x'.repeat(100_000)} end`;
		const outcome = outcomeOf({ isError: false, content: [{ kind: 'text', text }] });
		const [block] = outcome.content;
		assert.ok(block?.type === 'text' && typeof block.text === 'string');
		assert.ok(block.text.length < 31_000 && block.text.startsWith('start') && block.text.endsWith('end'));
		assert.equal(outcome.output, text);
	});

	test('every kind of content comes to the model as something it can read', () => {
		const outcome = outcomeOf({
			isError: false,
			content: [
				{ kind: 'text', text: 'hi' },
				{ kind: 'image', mediaType: 'image/png', base64: 'AAAA' },
				{ kind: 'resource', uri: 'a:1', text: 'one' },
				{ kind: 'link', uri: 'a:2', name: 'two', description: 'The second' },
				{ kind: 'leftOut', what: 'a sound of 3 KB' },
			],
		});
		assert.deepEqual(outcome.content, [
			{
				type: 'text',
				text: 'hi\n\n[resource a:1]\none\n\n[link to the resource a:2 (two): The second]\n\n[left out: a sound of 3 KB]',
			},
			{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
		]);
		assert.equal(outcome.summary, '8 lines, 1 image');
	});

	test('structured content is shown when there is no other, and an error says so', () => {
		const structured = outcomeOf({ isError: false, content: [], structured: { a: 1 } });
		assert.deepEqual(structured.content, [{ type: 'text', text: '{\n  "a": 1\n}' }]);
		const both = outcomeOf({ isError: false, content: [{ kind: 'text', text: '{"a":1}' }], structured: { a: 1 } });
		assert.deepEqual(both.content, [{ type: 'text', text: '{"a":1}' }]);
		assert.deepEqual(outcomeOf({ isError: false, content: [] }).content, [{ type: 'text', text: '(no output)' }]);
		const failed = outcomeOf({ isError: true, content: [{ kind: 'text', text: 'No such note.' }] });
		assert.equal(failed.isError, true);
		assert.equal(failed.summary, 'No such note.');
	});

	test('a result that breaks the word of its tool is told as it is, with a note', () => {
		const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
		const shown = (structured: unknown, isError = false) =>
			outcomeOf(
				{ isError, content: [{ kind: 'text', text: 'hi' }], ...(structured === undefined ? {} : { structured }) },
				schema,
			);
		assert.deepEqual(shown({ a: 1 }).content, [{ type: 'text', text: 'hi' }]);
		assert.deepEqual(shown({ a: 'x' }).content, [
			{ type: 'text', text: 'hi' },
			{
				type: 'text',
				text: '[This result is not as the tool declares it: a: must be number. Do not rely on its form.]',
			},
		]);
		assert.equal(shown({ a: 'x' }).isError, false);
		assert.match(JSON.stringify(shown(undefined).content[1]), /declares structured output, and this result has none/);
		assert.equal(shown(undefined, true).content.length, 1);
		let deep: unknown = 1;
		for (let depth = 0; depth < 100_000; depth++) deep = [deep];
		assert.match(
			JSON.stringify(outcomeOf({ isError: false, content: [], structured: deep }).content),
			/nested too deep/,
		);
	});

	test('resources are listed and read', async () => {
		const servers = world([server]);
		const tools = createMcpTools(servers, everything).list();
		const list = tools.find(({ name }) => name === 'ListResources');
		const read = tools.find(({ name }) => name === 'ReadResource');
		assert.deepEqual(read?.target?.({ server: 'notes', uri: 'x' }), { kind: 'name', name: 'notes' });
		const shown = async (input: unknown) => (await run(list, input)).content;
		assert.deepEqual(await shown({}), [{ type: 'text', text: 'notes note:1 First note\nnotes note:{id} Any note' }]);
		assert.deepEqual(await shown({ query: 'first' }), [{ type: 'text', text: 'notes note:1 First note' }]);
		assert.equal((await run(list, { server: 'other' })).isError, true);
		assert.equal(read?.effect, 'network');
		const { content } = await run(read, { server: 'notes', uri: 'note:1' });
		assert.deepEqual(content, [{ type: 'text', text: '[resource note:1]\nmilk' }]);
	});
});
