/** Which files belong to the end of a branch: what was there when the conversation left it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentAt, differencesBetween, epochOf } from '../../../src/core/checkpoint/branchFiles.ts';
import { readTimeline } from '../../../src/core/checkpoint/timeline.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { detailsOf, type HandMadeLog, handMadeLog, id, outlineOf } from '../session/branchesSupport.ts';

const hash = (letter: string) => letter.repeat(64);
const ref = (letter: string) => ({ $blob: hash(letter), size: 1, mediaType: 'text/plain' });
const restore = (log: HandMadeLog, name: string, parentId: string, safety: number, fields = {}) =>
	log.add(name, parentId, 'restore', { plan: ref('0'), files: [], safety, ...fields });
const epochAt = (entries: readonly Entry[], at: string | null) =>
	epochOf(outlineOf(entries), detailsOf(entries), at === null ? null : id(at));

test('the end of a branch has the files of the moment it was left, before the restore that went with it', () => {
	const log = handMadeLog().prompt('p1', null).prompt('p2', 'p1').edit('f1', 'p2', 'a', 1).edit('f2', 'p2', 'a', 2);
	assert.equal(epochAt(log.entries, 'p2'), 2);
	restore(log, 's1', 'p2', 2).edit('f3', 'p2', 'a', 3).rewind('w1', 'p2', 'p1', { restore: 's1' });
	assert.equal(epochAt(log.entries, 'p2'), 2);
	assert.equal(epochAt(log.entries, 'p1'), 0);
	log.prompt('p3', 'p1').edit('f4', 'p3', 'a', 4);
	assert.equal(epochAt(log.entries, 'p3'), 4);
	assert.equal(epochAt(log.entries, 'p2'), 2);
	// Back to the first one, and on from there.
	restore(log, 's2', 'p3', 4).edit('f5', 'p3', 'a', 5).rewind('w2', 'p3', 'p2', { restore: 's2', why: 'switch' });
	assert.deepEqual([epochAt(log.entries, 'p2'), epochAt(log.entries, 'p3')], [2, 4]);
	// What changes there now belongs to it.
	log.edit('f6', 'p2', 'b', 6);
	assert.deepEqual([epochAt(log.entries, 'p2'), epochAt(log.entries, 'p3')], [6, 4]);
});

test('a switch of the conversation alone leaves the files, so they belong to both', () => {
	const log = handMadeLog().prompt('p1', null).edit('f1', 'p1', 'a', 1).rewind('w1', 'p1', null).prompt('p2', null);
	log.edit('f2', 'p2', 'a', 2);
	assert.deepEqual([epochAt(log.entries, 'p1'), epochAt(log.entries, 'p2')], [1, 2]);
	// A look at the other one without its files.
	log.rewind('w2', 'p2', 'p1', { why: 'switch' }).rewind('w3', 'p1', 'p2', { why: 'switch' });
	assert.deepEqual([epochAt(log.entries, 'p1'), epochAt(log.entries, 'p2')], [1, 2]);
});

test('files that were restored on their own belong to the branch they were restored on', () => {
	const log = handMadeLog().prompt('p1', null).edit('f1', 'p1', 'a', 1);
	restore(log, 's1', 'p1', 1).edit('f2', 'p1', 'a', 2).rewind('w1', 'p1', null);
	assert.equal(epochAt(log.entries, 'p1'), 2);
});

test('an undone rewind changes nothing about the files of either end', () => {
	const log = handMadeLog().prompt('p1', null).prompt('p2', 'p1').edit('f1', 'p2', 'a', 1);
	restore(log, 's1', 'p2', 1).edit('f2', 'p2', 'a', 2).rewind('w1', 'p2', 'p1', { restore: 's1' });
	restore(log, 's2', 'p1', 2, { undoOf: 's1' }).edit('f3', 'p1', 'a', 3).rewind('w2', 'p1', 'p2', { why: 'undo' });
	assert.deepEqual([epochAt(log.entries, 'p1'), epochAt(log.entries, 'p2')], [0, 1]);
});

test('what was written late never had files of its own', () => {
	const log = handMadeLog().add('p1', null, 'user', { gen: 2 }).add('p2', 'p1', 'user', { gen: 1 });
	assert.equal(epochAt(log.entries, 'p2'), undefined);
	assert.equal(epochAt(log.entries, null), 0);
});

test('differences hold what the user did before the next operation, and leave out what is the same', () => {
	const log = handMadeLog().prompt('p1', null);
	const edit = (epoch: number, rel: string, before: string, after: string) =>
		log
			.edit(`f${epoch}`, 'p1', rel, epoch, { before: before === '' ? 'absent' : ref(before), after: hash(after) })
			.add(`d${epoch}`, 'p1', 'fileOperationDone', { epoch, after: hash(after) });
	edit(1, 'new', '', 'a');
	edit(2, 'b', 'b', 'c');
	edit(3, 'new', 'd', 'e');
	edit(4, 'b', 'c', 'b');
	const timeline = readTimeline(log.entries);
	const [operations = []] = [...timeline.values()];
	assert.deepEqual(
		[0, 1, 2, 3].map((epoch) => contentAt(operations, epoch).charAt(0)),
		// `absent` before the first operation.
		['a', 'd', 'd', 'e'],
	);
	assert.deepEqual(
		differencesBetween(timeline, 0, 4).map((one) => [one.file.rel, one.left.charAt(0), one.right.charAt(0)]),
		[['new', 'a', 'e']],
	);
	assert.deepEqual(
		differencesBetween(timeline, 2, 3).map((one) => [one.file.rel, one.left.charAt(0), one.right.charAt(0)]),
		[['new', 'd', 'e']],
	);
});
