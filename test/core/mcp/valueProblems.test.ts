// What a server gives is held against what it declared; neither can hang, throw or run anything here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { valueProblems } from '../../../src/core/mcp/valueProblems.ts';
import { workedMs } from '../../fakes/patience.ts';

const weather = {
	type: 'object',
	properties: {
		degrees: { type: 'number' },
		sky: { enum: ['clear', 'grey'] },
		days: { type: 'array', items: { $ref: '#/$defs/day' } },
		kind: { const: 'weather' },
		by: { anyOf: [{ type: 'string' }, { type: 'object', required: ['name'] }] },
	},
	required: ['degrees'],
	additionalProperties: false,
	$defs: { day: { type: ['integer', 'null'] } },
};

const cases: readonly (readonly [unknown, readonly string[]])[] = [
	[{ degrees: 7, sky: 'grey', days: [1, null], kind: 'weather', by: { name: 'x' } }, []],
	['hot', ['the whole: must be object']],
	[{}, ['degrees: is missing']],
	[{ degrees: '7' }, ['degrees: must be number']],
	[
		{ degrees: 7, sky: 'green', kind: 'x' },
		['sky: is none of the values it may have', 'kind: is not the one value it may have'],
	],
	[{ degrees: 7, days: [1, 'two', 2.5] }, ['days[1]: must be integer or null', 'days[2]: must be integer or null']],
	[{ degrees: 7, by: {}, more: 1 }, ['by: fits none of its forms', 'more: is not declared']],
	[{ degrees: 7, a: 1, b: 2, c: 3, d: 4 }, ['a: is not declared', 'b: is not declared', 'c: is not declared']],
];
for (const [value, problems] of cases)
	test(`${JSON.stringify(value)} against its schema`, () => assert.deepEqual(valueProblems(value, weather), problems));

test('references without an end, deep values and many parts come to an end', () => {
	const circle = {
		$ref: '#/$defs/a',
		$defs: { a: { $ref: '#/$defs/b' }, b: { allOf: [{ $ref: '#' }, { $ref: '#' }] } },
	};
	assert.deepEqual(valueProblems({}, circle), []);
	let deep: unknown = {};
	for (let depth = 0; depth < 50_000; depth++) deep = [deep];
	assert.deepEqual(valueProblems(deep, { items: { $ref: '#' } }), []);
	const begun = workedMs();
	valueProblems(Array(2_000_000).fill(1), { type: 'array', items: { enum: Array(200).fill('x') } });
	valueProblems(Array(2_000_000).fill(1), { type: 'array', items: { anyOf: Array(200).fill({ type: 'string' }) } });
	valueProblems('a'.repeat(50_000), { type: 'string', pattern: '^(a+)+$b' });
	assert.ok(workedMs() - begun < 1_000);
});

test('never throws, whatever schema and value are', () => {
	fc.assert(
		fc.property(
			fc.jsonValue(),
			fc.dictionary(
				fc.constantFrom(
					'type',
					'properties',
					'items',
					'required',
					'enum',
					'anyOf',
					'allOf',
					'$ref',
					'additionalProperties',
				),
				fc.jsonValue(),
			),
			(value, schema) => {
				assert.ok(valueProblems(value, schema).length <= 3);
			},
		),
	);
});
