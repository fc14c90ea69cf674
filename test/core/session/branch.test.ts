import assert from 'node:assert/strict';
import { test } from 'node:test';
import { branchTo, leafOf } from '../../../src/core/session/branch.ts';
import { type Entry, parseEntry } from '../../../src/core/session/entry.ts';
import { line } from './sessionSupport.ts';

const entriesOf = (...lines: string[]): Entry[] => lines.map((text) => parseEntry(JSON.parse(text)));
const idsTo = (entries: Entry[]) =>
	branchTo(new Map(entries.map((entry) => [entry.id, entry])), leafOf(entries)).map((entry) => entry.id);

test('the leaf is the last conversation entry or the target of the last rewind', () => {
	const check = (lines: string[], expected: string[]) => assert.deepEqual(idsTo(entriesOf(...lines)), expected);
	const head = line('h', null, 'header');
	check([], []);
	check([head], []);
	check([head, line('a', null, 'user'), line('b', 'a', 'reminder')], ['a', 'b']);
	check([line('a', null, 'user'), line('b', 'a', 'reminder'), line('r', 'b', 'rewind', { to: 'a' })], ['a']);
	check([line('a', null, 'user'), line('r', 'a', 'rewind', { to: null })], []);
	check([line('a', null, 'user'), line('r', 'a', 'rewind', { to: null }), line('b', null, 'user')], ['b']);
	// A ledger entry moves nothing, one of an unknown type neither.
	check([line('a', null, 'user'), line('t', 'a', 'title', { title: 't', by: 'user' })], ['a']);
	check([line('a', null, 'user'), line('x', 'a', 'fromTheFuture')], ['a']);
	check([line('a', null, 'user'), line('x', 'a', 'fromTheFuture', { conversation: true })], ['a', 'x']);
	check([line('a', null, 'user'), line('x', 'a', 'interrupted', { reason: 'stop' })], ['a', 'x']);
});

test('a late entry is never the leaf, and a late rewind moves nothing', () => {
	const taken = [line('a', null, 'user'), line('b', 'a', 'reminder', { gen: 2 })];
	assert.deepEqual(idsTo(entriesOf(...taken, line('c', 'a', 'reminder', { gen: 1 }))), ['a', 'b']);
	assert.deepEqual(idsTo(entriesOf(...taken, line('r', 'a', 'rewind', { gen: 1, to: null }))), ['a', 'b']);
	assert.deepEqual(idsTo(entriesOf(...taken, line('c', 'b', 'reminder', { gen: 2 }))), ['a', 'b', 'c']);
	// A switch to the late branch is the user's choice.
	const late = line('c', 'a', 'reminder', { gen: 1 });
	assert.deepEqual(idsTo(entriesOf(...taken, late, line('r', 'b', 'rewind', { gen: 2, to: 'c' }))), ['a', 'c']);
});

test('a rewind to an entry that is not there is passed over', () => {
	assert.deepEqual(idsTo(entriesOf(line('a', null, 'user'), line('r', 'a', 'rewind', { to: 'gone' }))), ['a']);
});

test('a missing parent is bridged by what was the leaf then', () => {
	const entries = entriesOf(
		line('a', null, 'user'),
		line('b', 'a', 'reminder'),
		line('r', 'b', 'rewind', { to: 'a' }),
		line('d', 'damaged', 'reminder'),
		line('e', 'd', 'reminder'),
	);
	assert.deepEqual(idsTo(entries), ['a', 'd', 'e']);
});

test('a cycle ends the way', () => {
	assert.deepEqual(idsTo(entriesOf(line('a', 'b', 'user'), line('b', 'a', 'reminder'))), ['a', 'b']);
	assert.deepEqual(idsTo(entriesOf(line('a', 'a', 'user'))), ['a']);
});
