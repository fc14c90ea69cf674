/** Keeping hunks of a file that is restored: each hunk is one side or the other, and nothing else changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareFiles, keepHunks } from '../../../src/core/edit/keepHunks.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
const keeping = (now: string, restored: string, ...kept: readonly number[]) => {
	const files = compareFiles(bytes(now), bytes(restored));
	assert.ok(files);
	return text(keepHunks(files, new Set(kept)));
};

test('each hunk is as it is now or as it was', () => {
	const now = 'A\nb\nc\nD\n';
	const restored = 'a\nb\nc\nd\ne\n';
	assert.equal(keeping(now, restored, 0), 'A\nb\nc\nd\ne\n');
	assert.equal(keeping(now, restored, 1), 'a\nb\nc\nD\n');
	assert.equal(keeping(now, restored, 0, 1), now);
	assert.equal(keeping(now, restored), restored);
});

test('line ends and byte order mark are those of the restored file', () => {
	assert.equal(keeping('A\nb\nc\n', '\uFEFFa\r\nb\r\nC\r\n', 0), '\uFEFFA\r\nb\r\nC\r\n');
	assert.equal(keeping('A\nb\nc\nd', 'a\r\nb\nc\nD', 1), 'a\r\nb\nc\nd');
});

test('what is no text has no hunks', () => {
	assert.equal(compareFiles(bytes('a\n'), new Uint8Array([0, 1])), undefined);
});

test('keeping none gives the restored file and keeping all the file as it is, byte for byte', () => {
	const words = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));
	fc.assert(
		fc.property(words, words, (now, restored) => {
			assert.equal(keeping(now, restored), restored);
			assert.equal(keeping(now, restored, ...Array.from({ length: 12 }, (_, index) => index)), now);
		}),
	);
});
