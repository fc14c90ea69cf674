/** Counts without a reply (`count` entries), and what is known of a prefix from the requests that were counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asSha256, type EntryId } from '../../../src/base/ids.ts';
import { countDue, type MeterInput, measureContext } from '../../../src/core/context/meter.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../../fakes/entries.ts';
import { smallPrefix } from './request.ts';

const modelInfo = modelInfoFor('claude-opus-5-5');
const other = modelInfoFor('claude-haiku-5-5');
const inputOf = (b: EntryBuilder, changes: Partial<MeterInput> = {}): MeterInput => ({
	...{ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 300_000 },
	...changes,
});
const used = (b: EntryBuilder, changes: Partial<MeterInput> = {}) => measureContext(inputOf(b, changes)).usedTokens;
const words = (bytes: number) => 'some words, '.repeat(Math.ceil(bytes / 12)).slice(0, bytes);

/** What its parts come to at 3.5 bytes a token. */
const PREFIX_TOKENS = 4_000;
const ref = (size: number) => ({ $blob: asSha256('a'.repeat(64)), size, mediaType: 'application/json', head: '' });
const parts = { tools: ref(10_000), system: ref(3_000), context: ref(1_000) };
const { id: _, parentId: __, ...prefixDraft } = smallPrefix(parts).entry;

/** One turn, counted at the bytes a token that are expected anyway. */
function session(promptBytes: number): EntryBuilder {
	const b = entryBuilder();
	b.add(prefixDraft as never);
	b.user(words(promptBytes));
	const inputTokens = PREFIX_TOKENS + Math.round(promptBytes / 3.5);
	b.reply([text('yes')], { usage: { inputTokens, outputTokens: 10 } });
	b.turnEnded();
	return b;
}
const compaction = (b: EntryBuilder, summary: string) =>
	b.add({
		type: 'compaction',
		replaces: { after: null, until: b.leaf as EntryId },
		summary,
		restored: [],
		pins: [],
		by: 'manual',
		tokensBefore: 0,
		tokensAfter: 0,
	});
const count = (b: EntryBuilder, tokens: number, model = modelInfo.id) => b.add({ type: 'count', tokens, model });

describe('a count without a reply', () => {
	it('is asked for soon after a summary, is exact from then on, and what comes after it is added', () => {
		const b = session(700);
		assert.equal(countDue(inputOf(b)), undefined);
		compaction(b, words(350));
		assert.equal(countDue(inputOf(b)), 'soon');
		count(b, 4_134);
		assert.equal(used(b), 4_134);
		assert.equal(measureContext(inputOf(b)).estimatedTokens, 0);
		assert.equal(countDue(inputOf(b)), undefined);
		b.user(words(350));
		assert.ok(Math.abs(used(b) - 4_234) < 15, String(used(b)));
		b.reply([text('yes')], { usage: { inputTokens: 4_245, outputTokens: 10 } });
		assert.equal(used(b), 4_255);
	});
	it('says nothing about another branch', () => {
		const b = session(700);
		const turn = b.leaf;
		compaction(b, words(350));
		count(b, 4_134);
		b.rewindTo(turn);
		assert.equal(used(b), 4_210);
	});
	it('is the same after the log was read again', () => {
		const b = session(700);
		compaction(b, words(350));
		count(b, 4_134);
		b.user(words(900));
		assert.deepEqual(measureContext(inputOf(b, { entries: structuredClone(b.entries) })), measureContext(inputOf(b)));
	});
	it('is due when idle after much was added that nobody counted, and not for a few words', () => {
		const b = session(7_000);
		b.user('And?');
		assert.equal(countDue(inputOf(b)), undefined);
		b.reply([toolUse('t1', 'Read', {})], { usage: { inputTokens: 6_020, outputTokens: 10 } });
		b.result('t1', words(20_000));
		b.turnEnded('stopped');
		assert.equal(countDue(inputOf(b)), 'idle');
	});
	it('of a reply that is cut off is not asked for', () => {
		const b = session(700);
		b.user('And?');
		b.reply([text(words(4_000))], { stopReason: null });
		assert.equal(countDue(inputOf(b)), undefined);
	});
	it('counts for a session that was rewound to its very beginning', () => {
		const b = session(700);
		b.rewindTo(null);
		count(b, 3_990);
		assert.equal(used(b), 3_990);
		b.user(words(350));
		assert.ok(Math.abs(used(b) - 4_090) < 10, String(used(b)));
	});
});

describe('another model', () => {
	it('is counted soon, and its tokens are its own', () => {
		const b = session(700);
		const changes = { modelInfo: other };
		assert.equal(countDue(inputOf(b, changes)), 'soon');
		assert.equal(measureContext(inputOf(b, changes)).estimatedTokens, 4_210);
		count(b, 1_600, other.id);
		assert.equal(used(b, changes), 1_600);
		assert.equal(countDue(inputOf(b, changes)), undefined);
	});
	it('does not teach the ratios of the first one', () => {
		const b = session(700);
		b.user(words(3_500));
		const before = used(b);
		const turn = b.leaf;
		b.add({ ...prefixDraft, model: other.id } as never);
		b.user(words(3_500));
		b.reply([text('yes')], { usage: { inputTokens: 9_000, outputTokens: 10 } });
		b.rewindTo(turn);
		assert.equal(used(b), before);
	});
});

describe('a prefix that was sent', () => {
	it('is known from the first request but for its prompt', () => {
		const b = entryBuilder();
		b.add(prefixDraft as never);
		b.user(words(35));
		// Denser than expected by half.
		b.reply([text('yes')], { usage: { inputTokens: 6_015, outputTokens: 10 } });
		b.rewindTo(null);
		assert.ok(Math.abs(used(b) - 6_000) < 5, String(used(b)));
	});
	it('is known better the less came with it', () => {
		const b = session(35_000);
		b.rewindTo(null);
		count(b, 4_321);
		b.user(words(70));
		compaction(b, '');
		assert.ok(Math.abs(used(b) - 4_321) < 10, String(used(b)));
	});
});

describe('the forecast', () => {
	it('goes on with the pace of before a summary', () => {
		const b = entryBuilder();
		b.add(prefixDraft as never);
		for (let turn = 1; turn <= 4; turn++) {
			b.user('x');
			b.reply([text('y')], { usage: { inputTokens: 1_000 + turn * 10_000, outputTokens: 0 } });
			b.turnEnded();
		}
		compaction(b, words(350));
		const { turnsLeft, triggerTokens, usedTokens } = measureContext(inputOf(b));
		assert.equal(turnsLeft, Math.floor((triggerTokens - usedTokens) / 10_000));
	});
});
