import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PartialJsonStrings } from '../../../src/core/edit/partialJson.ts';

/** The strings as a listener sees them, and those that were said to be complete. */
function read(pieces: readonly string[]): { texts: Record<string, string>; complete: string[] } {
	const reader = new PartialJsonStrings();
	const texts = new Map<string, string>();
	const complete = new Set<string>();
	for (const piece of pieces)
		for (const { key, text, isStart, isEnd } of reader.push(piece)) {
			texts.set(key, isStart ? text : (texts.get(key) ?? '') + text);
			if (isEnd) complete.add(key);
			else complete.delete(key);
		}
	return { texts: Object.fromEntries(texts), complete: [...complete] };
}

function cut(text: string, places: readonly number[]): string[] {
	const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
	return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

/** Every `\uXXXX` way to write a character, and the short ones. */
const escaped = (text: string): string =>
	text
		.split('')
		.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
		.join('');

const places = fc.array(fc.nat(10_000), { maxLength: 30 });
const runs = { numRuns: 1_000 };

test('a string is there as it grows, before it ends', () => {
	assert.deepEqual(read(['{"file_path": "src/a.t']), { texts: { file_path: 'src/a.t' }, complete: [] });
	assert.deepEqual(read(['{"file_path": "src/a.ts", "content": "one\\ntw']), {
		texts: { file_path: 'src/a.ts', content: 'one\ntw' },
		complete: ['file_path'],
	});
});

test('an escape that is cut shows nothing until it is whole, and neither does half of a pair', () => {
	const check = (json: string, content: string) => assert.equal(read([json]).texts.content, content);
	check('{"content":"a\\', 'a');
	check('{"content":"a\\u', 'a');
	check('{"content":"a\\u00e', 'a');
	check('{"content":"a\\u00e9', 'aé');
	check('{"content":"a\\ud83d', 'a');
	check('{"content":"a\\ud83d\\ude8', 'a');
	check('{"content":"a\\ud83d\\ude82', 'a🚂');
	check('{"content":"a\ud83d', 'a');
	check('{"content":"a\\ud83d"', 'a\ud83d');
});

test('any text in any cut gives the strings that JSON.parse finds', () => {
	const value = fc.oneof(
		{ weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
		{ weight: 2, arbitrary: fc.jsonValue() },
	);
	const object = fc.dictionary(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), value, {
		maxKeys: 5,
		noNullPrototype: true,
	});
	const text = fc
		.tuple(object, fc.constantFrom(undefined, 1, '\t'), fc.boolean())
		.map(([content, indent, isEscaped]) =>
			isEscaped
				? `{${Object.entries(content)
						.map(([key, one]) => {
							const shown = typeof one === 'string' ? `"${escaped(one)}"` : JSON.stringify(one);
							return `"${escaped(key)}":${shown}`;
						})
						.join(' , ')}}`
				: JSON.stringify(content, null, indent),
		);
	fc.assert(
		fc.property(text, places, (json, at) => {
			const parsed: Record<string, unknown> = JSON.parse(json);
			const strings = Object.entries(parsed).filter(([, one]) => typeof one === 'string');
			const found = read(cut(json, at));
			assert.deepEqual(new Map(Object.entries(found.texts)), new Map(strings));
			assert.deepEqual(new Set(found.complete), new Set(strings.map(([key]) => key)));
		}),
		runs,
	);
});

test('whatever comes, in whatever pieces, it never throws and the pieces make no difference', () => {
	const mess = fc
		.array(
			fc.oneof(
				fc.constantFrom(
					'{',
					'}',
					'[',
					']',
					'"',
					'\\',
					'\\u',
					':',
					',',
					' ',
					'\n',
					'ud83d',
					'12',
					'true',
					'"a":"',
					'"}',
				),
				fc.string({ unit: 'binary', maxLength: 3 }),
			),
			{ maxLength: 30 },
		)
		.map((parts) => parts.join(''));
	fc.assert(
		fc.property(fc.boolean(), mess, places, (isObject, tail, at) => {
			const text = isObject ? `{"content":"${tail}` : tail;
			assert.deepEqual(read(cut(text, at)), read([text]));
		}),
		runs,
	);
});

test('what is broken says nothing more', () => {
	assert.deepEqual(read(['["a"]']).texts, {});
	assert.deepEqual(read(['{"a":"b" "c":"d"}']).texts, { a: 'b' });
	assert.deepEqual(read(['{"a":"b\\x", "c":"d"}']).texts, { a: 'b' });
	assert.deepEqual(read(['{"a\\x":"b"}']).texts, {});
	assert.deepEqual(read(['{"a":"b"} {"c":"d"}']).texts, { a: 'b' });
	assert.deepEqual(read(['{"a":"1","a":"2"}']).texts, { a: '2' });
});
