import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { applyEdit, describeEditFailure, type TextEdit } from '../../../src/core/edit/applyEdit.ts';

const FILE = 'function a() {\n\treturn 1;\n}\n\nfunction b() {\n\treturn 1;\n}\n';

test('an edit replaces the one place, or all of them when asked', () => {
	const check = (text: string, edit: TextEdit, expected: string, count = 1) =>
		assert.deepEqual(applyEdit(text, edit), { kind: 'applied', text: expected, count });
	check('a b c', { oldString: 'b', newString: 'x' }, 'a x c');
	check('a b c', { oldString: ' b', newString: '' }, 'a c');
	check('cost', { oldString: 'cost', newString: '$& $1 $$' }, '$& $1 $$');
	check('aXaXa', { oldString: 'X', newString: '-', replaceAll: true }, 'a-a-a', 2);
	check('aaa', { oldString: 'aa', newString: 'b', replaceAll: true }, 'ba');
	check(FILE, { oldString: 'b() {\n\treturn 1;', newString: 'b() {\n\treturn 2;' }, FILE.replace(/1(?=;\n}\n$)/, '2'));
});

test('what does not fit is data that says where to look', () => {
	const check = (text: string, edit: TextEdit, kind: string, sentence: RegExp) => {
		const outcome = applyEdit(text, edit);
		assert.equal(outcome.kind, kind);
		if (outcome.kind !== 'applied') assert.match(describeEditFailure(outcome), sentence);
	};
	check(FILE, { oldString: 'return 1', newString: 'return 2' }, 'ambiguous', /occurs 2 times \(lines 2, 6\)/);
	check('x\n'.repeat(9), { oldString: 'x', newString: 'y' }, 'ambiguous', /lines 1, 2, 3, 4, 5, …/);
	check(FILE, { oldString: 'a', newString: 'a' }, 'identical', /same/);
	check(FILE, { oldString: '', newString: 'a' }, 'emptyOld', /empty/);
	check(
		FILE,
		{ oldString: '    return 1;\n}\n\nfunction b', newString: '' },
		'notFound',
		/Line 2 differs.*white space/,
	);
	check(FILE, { oldString: 'return   1;', newString: '' }, 'notFound', /Line 2 differs.*white space/);
	check(FILE, { oldString: 'function b(x) {', newString: '' }, 'notFound', /nearest line is 5: "function b\(\) \{"/);
	check(FILE, { oldString: 'zebra crossing', newString: '' }, 'notFound', /Nothing like it/);
	check('', { oldString: 'x', newString: '' }, 'notFound', /Nothing like it/);
});

test('property: an applied edit put back gives the text', () => {
	const word = fc.stringMatching(/^[ab\n ]{0,12}$/);
	fc.assert(
		fc.property(word, word, word, (head, tail, newString) => {
			const outcome = applyEdit(`${head}OLD${tail}`, { oldString: 'OLD', newString });
			assert.deepEqual(outcome, { kind: 'applied', text: head + newString + tail, count: 1 });
		}),
	);
});
