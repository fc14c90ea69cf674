import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTailDue, mergeExtents } from '../../../src/core/session/tailEntry.ts';

test('a tail is due at the end of a turn, after a long line and every 32 KB', () => {
	const check = (bytesSinceTail: number, longestLineBytes: number, hasTurnEnded: boolean, expected: boolean) =>
		assert.equal(isTailDue({ bytesSinceTail, longestLineBytes, hasTurnEnded, hasMoved: false }), expected);
	check(0, 0, false, false);
	check(10, 10, true, true);
	check(32 * 1024 - 1, 100, false, false);
	check(32 * 1024, 100, false, true);
	check(100, 32 * 1024, false, false);
	check(100, 32 * 1024 + 1, false, true);
	// The ranges of the last tail are of another branch then.
	assert.equal(isTailDue({ bytesSinceTail: 0, longestLineBytes: 0, hasTurnEnded: false, hasMoved: true }), true);
});

test('extents are merged across the smallest gaps', () => {
	const check = (ranges: [number, number][], max: number, expected: [number, number][]) => {
		const merged = mergeExtents(
			ranges.map(([start, end]) => ({ start, end })),
			max,
		);
		assert.deepEqual(
			merged.map(({ start, end }) => [start, end]),
			expected,
		);
	};
	check([], 2, []);
	check(
		[
			[0, 5],
			[9, 12],
		],
		2,
		[
			[0, 5],
			[9, 12],
		],
	);
	check(
		[
			[0, 5],
			[9, 12],
			[14, 20],
		],
		2,
		[
			[0, 5],
			[9, 20],
		],
	);
	check(
		[
			[0, 5],
			[9, 12],
			[14, 20],
		],
		1,
		[[0, 20]],
	);
});

test('merged extents are few, in order, and cover all that was there', () => {
	const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), { maxLength: 80 });
	fc.assert(
		fc.property(gaps, fc.integer({ min: 1, max: 64 }), (steps, max) => {
			let position = 0;
			const ranges = steps.map(([gap, length]) => {
				const start = position + gap;
				position = start + length;
				return { start, end: position };
			});
			const merged = mergeExtents(ranges, max);
			assert.ok(merged.length <= max);
			for (const [index, range] of merged.entries()) assert.ok(range.start > (merged[index - 1]?.end ?? -1));
			for (const { start, end } of ranges) assert.ok(merged.some((range) => range.start <= start && end <= range.end));
		}),
	);
});
