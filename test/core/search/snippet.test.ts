import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { termRegex } from '../../../src/core/search/pattern.ts';
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

/** Letters that change their length, their number or their bytes when the case is folded, with marks and pairs of surrogates. */
const FOLDING = [...'aAiIıİſsSßẞﬁKkKΣσςǅǆÅåéÉ👩🏽‍💻𐐀𐐨 \n\t.*(['].concat(['e\u0301', 'I\u0307', '\u{1f1ee}\u{1f1f9}']);

test('property: what is marked is what was searched for, whatever case folding does to lengths', () => {
	const word = fc.array(fc.constantFrom(...FOLDING), { minLength: 1, maxLength: 4 }).map((chars) => chars.join(''));
	const long = fc.array(fc.constantFrom(...FOLDING), { maxLength: 300 }).map((chars) => chars.join(''));
	fc.assert(
		fc.property(long, word, long, fc.boolean(), (before, term, after, isCaseSensitive) => {
			// A space in a term stands for any white space; a tab or a line break is not typed.
			fc.pre(term.trim() === term && !/[\n\t]/.test(term));
			const text = `${before}${term}${after}`;
			const regex = termRegex(term, 'plain', isCaseSensitive);
			const snippet = snippetOf(text, [regex]);
			assert.ok(snippet.ranges.length > 0, 'the term is there, so it is marked');
			let end = 0;
			for (const [from, to] of snippet.ranges) {
				assert.ok(from >= end && to > from && to <= snippet.text.length);
				end = to;
				// A range may be several matches that touch or lie inside each other.
				const marked = snippet.text.slice(from, to);
				regex.lastIndex = 0;
				assert.equal(regex.exec(marked)?.index, 0, `${JSON.stringify(marked)} is not ${JSON.stringify(term)}`);
			}
		}),
		{ numRuns: 500 },
	);
});
