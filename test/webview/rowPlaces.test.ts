/** Which rows of a long list are in sight, and how far to scroll to one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf, rowsInSight, scrollTo } from '../../webview/context/rowPlaces.ts';

const places = placesOf([20, 40, 40, 20, 40]);

test('rows that touch the window, with spare ones on each side', () => {
	assert.deepEqual([...places], [0, 20, 60, 100, 120, 160]);
	assert.deepEqual(rowsInSight(places, 0, 50, 0), { from: 0, to: 2 });
	assert.deepEqual(rowsInSight(places, 60, 41, 0), { from: 2, to: 4 });
	assert.deepEqual(rowsInSight(places, 60, 41, 1), { from: 1, to: 5 });
	assert.deepEqual(rowsInSight(places, 1_000, 50, 0), { from: 4, to: 5 });
	assert.deepEqual(rowsInSight(placesOf([]), 0, 50, 3), { from: 0, to: 0 });
});

test('scrolls no further than it must, and keeps a heading above in sight', () => {
	assert.equal(scrollTo(places, 2, 50, 100), 50);
	assert.equal(scrollTo(places, 4, 0, 100), 60);
	assert.equal(scrollTo(places, 1, 60, 100), 20);
	assert.equal(scrollTo(places, 1, 60, 100, 20), 0);
});
