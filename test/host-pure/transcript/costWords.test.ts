/** What a turn and a session cost, as it is said; a price that is not known is never a zero. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_COST, PRICES, sessionCost, turnCostNote, withReply } from '../../../src/host/transcript/costWords.ts';
import { replay } from '../../../src/host/transcript/replay.ts';
import { type EntryBuilder, entryBuilder, text } from '../../fakes/entries.ts';

const INPUTS = {
	label: () => ({ verb: 'Run', target: '' }),
	blobText: () => undefined,
	diff: () => [],
} as unknown as Parameters<typeof replay>[2];

function turnEnd(b: EntryBuilder) {
	const row = replay(b.entries, b.branch(), INPUTS).rows(false).at(-1);
	if (row?.kind !== 'turnEnd') throw new Error(`the last row is ${row?.kind}`);
	return row;
}

const USAGE = { inputTokens: 100, cacheReadTokens: 900 };

describe('the end of a turn', () => {
	it('says what it cost, how much of it was read from the cache, and of when the prices are', () => {
		const b = entryBuilder();
		b.user('p');
		b.reply([text('one')], { usage: USAGE, costUsd: 0.25 });
		b.reply([text('two')], { usage: USAGE, costUsd: 0.5 });
		b.turnEnded();
		const { costUsd, costNote, cacheNote } = turnEnd(b);
		assert.equal(costUsd, 0.75);
		assert.equal(costNote, `2 requests, 90 % of the input read from the cache. $0.75. ${PRICES}.`);
		assert.match(PRICES, /list prices.* as of 20\d\d-\d\d-\d\d$/);
		assert.equal(cacheNote, undefined);
	});
	it('does not take an unknown price for nothing', () => {
		const b = entryBuilder();
		b.user('p');
		b.reply([text('one')], { usage: USAGE, costUsd: null, model: 'local/llama' });
		b.turnEnded();
		const { costUsd, costNote } = turnEnd(b);
		assert.equal(costUsd, null);
		assert.match(costNote ?? '', /The price of local\/llama is not known\.$/);
		assert.doesNotMatch(costNote ?? '', /\$/);
	});
	it('says why the cache did not hold, of its own turn only and in no row of its own', () => {
		const b = entryBuilder();
		b.user('p');
		b.reply([text('one')]);
		b.add({ type: 'notice', level: 'info', code: 'cache-miss', text: 'The model changed.' });
		b.turnEnded();
		assert.equal(turnEnd(b).cacheNote, 'The model changed.');
		assert.ok(
			replay(b.entries, b.branch(), INPUTS)
				.rows(false)
				.every(({ kind }) => kind !== 'notice'),
		);
		b.user('q');
		b.reply([text('two')]);
		b.turnEnded();
		assert.equal(turnEnd(b).cacheNote, undefined);
	});
});

describe('a session', () => {
	const sessionOf = (...replies: readonly { readonly model?: string; readonly costUsd: number | null }[]) => {
		const b = entryBuilder();
		b.user('p');
		for (const reply of replies) b.reply([text('one')], { usage: USAGE, ...reply });
		const known = replies.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
		return sessionCost(b.entries, known, replies.at(-1)?.model ?? 'claude-opus-5-5');
	};
	it('says the sum, and the share of all input that was read from the cache', () => {
		const cost = sessionOf({ costUsd: 0.2 }, { costUsd: 0.3 });
		assert.equal(cost.costText, '$0.50');
		assert.equal(cost.costNote, `${PRICES}.`);
		assert.equal(cost.sessionCacheShare, 0.9);
	});
	it('says what is not in the sum', () => {
		const unknown = { model: 'local/llama', costUsd: null };
		assert.equal(sessionOf({ costUsd: 0.2 }, unknown).costText, '$0.20 and more');
		assert.match(
			sessionOf(unknown, unknown).costNote,
			/Without 2 replies of local\/llama, whose price is not known\.$/,
		);
		assert.equal(sessionOf(unknown).costText, 'price not known');
		assert.equal(sessionCost([], 0, 'local/llama').costText, 'price not known');
		assert.equal(sessionCost([], 0, 'claude-opus-5-5').costText, '$0.00');
		assert.equal(sessionCost([], 0, 'retrace-demo').costText, '$0.00');
		assert.equal(sessionCost([], 0, 'claude-opus-5-5').sessionCacheShare, null);
	});
	it('follows what is appended, and counts anew what was loaded before it', () => {
		const b = entryBuilder();
		b.user('p');
		b.reply([text('one')], { usage: USAGE, costUsd: null, model: 'a' });
		const { entries } = b;
		assert.match(sessionCost(entries, 0, 'a').costNote, /1 reply/);
		b.reply([text('two')], { usage: USAGE, costUsd: null, model: 'a' });
		assert.match(sessionCost(entries, 0, 'a').costNote, /2 replies/);
		const older = entryBuilder();
		older.user('o');
		older.reply([text('zero')], { usage: USAGE, costUsd: null, model: 'a' });
		entries.unshift(...older.entries);
		assert.match(sessionCost(entries, 0, 'a').costNote, /3 replies/);
	});
	it('is empty before the first reply', () => {
		assert.equal(turnCostNote(NO_COST), '');
		const b = entryBuilder();
		b.reply([text('one')], { costUsd: 0 });
		const ended = b.entries.at(-1);
		if (ended?.type !== 'assistantEnded') throw new Error('no reply');
		assert.match(turnCostNote(withReply(NO_COST, ended)), /^1 request\. \$0\./);
	});
});
