import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingEdit } from '../../../src/host/transcript/growingEdit.ts';

const shown = (edit: GrowingEdit) => edit.diff().lines.map(({ kind, text }) => `${kind}${text}`);
const after = (...pieces: string[]): GrowingEdit => {
	const edit = new GrowingEdit();
	for (const piece of pieces) edit.push(piece);
	return edit;
};

test('the path shows when it is whole, the lines while they grow', () => {
	const edit = new GrowingEdit();
	assert.equal(edit.push('{"file_path":"src/'), false);
	assert.equal(edit.path, undefined);
	assert.equal(edit.push('new.ts","content":"'), true);
	assert.equal(edit.path, 'src/new.ts');
	edit.push('one\\ntw');
	assert.deepEqual(shown(edit), ['+one', '+tw']);
	edit.push('o\\n');
	assert.deepEqual(edit.diff(), {
		lines: [
			{ kind: '+', lineNumber: 1, text: 'one' },
			{ kind: '+', lineNumber: 2, text: 'two' },
		],
		addedLines: 2,
		removedLines: 0,
		isTruncated: false,
	});
});

test('an edit shows what goes, then what comes; lines that stay at its start are context', () => {
	const start = '{"file_path":"a.ts","old_string":"keep\\nold one\\nold two","new_string":"';
	assert.deepEqual(shown(after(start)), ['-keep', '-old one', '-old two']);
	// It may still become the line that is there.
	assert.deepEqual(shown(after(start, 'ke')), ['-keep', '-old one', '-old two']);
	assert.deepEqual(shown(after(start, 'keep\\n')), [' keep', '-old one', '-old two']);
	assert.deepEqual(shown(after(start, 'keep\\nnew')), [' keep', '-old one', '-old two', '+new']);
	assert.deepEqual(shown(after(start, 'kept')), ['-keep', '-old one', '-old two', '+kept']);
	assert.deepEqual(shown(after(start, 'keep\\nold', '"')), [' keep', '-old one', '-old two', '+old']);
	assert.deepEqual(shown(after(start, 'keep\\nold one\\nold two', '"}')), [' keep', ' old one', ' old two']);
});

test('of a long text only the newest lines are shown, with the numbers they will have', () => {
	const content = Array.from({ length: 5_000 }, (_, index) => `line ${index + 1}`).join('\n');
	const json = JSON.stringify({ file_path: 'big.ts', content });
	const edit = new GrowingEdit();
	for (let at = 0; at < json.length; at += 24) edit.push(json.slice(at, at + 24));
	const { lines, addedLines, isTruncated } = edit.diff();
	assert.equal(addedLines, 5_000);
	assert.equal(isTruncated, true);
	assert.deepEqual(lines[0], { kind: '+', lineNumber: 4_989, text: 'line 4989' });
	assert.deepEqual(lines[11], { kind: '+', lineNumber: 5_000, text: 'line 5000' });
});

test('a line without end is cut where it is shown', () => {
	const [line] = after(`{"content":"${'x'.repeat(5_000)}`).diff().lines;
	assert.equal(line?.text.length, 400);
});

test('the pieces make no difference', () => {
	const lines = fc.array(fc.constantFrom('a', 'b', 'a\r', '', 'é🚂'), { maxLength: 20 }).map((all) => all.join('\n'));
	const cuts = fc.array(fc.nat(400), { maxLength: 20 });
	fc.assert(
		fc.property(lines, lines, cuts, fc.nat(400), (old_string, new_string, places, stop) => {
			const json = JSON.stringify({ file_path: 'a', old_string, new_string }).slice(0, stop);
			const ends = [...places.map((place) => place % (json.length + 1)), json.length].sort((a, b) => a - b);
			const pieces = ends.map((end, index) => json.slice(ends[index - 1] ?? 0, end));
			assert.deepEqual(after(...pieces).diff(), after(json).diff());
		}),
		{ numRuns: 500 },
	);
});
