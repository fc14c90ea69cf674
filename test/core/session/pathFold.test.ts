// A fold that keeps what it knows says the same as one that begins anew, whatever rows of one tree are asked for, and looks at each entry once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/session/entry.ts';
import { foldEntries } from '../../../src/core/session/pathFold.ts';
import { entryBuilder } from '../../fakes/entries.ts';

const entriesOf = (count: number): readonly Entry[] => {
	const b = entryBuilder();
	for (let index = 0; index < count; index++) b.user(`prompt ${index}`);
	return b.entries;
};
const idsOf = (row: readonly Entry[]) => row.map((entry, index) => `${index} ${entry.id}`);
const append = (ids: readonly string[], entry: Entry, index: number) => [...ids, `${index} ${entry.id}`];

test('each entry is looked at once', () => {
	const entries = entriesOf(50);
	let looks = 0;
	const count = foldEntries(0, (sum) => {
		looks++;
		return sum + 1;
	});
	for (let length = 0; length <= entries.length; length++) assert.equal(count(entries.slice(0, length)), length);
	assert.equal(count(entries), 50);
	assert.equal(looks, 50);
});

test('rows that grow, are cut, branch off and get a longer beginning', () => {
	const entries = entriesOf(12);
	fc.assert(
		fc.property(fc.array(fc.subarray([...entries]), { maxLength: 12 }), (rows) => {
			const fold = foldEntries<readonly string[]>([], append);
			for (const row of rows) {
				for (let length = 0; length <= row.length; length++) {
					const part = row.slice(0, length);
					// Paths of a tree: what stands at a place of a length, and begins alike, has one way to it.
					if (isPath(part)) assert.deepEqual(fold(part), idsOf(part));
				}
			}
		}),
	);
	/** Of a tree in which each entry has one parent in each row that begins at the same entry. */
	function isPath(row: readonly Entry[]): boolean {
		const start = row[0] ? entries.indexOf(row[0]) : 0;
		return row.every((entry, index) => entries.indexOf(entry) === start + index);
	}
});
