import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { minimalReplace } from '../../../src/host/editor/minimalReplace.ts';

test('the replacement is the smallest that cuts no character in two', () => {
	const check = (from: string, to: string, expected: ReturnType<typeof minimalReplace>) =>
		assert.deepEqual(minimalReplace(from, to), expected);
	check('abc', 'abc', undefined);
	check('abc', 'aXc', { start: 1, end: 2, text: 'X' });
	check('abc', 'abXc', { start: 2, end: 2, text: 'X' });
	check('aa', 'a', { start: 1, end: 2, text: '' });
	check('', 'a', { start: 0, end: 0, text: 'a' });
	check('🚂', '🚃', { start: 0, end: 2, text: '🚃' });
	check('a\r\nb', 'a\rb', { start: 1, end: 3, text: '\r' });
});

test('property: the replacement gives the new text', () => {
	const text = fc
		.array(fc.constantFrom('a', 'b', '\r', '\n', '🚂', '🚃', '👍'), { maxLength: 10 })
		.map((all) => all.join(''));
	fc.assert(
		fc.property(text, text, (from, to) => {
			const replace = minimalReplace(from, to) ?? { start: 0, end: 0, text: '' };
			assert.equal(from.slice(0, replace.start) + replace.text + from.slice(replace.end), to);
			assert.equal(replace.text.isWellFormed(), true);
		}),
		{ numRuns: 500 },
	);
});
