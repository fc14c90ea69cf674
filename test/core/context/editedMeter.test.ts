/** The meter follows edits of the context and summaries at once: what the next request holds, before any endpoint has counted it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import type { ContextEditItem } from '../../../src/core/context/contextEdits.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { hiddenTokenizer } from './hiddenTokenizer.ts';
import { smallPrefix } from './request.ts';

const prefix = smallPrefix();
const modelInfo = modelInfoFor('claude-opus-5-5');
const words = (bytes: number) => 'some words, '.repeat(Math.ceil(bytes / 12)).slice(0, bytes);
const tokenizer = hiddenTokenizer(
	{ tools: 3, system: 3.2, userText: 3.8, toolResult: 2.8, assistantText: 4, toolUse: 3, thinking: 4.2 },
	4,
);
const measure = (b: EntryBuilder, changes = {}) =>
	measureContext({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 300_000, ...changes });
const used = (b: EntryBuilder) => measure(b).usedTokens;
/** What the endpoint would count for a request now. */
const real = (b: EntryBuilder) =>
	tokenizer.input(buildContext({ branch: b.branch(), prefix, blobs: new Map(), isEndKept: true }));
const edit = (b: EntryBuilder, ...edits: ContextEditItem[]) => b.add({ type: 'contextEdit', edits, cause: 'user' });
const close = (b: EntryBuilder, shareOfChange: number, change: number) => {
	const off = Math.abs(used(b) - real(b));
	assert.ok(off <= shareOfChange * Math.abs(change) + 5, `${used(b)} is not ${real(b)}, after a change of ${change}`);
};

/** Turns against the hidden tokenizer: a prompt, a call with a long result, an answer. Returns the results by turn. */
function scene(turns: number, hasThinking = true) {
	const b = entryBuilder();
	const { id: _, parentId: __, ...draft } = prefix.entry;
	b.add(draft as never);
	const prompts: EntryId[] = [];
	const results: EntryId[] = [];
	const reply = (blocks: Parameters<EntryBuilder['reply']>[0]) => {
		const inputTokens = tokenizer.input(buildContext({ branch: b.branch(), prefix, blobs: new Map() }));
		b.reply(blocks, { usage: { inputTokens, outputTokens: tokenizer.output(blocks) } });
	};
	for (let turn = 0; turn < turns; turn++) {
		prompts.push(b.user(words(300 + 90 * turn)).id);
		const thought = hasThinking ? [thinking(words(500 + 200 * turn))] : [];
		reply([...thought, toolUse(`t${turn}`, 'Read', { path: `src/file${turn}.ts` })]);
		results.push(b.result(`t${turn}`, words(4_000 + 3_000 * turn)).id);
		reply([...thought, text(words(200 + 50 * turn))]);
		b.turnEnded();
	}
	return { b, prompts, results, reply };
}

