/** Words of export and import. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { ageText, importReport, safeFileName, sizeText } from '../../../src/host/transfer/transferTexts.ts';

test('a title becomes a name that every file system takes', () => {
	assert.equal(safeFileName('Fix a/b: "why?" <now>\n'), 'Fix a b why now');
	assert.equal(safeFileName('../..'), 'session');
	assert.equal(safeFileName('con'), 'session');
	assert.equal(safeFileName('x'.repeat(300)).length, 80);
});

test('the report adds up what was left out of all', () => {
	const one = (title: string, leftOut: readonly { what: string; count: number }[]) => ({
		id: asSessionId('x'),
		title,
		entries: [],
		agents: [],
		outputs: new Map(),
		source: '',
		leftOut,
	});
	assert.equal(importReport([one('A', [])]), 'Imported “A”.');
	const lines = { what: 'unreadable lines', count: 2 };
	assert.equal(
		importReport([one('A', [lines]), one('B', [lines, { what: 'repeated lines', count: 1 }])]),
		'Imported 2 sessions. Left out: unreadable lines (4), repeated lines (1).',
	);
});

test('ages and sizes are short', () => {
	const hourMs = 3_600_000;
	assert.deepEqual(
		[0, 90_000, 5 * hourMs, 24 * hourMs, 72 * hourMs].map((ageMs) => ageText(0, ageMs)),
		['just now', '1 min ago', '5 h ago', '1 day ago', '3 days ago'],
	);
	assert.deepEqual([500, 2048, 3_500_000].map(sizeText), ['500 B', '2 KB', '3.3 MB']);
});
