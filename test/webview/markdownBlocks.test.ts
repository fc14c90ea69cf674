/** Where streaming Markdown may be cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { splitBlocks } from '../../webview/markdownBlocks.ts';

test('blocks end at blank lines, but not inside fences and lists', () => {
	const check = (text: string, expected: readonly string[]) => assert.deepEqual(splitBlocks(text), expected);
	check('', []);
	check('one', ['one']);
	check('one\n\ntwo', ['one\n\n', 'two']);
	check('one\n\n', ['one\n\n']);
	check('one\ntwo\n\n\nthree', ['one\ntwo\n\n\n', 'three']);
	check('```js\na\n\nb\n```\n\nend', ['```js\na\n\nb\n```\n\n', 'end']);
	check('```js\na\n\nstill open', ['```js\na\n\nstill open']);
	check('````\n```\n\nx\n````\n\nend', ['````\n```\n\nx\n````\n\n', 'end']);
	check('~~~\n```\n\n~~~\n\nend', ['~~~\n```\n\n~~~\n\n', 'end']);
	check('1. a\n\n2. b\n\ntext', ['1. a\n\n2. b\n\n', 'text']);
	check('- a\n\n  more of a\n\ntext', ['- a\n\n  more of a\n\n', 'text']);
	check('- a\n  ```\n  x\n\n  y\n  ```\n\ntext', ['- a\n  ```\n  x\n\n  y\n  ```\n\n', 'text']);
	check('text\n\n- a', ['text\n\n', '- a']);
	check('`` ` `` is no fence\n\nx', ['`` ` `` is no fence\n\n', 'x']);
	check('\n\nx', ['\n\nx']);
});

test('nothing is lost, and finished blocks stay as they are while the text grows', () => {
	const lines = fc.constantFrom(
		'',
		'text',
		'- item',
		'  in item',
		'1. one',
		'```',
		'```js',
		'~~~',
		'    code',
		'> quote',
		'# head',
		'| a |',
	);
	fc.assert(
		fc.property(fc.array(lines, { maxLength: 20 }), fc.array(lines, { maxLength: 10 }), (before, more) => {
			const text = before.map((line) => `${line}\n`).join('');
			const blocks = splitBlocks(text);
			assert.equal(blocks.join(''), text);
			const grown = splitBlocks(text + more.map((line) => `${line}\n`).join(''));
			assert.deepEqual(grown.slice(0, Math.max(0, blocks.length - 1)), blocks.slice(0, -1));
		}),
	);
});
