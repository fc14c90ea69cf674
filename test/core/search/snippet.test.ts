import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { snippetOf } from '../../../src/core/search/snippet.ts';

const marked = (text: string, ...words: readonly string[]) => {
	const snippet = snippetOf(
		text,
		words.map((word) => new RegExp(word, 'giu')),
	);
	return { ...snippet, words: snippet.ranges.map(([from, to]) => snippet.text.slice(from, to)) };
};

test('a short text as it is, its white space collapsed', () => {
	const { text, words } = marked('  one\n\n\ttwo   three ', 'two', 'three');
	assert.equal(text, 'one two three ');
	assert.deepEqual(words, ['two', 'three']);
});

test('a long text around the first match, from the start of a word', () => {
	const { text, words } = marked(`${'before '.repeat(50)}needle${' after'.repeat(50)}`, 'needle');
	assert.match(text, /^…before .*needle after.*…$/);
	assert.ok(text.length <= 202);
	assert.deepEqual(words, ['needle']);
});

test('a match over a line break, and matches inside each other', () => {
	assert.deepEqual(marked('a\n  b c', 'a\\s+b').words, ['a b']);
	assert.deepEqual(marked('needles', 'needle', 'need', 'dles').words, ['needles']);
});

test('a cut does not go through a character', () => {
	for (const odd of ['', 'x']) {
		const { text } = marked(`${odd}${'🙂'.repeat(60)}needle`, 'needle');
		assert.match(text, /^…(?:🙂)+needle$/u);
	}
});

test('without a match the start of the text', () => {
	assert.equal(marked('some text').text, 'some text');
	assert.deepEqual(marked('some text', 'zzz').ranges, []);
});

test('never half a character, and every range inside the text (property)', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), (text) => {
			const snippet = snippetOf(text, [/e|🙂/gu]);
			assert.ok(!/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(snippet.text));
			let end = 0;
			for (const [from, to] of snippet.ranges) {
				assert.ok(from >= end && to > from && to <= snippet.text.length);
				end = to;
			}
		}),
	);
});
