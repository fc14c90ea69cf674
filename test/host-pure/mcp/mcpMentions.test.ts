// `@server:resource` in a prompt: it survives the way through the text, is read, and is bounded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import type { McpContent, McpServer, McpServers } from '../../../src/core/mcp/mcpPorts.ts';
import {
	attachedBlocks,
	createResourceReader,
	mentionedResource,
	resourceMention,
} from '../../../src/host/mcp/mcpMentions.ts';
import { readPrompt } from '../../../src/host/prompt/attachments.ts';
import { mentionsIn } from '../../../src/host/prompt/mentions.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';
import { serverOf } from './mcpScene.ts';

const transport = { kind: 'stdio' as const, command: 'x', args: [], env: {} };
const server = (name: string, uris: readonly string[], more: Partial<McpServer> = {}) =>
	serverOf({ name, transport, admission: 'start' }, { resources: uris.map((uri) => ({ uri, name: uri })), ...more });
const read = (text: string, servers: readonly McpServer[]) =>
	mentionsIn(text).map(({ path }) => mentionedResource(path, servers));

test('what is written into the prompt is read back, whatever the address has in it', () => {
	fc.assert(
		fc.property(
			fc.constantFrom('docs', 'my server', 'a.b-c'),
			fc.string({ minLength: 1, unit: 'grapheme' }),
			(name, end) => {
				const uri = `demo://resource/${end}`;
				if (/\\/.test(uri)) return;
				const text = `Look at ${resourceMention(name, uri)} please`;
				assert.deepEqual(read(text, [server(name, [uri])]), [{ server: name, uri }]);
			},
		),
	);
	const uri = 'file:///a (b)/c#d@e.';
	assert.deepEqual(read(`${resourceMention('docs', uri)}.`, [server('docs', [uri])]), [{ server: 'docs', uri }]);
});

test('only servers that are ready are meant; what a template makes needs no list', () => {
	const off = server('docs', ['demo://a'], { state: { kind: 'off' } });
	assert.deepEqual(read('@docs:demo://a', [off]), [undefined]);
	assert.deepEqual(read('@other:demo://a @docs:nothing @docs', [server('docs', [])]), [
		undefined,
		undefined,
		undefined,
	]);
	assert.deepEqual(read('@docs:demo://made/7', [server('docs', [])]), [{ server: 'docs', uri: 'demo://made/7' }]);
});

const clientWith = (content: readonly McpContent[] | UserError) => {
	const asked: string[] = [];
	const client = {
		list: () => [server('docs', ['demo://a'])],
		async readResource(name: string, uri: string) {
			asked.push(`${name} ${uri}`);
			if (content instanceof UserError) throw content;
			return content;
		},
	};
	return { asked, reader: createResourceReader(() => client as unknown as McpServers) };
};

test('its content goes with the prompt, once, and says whose it is', async () => {
	const { asked, reader } = clientWith([
		{ kind: 'resource', uri: 'demo://a', text: 'Hello' },
		{ kind: 'image', mediaType: 'image/png', base64: 'AAAA' },
		{ kind: 'leftOut', what: 'a video of 20 MB' },
	]);
	const workspace = createMemoryWorkspace({});
	const prompt = await readPrompt('See @docs:demo://a and @docs:demo://a', [], workspace, '/w', undefined, reader);
	assert.deepEqual(asked, ['docs demo://a']);
	assert.equal(prompt.text, 'See @docs:demo://a and @docs:demo://a');
	assert.deepEqual(prompt.attachments, [
		{
			name: 'docs:demo://a',
			content: [
				{
					type: 'text',
					text: 'The user attached demo://a, a resource of the MCP server “docs”:\nHello\n\n[left out: a video of 20 MB]',
				},
				{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
			],
		},
	]);
});

test('one that cannot be read keeps the prompt from being sent; what names none is left as text', async () => {
	const workspace = createMemoryWorkspace({});
	const failing = clientWith(new UserError('mcp-gone', 'The server ended.'));
	await assert.rejects(readPrompt('@docs:demo://a', [], workspace, '/w', undefined, failing.reader), {
		code: 'attachment-unreadable',
		message: /@docs:demo:\/\/a was not attached: The server ended\. Your prompt was not sent/,
	});
	const { attachments } = await readPrompt('@nobody:demo://a', [], workspace, '/w', undefined, failing.reader);
	assert.deepEqual(attachments, []);
	assert.equal(await createResourceReader(() => undefined)('docs:demo://a'), undefined);
});

test('huge ones are cut, and say so', () => {
	const blocks = attachedBlocks('s', 'demo://a', [
		{ kind: 'text', text: 'x'.repeat(300_000) },
		...Array.from({ length: 8 }, (): McpContent => ({ kind: 'image', mediaType: 'image/png', base64: 'AAAA' })),
	]);
	assert.equal(blocks.length, 6);
	const [first] = blocks;
	assert.ok(first?.type === 'text' && first.text.length < 201_000);
	assert.match(first.text, /100000 characters left out …\]\n\[3 more images left out\]$/);
});
