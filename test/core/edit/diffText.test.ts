import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { countChanges, diffLines, displayLines } from '../../../src/core/edit/diffText.ts';
import { applyHunk, type Hunk, revertHunk, splitLines } from '../../../src/core/edit/hunks.ts';

const hunk = (baseStart: number, baseEnd: number, currentStart: number, currentEnd: number): Hunk => ({
	baseStart,
	baseEnd,
	currentStart,
	currentEnd,
});

test('hunks are the changed lines', () => {
	const check = (base: string, current: string, expected: Hunk[]) =>
		assert.deepEqual(diffLines(base, current), expected);
	check('', '', []);
	check('', 'a\n', [hunk(0, 0, 0, 1)]);
	check('a\n', '', [hunk(0, 1, 0, 0)]);
	check('a\nb\nc\n', 'a\nB\nc\n', [hunk(1, 2, 1, 2)]);
	check('a\nb\nc\n', 'A\nb\nC\nd\n', [hunk(0, 1, 0, 1), hunk(2, 3, 2, 4)]);
	check('a\nb', 'a\nb\n', [hunk(1, 2, 1, 2)]);
});

test('two long texts with nothing in common are one hunk', () => {
	const lines = (prefix: string) => Array.from({ length: 700 }, (_, index) => `${prefix}${index}\n`).join('');
	assert.deepEqual(diffLines(`same\n${lines('a')}`, `same\n${lines('b')}`), [hunk(1, 701, 1, 701)]);
});

test('a card shows the changes with some context and says when it shows less', () => {
	const { lines, isTruncated } = displayLines('1\n2\n3\n4\n5\n6\n', '1\n2\n3\nfour\n5\n6\n');
	assert.deepEqual(
		lines.map((line) => `${line.kind}${line.lineNumber} ${line.text}`),
		[' 2 2', ' 3 3', '-4 4', '+4 four', ' 5 5', ' 6 6'],
	);
	assert.equal(isTruncated, false);
	assert.deepEqual(displayLines('', 'a\r\n').lines, [{ kind: '+', lineNumber: 1, text: 'a' }]);
	const long = displayLines('', 'x\n'.repeat(40));
	assert.equal(long.lines.length, 12);
	assert.equal(long.isTruncated, true);
	const near = displayLines('a\nb\nc\nd\n', 'A\nb\nc\nD\n')
		.lines.map((line) => line.kind)
		.join('');
	assert.equal(near, '-+  -+');
});

test('property: applying every hunk gives the new text, taking every hunk back the old one', () => {
	const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '\n'), { maxLength: 14 }).map((lines) => lines.join(''));
	const ragged = fc.tuple(text, fc.constantFrom('', 'end')).map(([lines, end]) => lines + end);
	fc.assert(
		fc.property(ragged, ragged, (base, current) => {
			const hunks = diffLines(base, current);
			assert.equal(
				hunks.toReversed().reduce((result, one) => applyHunk(result, current, one), base),
				current,
			);
			assert.equal(
				hunks.toReversed().reduce((result, one) => revertHunk(base, result, one), current),
				base,
			);
			const counts = countChanges(base, current);
			assert.equal(splitLines(current).length - splitLines(base).length, counts.addedLines - counts.removedLines);
		}),
	);
});

test('many changes in a long file are as many hunks', () => {
	const base = Array.from({ length: 8_000 }, (_, index) => `line ${index}\n`);
	const current = base.flatMap((line, index) => (index % 16 < 4 ? [`new ${index}\n`, '}\n'] : [line]));
	assert.equal(diffLines(base.join(''), current.join('')).length, 500);
});

test('property: a long text is taken apart and put together in the same way', () => {
	const cut = fc.record({
		at: fc.nat(600),
		remove: fc.nat(20),
		lines: fc.array(fc.constantFrom('}\n', '\n', 'x\n'), { maxLength: 20 }),
	});
	fc.assert(
		fc.property(fc.array(cut, { maxLength: 30 }), fc.nat(9), (cuts, every) => {
			const base = Array.from({ length: 500 }, (_, index) => (index % 10 <= every ? `${index}\n` : '}\n'));
			const current = [...base];
			for (const { at, remove, lines } of cuts) current.splice(at % current.length, remove, ...lines);
			const hunks = diffLines(base.join(''), current.join(''));
			assert.equal(
				hunks.toReversed().reduce((result, one) => applyHunk(result, current.join(''), one), base.join('')),
				current.join(''),
			);
			for (const [index, one] of hunks.entries()) {
				const next = hunks[index + 1];
				if (next) assert.ok(next.baseStart > one.baseEnd && next.currentStart > one.currentEnd);
			}
		}),
	);
});
