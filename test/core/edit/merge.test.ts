import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { mergeText, withoutConflicts } from '../../../src/core/edit/merge.ts';

test('changes of both sides come together; the same lines changed twice are a conflict', () => {
	const check = (ancestor: string, ours: string, theirs: string, text: string, conflicts = 0) =>
		assert.deepEqual(mergeText({ ancestor, ours, theirs }), { text, conflicts });
	check('a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n', 'A\nb\nC\n');
	check('a\nb\nc\n', 'A\nb\nc\n', 'A\nb\nc\n', 'A\nb\nc\n');
	check('a\nb\nc\n', 'a\nb\nc\n', 'x\n', 'x\n');
	check('a\nb\nc\nd\n', 'A\nb\nc\nD\n', 'A\nb\nc\nd\n', 'A\nb\nc\nD\n');
	check(
		'a\nb\n',
		'a\nours',
		'a\ntheirs\n',
		'a\n<<<<<<< now\nours\n||||||| as the agent left it\nb\n=======\ntheirs\n>>>>>>> to restore\n',
		1,
	);
});

test('property: a side that changed nothing takes the other whole, and equal sides never conflict', () => {
	const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n'), { maxLength: 10 }).map((lines) => lines.join(''));
	fc.assert(
		fc.property(text, text, (ancestor, other) => {
			assert.deepEqual(mergeText({ ancestor, ours: other, theirs: ancestor }), { text: other, conflicts: 0 });
			assert.deepEqual(mergeText({ ancestor, ours: ancestor, theirs: other }), { text: other, conflicts: 0 });
			assert.deepEqual(mergeText({ ancestor, ours: other, theirs: other }), { text: other, conflicts: 0 });
		}),
	);
});

test('without its conflicts, a merge holds the ancestor in their place and what merged around them', () => {
	const ancestor = 'a\nb\nc\nd\ne\n';
	const merged = mergeText({ ancestor, ours: 'A\nb\nc\nd\nmine\n', theirs: 'a\nb\nX\nd\ntheirs\n' });
	assert.equal(merged.conflicts, 1);
	assert.equal(withoutConflicts(merged.text), 'A\nb\nX\nd\ne\n');
	const two = mergeText({ ancestor, ours: 'x\nb\nc\nd\ny\n', theirs: 'z\nb\nc\nd\n' });
	assert.equal(two.conflicts, 2);
	assert.equal(withoutConflicts(two.text), ancestor);
});
