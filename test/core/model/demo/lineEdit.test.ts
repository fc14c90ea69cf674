import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEdit } from '../../../../src/core/edit/applyEdit.ts';
import { lineEdit, replaceWord } from '../../../../src/core/model/demo/lineEdit.ts';

const lines = fc.array(fc.constantFrom('', 'a', 'aa', 'b', '  a', '}'), { maxLength: 8 });

test('the edit gives the wanted lines, with and without a last newline', () => {
	fc.assert(
		fc.property(lines, lines, fc.boolean(), (before, after, endsWithNewline) => {
			const end = endsWithNewline ? '\n' : '';
			const edit = lineEdit(before, after);
			if (!edit) return;
			const text = before.join('\n') + end;
			const applied = applyEdit(text, { oldString: edit.old_string, newString: edit.new_string });
			assert.equal(applied.kind, 'applied');
			assert.equal(applied.kind === 'applied' && applied.text, after.join('\n') + end);
		}),
		{ numRuns: 2_000 },
	);
});

test('no edit when nothing changed', () => assert.equal(lineEdit(['a'], ['a']), undefined));

test('an edit is as small as it can be', () =>
	assert.deepEqual(lineEdit(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd']), { old_string: 'b', new_string: 'x' }));

test('words', () => {
	assert.deepEqual(replaceWord('id width id_ $id id.id', 'id', 'key'), { text: 'key width id_ $id key.key', count: 3 });
	assert.deepEqual(replaceWord('größe Größe', 'größe', '$&'), { text: '$& Größe', count: 1 });
});
