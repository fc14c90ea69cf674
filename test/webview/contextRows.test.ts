/** The rows of the context dialog: headings in the order of sending, none by size, and a filter over all that is said of an item. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsFor, listRows, nameOfAll } from '../../webview/context/contextRows.ts';
import { contextMessage } from './harness/contextSamples.ts';
import { meter } from './harness/samples.ts';

const message = contextMessage(meter);
const items = message.kind === 'context' ? message.list.items : [];
const labels = (sort: 'order' | 'size', filter: string) =>
	listRows(items, sort, filter).map((row) => (row.kind === 'group' ? `# ${row.label} ${row.tokens}` : row.item.label));

test('in order, under headings with their sums', () => {
	const rows = labels('order', '');
	assert.deepEqual(
		rows.filter((row) => row.startsWith('#')),
		[
			'# Tools 1630',
			'# System prompt 1660',
			'# Project context 4100',
			'# 3 turns ago 1900',
			'# 2 turns ago 16860',
			'# Newest turn 7332',
		],
	);
	assert.equal(rows.length, items.length + 6);
});

test('by size, without headings; positions count items only', () => {
	const rows = listRows(items, 'size', '');
	assert.ok(rows.every((row) => row.kind === 'item'));
	assert.equal(labels('size', '')[0], 'Bash npm test');
	assert.deepEqual(
		listRows(items, 'order', '').flatMap((row) => (row.kind === 'item' ? [row.position] : [])),
		items.map((_, index) => index + 1),
	);
});

test('every word of the filter counts: names, kinds, ages and marks', () => {
	assert.deepEqual(labels('size', 'shapes superseded'), ['Read src/shapes.js']);
	assert.deepEqual(labels('size', 'memory file'), ['packages/geometry/CLAUDE.md', 'AGENTS.md']);
	assert.deepEqual(labels('size', '3 turns'), ['The user wants guards in all shape functions; area is done.']);
	assert.deepEqual(labels('order', 'no such thing'), []);
});

test('an operation is offered for the items that take it', () => {
	assert.deepEqual(idsFor(items, 'unfold'), ['r2']);
	assert.equal(nameOfAll(items.slice(0, 2)), '2 items, 1,150 tokens');
	assert.equal(nameOfAll(items.slice(0, 1)), 'Bash');
});
