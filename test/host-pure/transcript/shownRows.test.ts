import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestRows, rowsBefore } from '../../../src/host/transcript/shownRows.ts';

const rows = [...'abcdefg'].map((id) => ({ id }));
const shown = (page: ReturnType<typeof newestRows<{ id: string }>>) =>
	`${page.items.map((row) => row.id).join('')}${page.hasOlder ? ' +' : ''}`;

test('the newest rows come first, then page after page of what stands before them', () => {
	const check = (page: string, expected: string) => assert.equal(page, expected);
	check(shown(newestRows(rows, 3)), 'efg +');
	check(shown(rowsBefore(rows, 'e', 3)), 'bcd +');
	check(shown(rowsBefore(rows, 'b', 3)), 'a');
	check(shown(newestRows(rows, 7)), 'abcdefg');
	check(shown(newestRows([], 3)), '');
});

test('before the first row, and before one that is gone, there is nothing', () => {
	assert.equal(shown(rowsBefore(rows, 'a', 3)), '');
	assert.equal(shown(rowsBefore(rows, 'gone', 3)), '');
});
