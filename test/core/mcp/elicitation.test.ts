import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { answerProblem, fittingAnswers, readElicitation } from '../../../src/core/mcp/elicitation.ts';
import type { McpFormField, McpFormValue } from '../../../src/core/mcp/mcpPorts.ts';

function fieldOf(schema: unknown, isRequired = false): McpFormField {
	const question = readElicitation(
		{
			message: 'Please',
			requestedSchema: { type: 'object', properties: { one: schema }, required: isRequired ? ['one'] : [] },
		},
		'server',
	);
	assert.ok(typeof question === 'object' && question.kind === 'form', String(question));
	const [field] = question.fields;
	assert.ok(field);
	return field;
}

describe('questions of servers', () => {
	test('become fields', () => {
		assert.deepEqual(
			fieldOf({ type: 'string', title: 'Name', minLength: 2, format: 'email', default: 'a@b.c' }, true),
			{
				name: 'one',
				title: 'Name',
				isRequired: true,
				type: { kind: 'text', minLength: 2, format: 'email', default: 'a@b.c' },
			},
		);
		assert.deepEqual(fieldOf({ type: 'integer', minimum: 1, default: 3 }).type, {
			kind: 'number',
			isInteger: true,
			minimum: 1,
			default: 3,
		});
		assert.deepEqual(fieldOf({ type: 'boolean', default: true }).type, { kind: 'boolean', default: true });
		assert.deepEqual(fieldOf({ type: 'string', enum: ['a', 'b'], enumNames: ['A'], default: 'c' }).type, {
			kind: 'choice',
			options: [
				{ value: 'a', title: 'A' },
				{ value: 'b', title: 'b' },
			],
		});
		assert.deepEqual(fieldOf({ type: 'string', oneOf: [{ const: 'a', title: 'A' }], default: 'a' }).type, {
			kind: 'choice',
			options: [{ value: 'a', title: 'A' }],
			default: 'a',
		});
		assert.deepEqual(fieldOf({ type: 'array', items: { enum: ['a', 'b'] }, minItems: 1, default: ['b', 'z'] }).type, {
			kind: 'choices',
			options: [
				{ value: 'a', title: 'a' },
				{ value: 'b', title: 'b' },
			],
			minItems: 1,
			default: ['b'],
		});
		assert.deepEqual(fieldOf({ type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } }).type, {
			kind: 'choices',
			options: [{ value: 'a', title: 'A' }],
		});
	});

	test('are refused when they are no flat form, or lead to no web address', () => {
		const refused = (raw: unknown) => assert.equal(typeof readElicitation(raw, 'server'), 'string');
		refused({ message: 'x' });
		refused({ message: 'x', requestedSchema: { type: 'object', properties: { a: { type: 'object' } } } });
		refused({ message: 'x', requestedSchema: { type: 'object', properties: { a: { type: 'array', items: {} } } } });
		refused({ mode: 'url', message: 'x', url: 'file:///etc/passwd' });
		refused({ mode: 'url', message: 'x', url: 'javascript:alert(1)' });
		refused({ mode: 'url', message: 'x', url: 'no address' });
		assert.equal(typeof readElicitation({ mode: 'url', message: 'x', url: 'https://a.example/' }, 'server'), 'object');
	});

	const cases: readonly (readonly [schema: unknown, value: McpFormValue, fits: boolean])[] = [
		[{ type: 'string' }, 'x', true],
		[{ type: 'string' }, 7, false],
		[{ type: 'string', minLength: 2 }, 'x', false],
		[{ type: 'string', maxLength: 2 }, 'xyz', false],
		[{ type: 'string', format: 'email' }, 'nobody', false],
		[{ type: 'string', format: 'uri' }, 'https://a.example', true],
		[{ type: 'string', format: 'uri' }, 'a.example', false],
		[{ type: 'string', format: 'date' }, '2026-01-31', true],
		[{ type: 'string', format: 'date' }, '31.1.2026', false],
		[{ type: 'string', format: 'date-time' }, '2026-01-31T12:00:00Z', true],
		[{ type: 'string', format: 'date-time' }, '2026-01-31', false],
		[{ type: 'number', maximum: 3 }, 3.5, false],
		[{ type: 'integer' }, 3.5, false],
		[{ type: 'number' }, Number.NaN, false],
		[{ type: 'boolean' }, false, true],
		[{ type: 'boolean' }, 'yes', false],
		[{ type: 'string', enum: ['a'] }, 'b', false],
		[{ type: 'array', items: { enum: ['a', 'b'] } }, ['a'], true],
		[{ type: 'array', items: { enum: ['a', 'b'] } }, ['c'], false],
		[{ type: 'array', items: { enum: ['a', 'b'] }, maxItems: 1 }, ['a', 'b'], false],
	];
	for (const [schema, value, fits] of cases)
		test(`${JSON.stringify(schema)} and ${JSON.stringify(value)}: ${fits ? 'fits' : 'does not fit'}`, () => {
			const field = fieldOf(schema);
			assert.equal(answerProblem(field, value) === undefined, fits);
			assert.equal(fittingAnswers([field], { one: value }) !== undefined, fits);
		});

	test('take their defaults, and need what is required', () => {
		assert.deepEqual(fittingAnswers([fieldOf({ type: 'number', default: 7 }, true)], {}), { one: 7 });
		assert.equal(fittingAnswers([fieldOf({ type: 'string' }, true)], {}), undefined);
		assert.deepEqual(fittingAnswers([fieldOf({ type: 'string' })], { one: '', other: 'x' }), {});
	});

	test('nothing that can be sent makes it fail', () => {
		fc.assert(fc.property(fc.jsonValue(), (raw) => void readElicitation(raw, 'server')));
		fc.assert(
			fc.property(fc.jsonValue(), (schema) => {
				readElicitation({ message: '', requestedSchema: { type: 'object', properties: { a: schema } } }, 'server');
			}),
		);
	});
});
