/** The row of a compaction: what it is called and why it was made, for each way of making room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryFields } from '../../../src/core/session/entry.ts';
import { compactedItem } from '../../../src/host/transcript/compactedItem.ts';
import { entryBuilder } from '../../fakes/entries.ts';

function rowOf(fields: Partial<EntryFields<'compaction'>>) {
	const entries = entryBuilder();
	const { id } = entries.user('Hello');
	const entry = entries.add({
		type: 'compaction',
		replaces: { after: null, until: id },
		summary: 'S',
		restored: [],
		pins: [],
		by: 'auto',
		tokensBefore: 170_000,
		tokensAfter: 12_000,
		...fields,
	});
	return compactedItem(entry);
}

test('the row says by whom and why', () => {
	const words = (fields: Partial<EntryFields<'compaction'>>) => {
		const { title, cause } = rowOf(fields);
		return `${title}; ${cause}`;
	};
	assert.equal(words({ lineTokens: 167_000 }), 'Summarized to make room; the line at 167k was reached');
	assert.equal(words({}), 'Summarized to make room; the line was reached');
	assert.equal(words({ by: 'forced' }), 'Summarized to make room; the next request might not have fitted');
	assert.equal(
		words({ by: 'manual', focus: 'prices' }),
		'Conversation summarized; you asked for it, with the focus on “prices”',
	);
	assert.match(
		words({ strategy: 'rollingWindow', lineTokens: 167_000 }),
		/^Older turns left out to make room; the line at 167k/,
	);
	assert.match(words({ strategy: 'selective' }), /^Less important parts left out/);
});

test('facts stand with their topic', () => {
	const row = rowOf({
		facts: [
			{ id: 'f1', kind: 'decision', topic: 'storage', text: 'Use SQLite', by: 'model' },
			{ id: 'f2', kind: 'cause', topic: '', text: 'It was full', by: 'user' },
		],
	});
	assert.deepEqual(row.facts, ['storage: Use SQLite', 'It was full']);
});
