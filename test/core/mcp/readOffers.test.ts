import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readPrompts, readResources, readResourceTemplates, readTools } from '../../../src/core/mcp/readOffers.ts';
import { stableJson } from '../../../src/core/mcp/schemaLimits.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const good = { name: 'good', description: 'Does good.', inputSchema: { type: 'object', properties: {} } };
const nested = (depth: number): unknown =>
	depth === 0 ? {} : { type: 'object', properties: { a: nested(depth - 1) } };

describe('what a server offers', () => {
	const bad: readonly (readonly [what: string, tool: unknown])[] = [
		['nothing', null],
		['a text', 'tool'],
		['no name', { inputSchema: { type: 'object' } }],
		['an empty name', { ...good, name: '' }],
		['an endless name', { ...good, name: 'x'.repeat(300) }],
		['no schema', { name: 'bad' }],
		['a schema of an array', { name: 'bad', inputSchema: { type: 'array' } }],
		['a schema that is a text', { name: 'bad', inputSchema: '{}' }],
		['properties that are none', { name: 'bad', inputSchema: { type: 'object', properties: 7 } }],
		['a property that is no schema', { name: 'bad', inputSchema: { type: 'object', properties: { a: 'text' } } }],
		['a type that is none', { name: 'bad', inputSchema: { type: 'object', properties: { a: { type: 'date' } } } }],
		['required that is no list', { name: 'bad', inputSchema: { type: 'object', required: true } }],
		['anyOf that is no list', { name: 'bad', inputSchema: { type: 'object', anyOf: {} } }],
		['a deep schema', { name: 'bad', inputSchema: nested(40) }],
		['a huge schema', { name: 'bad', inputSchema: { type: 'object', description: 'x'.repeat(100_000) } }],
		['a schema of many parts', { name: 'bad', inputSchema: { type: 'object', enum: Array(9_000).fill(1) } }],
		['a task', { ...good, name: 'bad', execution: { taskSupport: 'required' } }],
		['a name that is taken', good],
	];
	for (const [what, tool] of bad)
		test(`a tool is left out and named: ${what}`, () => {
			const { items, problems } = readTools([good, tool], 'server', hash);
			assert.deepEqual(
				items.map(({ name }) => name),
				['good'],
			);
			assert.equal(problems.length, 1);
			assert.match(problems[0] ?? '', /^The tool .{1,100} is left out: .+\.$/s);
		});

	const badOutputs: readonly (readonly [what: string, schema: unknown, says: RegExp])[] = [
		['a text', 'object', /its schema is no object/],
		['a list', [], /its schema is no object/],
		['properties that are none', { type: 'object', properties: 'lie' }, /`properties` without names/],
		['a deep one', nested(40), /nested more than 32 deep/],
		['a huge one', { type: 'object', description: 'x'.repeat(100_000) }, /larger than 48 KB/],
	];
	for (const [what, outputSchema, says] of badOutputs)
		test(`a schema of results that checks nothing leaves the tool and is told: ${what}`, () => {
			const { items, problems } = readTools([{ ...good, outputSchema }], 'server', hash);
			assert.deepEqual(items, readTools([good], 'server', hash).items);
			assert.equal(problems.length, 1);
			assert.match(problems[0] ?? '', /^The results of the tool good are not checked; of what it says of them, /);
			assert.match(problems[0] ?? '', says);
		});

	test('a schema of results that is one is kept, and none says nothing', () => {
		const outputSchema = { type: 'object', properties: { degrees: { type: 'number' } } };
		const { items, problems } = readTools(
			[
				{ ...good, outputSchema },
				{ ...good, name: 'none' },
				{ ...good, name: 'null', outputSchema: null },
			],
			'server',
			hash,
		);
		assert.deepEqual(problems, []);
		assert.deepEqual(
			items.map((tool) => tool.outputSchema),
			[outputSchema, undefined, undefined],
		);
	});

	test('claims about a tool are read, and the careful ones are the default', () => {
		const [plain, claimed] = readTools(
			[
				good,
				{ ...good, name: 'other', annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: 'no' } },
			],
			'server',
			hash,
		).items;
		assert.deepEqual(plain?.hints, { isReadOnly: false, isDestructive: true, isIdempotent: false, isOpenWorld: true });
		assert.deepEqual(claimed?.hints, {
			isReadOnly: true,
			isDestructive: false,
			isIdempotent: false,
			isOpenWorld: true,
		});
	});

	test('the hash is another one with anything that is told of a tool, and the same in another order', () => {
		const hashOf = (tool: unknown) => readTools([tool], 'server', hash).items[0]?.definitionHash;
		const first = hashOf(good);
		assert.equal(
			hashOf({ inputSchema: { properties: {}, type: 'object' }, description: 'Does good.', name: 'good' }),
			first,
		);
		for (const changed of [
			{ ...good, description: 'Does evil.' },
			{ ...good, title: 'Good' },
			{ ...good, inputSchema: { type: 'object', properties: { path: { type: 'string' } } } },
			{ ...good, annotations: { readOnlyHint: true } },
		])
			assert.notEqual(hashOf(changed), first);
	});

	test('texts are bounded and draw over nothing', () => {
		const [tool] = readTools([{ ...good, description: `\u202eevil\u0007${'x'.repeat(9_000)}` }], 'server', hash).items;
		assert.ok(tool?.description.startsWith('evilx'));
		assert.equal(tool?.description.length, 4_000);
	});

	test('resources, templates and prompts are read one by one too', () => {
		const resources = readResources([
			{ uri: 'a:1' },
			{},
			{ uri: 'a:2', name: 'two', size: -1, mimeType: 'text/plain' },
		]);
		assert.deepEqual(resources.items, [
			{ uri: 'a:1', name: 'a:1' },
			{ uri: 'a:2', name: 'two', mediaType: 'text/plain' },
		]);
		assert.equal(resources.problems.length, 1);
		assert.equal(readResourceTemplates([{ uriTemplate: 'a:{id}' }, { uri: 'a' }]).items.length, 1);
		const prompts = readPrompts(
			[{ name: 'ask', arguments: [{ name: 'city', required: true }] }, { name: 7 }],
			'server',
			hash,
		);
		assert.deepEqual(prompts.items, [
			{ name: 'ask', callName: 'mcp__server__ask', arguments: [{ name: 'city', isRequired: true }] },
		]);
		assert.equal(prompts.problems.length, 1);
	});

	test('nothing that can be sent makes it fail', () => {
		fc.assert(
			fc.property(fc.array(fc.jsonValue()), (raw) => {
				readTools(raw, 'server', hash);
				readPrompts(raw, 'server', hash);
				readResources(raw);
				readResourceTemplates(raw);
			}),
		);
	});

	test('problems themselves are bounded', () => {
		assert.equal(readTools(Array(1_000).fill({}), 'server', hash).problems.length, 21);
		const unchecked = Array.from({ length: 100 }, (_, index) => ({ ...good, name: `t${index}`, outputSchema: 7 }));
		assert.equal(readTools(unchecked, 'server', hash).problems.length, 21);
	});

	test('stable JSON means the same', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (value) =>
				assert.deepEqual(JSON.parse(stableJson(value)), JSON.parse(JSON.stringify(value))),
			),
		);
	});
});