describe('the meter after an edit', () => {
	it('a folded result counts as its text, at once and before anything was sent', () => {
		const { b, results } = scene(4, false);
		const before = used(b);
		edit(b, { ref: { entry: results[1] as EntryId }, op: 'fold', text: '[Read src/file1.ts]' });
		assert.ok(before - used(b) > 1_500, `${before} to ${used(b)}`);
		close(b, 0.15, before - used(b));
	});
	it('unfold brings the figure back, and so does a rewind to before the edit', () => {
		const { b, results } = scene(4, false);
		const before = measure(b);
		const { leaf } = b;
		const ref = { entry: results[1] as EntryId };
		edit(b, { ref, op: 'fold', text: '[Read]' });
		const folded = b.leaf;
		edit(b, { ref, op: 'unfold' });
		assert.deepEqual(measure(b), before);
		b.rewindTo(folded);
		assert.ok(used(b) < before.usedTokens);
		b.rewindTo(leaf);
		assert.deepEqual(measure(b), before);
	});
	it('thinking that was taken out counts nothing', () => {
		const { b, prompts } = scene(5);
		const before = used(b);
		edit(b, { ref: { entry: prompts[0] as EntryId }, op: 'stripThinking' });
		assert.ok(before - used(b) > 500, `${before} to ${used(b)}`);
		close(b, 0.15, before - used(b));
	});
	it('thinking that the endpoint does not show counts by what its reply came to', () => {
		const b = entryBuilder();
		const prompt = b.user('hi');
		const answer = [thinking(''), text(words(350))];
		b.reply(answer, { usage: { inputTokens: 100, outputTokens: 1_100 } });
		b.turnEnded();
		edit(b, { ref: { entry: prompt.id }, op: 'stripThinking' });
		assert.ok(Math.abs(used(b) - 200) < 10, String(used(b)));
	});
	it('pins change nothing; neither do edits of what is not sent', () => {
		const { b, results } = scene(2);
		edit(b, { ref: { entry: results[0] as EntryId }, op: 'fold', text: 'x' });
		const before = measure(b);
		edit(b, { ref: { entry: results[1] as EntryId }, op: 'pin' });
		assert.deepEqual(measure(b), before);
		b.user('refused');
		const refused = [text('no'), toolUse('r', 'Read', {})];
		b.reply(refused, { stopReason: 'refusal', usage: { inputTokens: 9_000, outputTokens: 50 } });
		const lost = b.result('r', words(5_000));
		b.turnEnded('refusal');
		const refusedAt = used(b);
		edit(b, { ref: { entry: lost.id }, op: 'fold', text: 'x' });
		assert.equal(used(b), refusedAt);
	});
	it('the next reply makes it exact again, and teaches nothing wrong', () => {
		const { b, results, reply } = scene(4);
		edit(
			b,
			{ ref: { entry: results[2] as EntryId }, op: 'drop', text: '[gone]' },
			{ ref: { entry: results[2] as EntryId }, op: 'stripThinking' },
		);
		b.user(words(400));
		reply([text(words(300))]);
		b.turnEnded();
		const measured = measure(b);
		assert.equal(measured.estimatedTokens, 0);
		close(b, 0, 0);
		b.user(words(2_000));
		close(b, 0.15, 2_000 / 3.8);
	});
	it('layers stay whole numbers that add up, none below zero', () => {
		const { b, prompts, results } = scene(3);
		const fold = (entry: EntryId | undefined): ContextEditItem => ({
			ref: { entry: entry as EntryId },
			op: 'fold',
			text: '.',
		});
		edit(b, ...prompts.map(fold), ...results.map(fold), { ref: { entry: prompts[0] as EntryId }, op: 'stripThinking' });
		const { layers, usedTokens } = measure(b);
		assert.equal(
			layers.reduce((sum, { tokens }) => sum + tokens, 0),
			usedTokens,
		);
		assert.ok(layers.every(({ tokens }) => tokens >= 0 && Number.isInteger(tokens)));
	});
	it('what was counted for the very leaf goes on counting', () => {
		const { b, results } = scene(2, false);
		const counted = { leaf: b.leaf, tokens: 20_000 };
		edit(b, { ref: { entry: results[1] as EntryId }, op: 'fold', text: '.' });
		const { usedTokens } = measure(b, { counted });
		assert.ok(usedTokens < 19_000 && usedTokens > 15_000, String(usedTokens));
	});
});

describe('the meter after a summary', () => {
	const compact = (b: EntryBuilder, after: EntryId | null, until: EntryId) =>
		b.add({
			type: 'compaction',
			replaces: { after, until },
			summary: words(900),
			restored: [{ what: 'x', content: { type: 'text', text: words(200) } }],
			pins: [],
			by: 'manual',
			tokensBefore: 2,
			tokensAfter: 1,
		});
	const ends = (b: EntryBuilder) => b.branch().flatMap(({ id, type }) => (type === 'turnEnded' ? [id] : []));
	it('what was kept behind the range counts before the next reply does', () => {
		const { b } = scene(5);
		const before = used(b);
		compact(b, null, ends(b)[1] as EntryId);
		close(b, 0.15, before - real(b));
	});
	it('an edit between counts for what was kept', () => {
		const { b, results } = scene(5, false);
		edit(b, { ref: { entry: results[0] as EntryId }, op: 'fold', text: '[Read]' });
		b.user('more');
		b.reply([text('ok')]);
		b.turnEnded();
		compact(b, ends(b)[1] as EntryId, b.leaf as EntryId);
		const first = used(b);
		close(b, 0.15, 1_400);
		edit(b, { ref: { entry: results[0] as EntryId }, op: 'unfold' });
		assert.ok(used(b) - first > 1_000, `${first} to ${used(b)}`);
		close(b, 0.15, 1_400);
	});
});
