import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery, type SearchQuery } from '../../../src/core/search/query.ts';

const NOW = new Date(2026, 10, 20, 15, 30).getTime();
const day = (year: number, month: number, date: number) => new Date(year, month - 1, date).getTime();
const query = (typed: string): SearchQuery => {
	const parsed = parseQuery(typed, NOW);
	assert.equal(parsed.kind, 'query', typed);
	return parsed.kind === 'query' ? parsed.query : assert.fail();
};

test('nothing typed is nothing asked', () => {
	assert.deepEqual(parseQuery('  ', NOW), { kind: 'empty' });
});

test('smart case: an upper-case letter of any script makes it exact', () => {
	assert.equal(query('needle').isCaseSensitive, false);
	assert.equal(query('Needle').isCaseSensitive, true);
	assert.equal(query('ärger').isCaseSensitive, false);
	assert.equal(query('Ärger').isCaseSensitive, true);
	assert.equal(query('日本語 1').isCaseSensitive, false);
	assert.equal(query('x tool:Bash').isCaseSensitive, false);
});

test('filters', () => {
	assert.equal(query('tool:Bash').tool, 'bash');
	assert.equal(query('is:ERROR').isError, true);
	assert.equal(query('x in:trash').place, 'trash');
	assert.equal(query('file:"a b.ts"').file, 'a b.ts');
	assert.equal(query('x after:2026-11-02').afterMs, day(2026, 11, 2));
	assert.equal(query('x before:2026-11').beforeMs, day(2026, 11, 1));
	assert.equal(query('x before:2027').beforeMs, day(2027, 1, 1));
	assert.equal(query('x after:today').afterMs, day(2026, 11, 20));
	assert.equal(query('x after:yesterday').afterMs, day(2026, 11, 19));
	assert.equal(query('x after:2w').afterMs, day(2026, 11, 6));
});

test('an invalid filter says what would be valid', () => {
	const table: readonly (readonly [string, RegExp])[] = [
		['x is:wrong', /is:error/],
		['x in:attic', /in:trash/],
		['x after:soon', /2026-11-20/],
		['x before:2026-02-30', /not a date/],
		['x before:', /needs a date/],
		['file:', /path/],
		['tool:', /name of a tool/],
		['in:trash', /Add a word/],
		['x after:2026-05-02 before:2026-05-01', /Change one/],
	];
	for (const [typed, message] of table) {
		const parsed = parseQuery(typed, NOW);
		assert.equal(parsed.kind, 'invalid', typed);
		assert.match(parsed.kind === 'invalid' ? parsed.message : '', message);
	}
});
