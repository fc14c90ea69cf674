/** What an edit does and costs, said before it is made; and what is refused, with what to do instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits, type EditWish, planEdits } from '../../../src/core/context/planEdits.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { call, createScriptedModel, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const long = `${'line of a file\n'.repeat(2_000)}`;
const used = (tokens: number) => ({ usage: { inputTokens: tokens, outputTokens: 50 } });

/** Two turns: a long read and an answer, then one more answer; the model thinks each time. */
async function scene() {
	const model = createScriptedModel([
		{ blocks: [thinking('a'.repeat(400)), call('Read', { file_path: 'a' }, 'r1')], ...used(3_000) },
		{ blocks: [thinking('b'.repeat(400)), text('It is long.')], ...used(13_000) },
		{ blocks: [thinking('c'.repeat(400)), text('Yes.')], ...used(13_100) },
		{ blocks: [text('On.')], ...used(13_200) },
	]);
	const fixture = await createFixture({ model, files: { '/w/a': long } });
	await fixture.run('Read a');
	await fixture.run('Sure?');
	const { session, ports } = fixture;
	const entryOf = (is: (entry: Entry) => boolean) => {
		const entry = session.branch().find(is);
		assert.ok(entry);
		return entry.id;
	};
	const result = entryOf(({ type }) => type === 'toolResult');
	const plan = (wish: Partial<EditWish> & Pick<EditWish, 'ref'>) =>
		planEdits(session, [{ op: 'fold', ...wish }], ports);
	return { ...fixture, model, result, entryOf, plan };
}

test('what it takes away, what it costs now and what each later request saves', async () => {
	const { session, plan, result, ports, run, model } = await scene();
	const draft = plan({ ref: { entry: result } });
	assert.equal(draft.tokensBefore, 13_150);
	assert.ok(draft.tokensAfter < 5_000, String(draft.tokensAfter));
	assert.equal(draft.strippedThinking, 2, 'the thought before the call stays');
	assert.deepEqual(
		draft.edits.map(({ op }) => op),
		['fold', 'stripThinking'],
	);
	assert.match(draft.edits[0]?.text ?? '', /^\[Read a: the result was folded to make room\. Call it again .*\]$/);
	assert.equal(draft.isCacheWarm, true);
	// The prompt before the read is still found in the cache, so only what follows it is written anew.
	assert.ok(draft.rewrittenTokens > 0 && draft.rewrittenTokens < 1_000, String(draft.rewrittenTokens));
	assert.ok(draft.nowUsd !== null && Math.abs(draft.nowUsd) < 0.01, String(draft.nowUsd));
	const saved = ((draft.tokensBefore - draft.tokensAfter) * 0.1 * 3) / 1_000_000;
	assert.ok(draft.savedUsd !== null && Math.abs(draft.savedUsd - saved) < 1e-9);
	assert.equal(session.branch().filter(({ type }) => type === 'contextEdit').length, 0, 'nothing is appended yet');

	const entry = await applyEdits(session, draft);
	assert.equal(entry.cause, 'user');
	await run('And?');
	const sent = JSON.stringify(model.requests.at(-1)?.messages);
	assert.doesNotMatch(sent, /line of a file/);
	assert.match(sent, /the result was folded/);
	assert.match(sent, /aaaa/);
	assert.doesNotMatch(sent, /bbbb|cccc/);
	// Brought back, it costs what it takes to write it again.
	const back = planEdits(session, [{ ref: { entry: result }, op: 'unfold' }], ports);
	assert.ok(back.tokensAfter > back.tokensBefore + 5_000);
	assert.ok(back.nowUsd !== null && back.nowUsd > 0.01, String(back.nowUsd));
	assert.equal(back.savedUsd, 0);
});

test('with a cold cache it costs nothing: all is written anew in any case', async () => {
	const { plan, result, clock, session } = await scene();
	const first = session.branch()[0]?.id;
	assert.ok(first);
	const warm = plan({ ref: { entry: first }, op: 'drop' });
	assert.ok(warm.rewrittenTokens > 5_000 && (warm.nowUsd ?? 0) > 0, JSON.stringify(warm));
	clock.advance(5 * 60_000);
	const cold = plan({ ref: { entry: result } });
	assert.equal(cold.isCacheWarm, false);
	assert.equal(cold.rewrittenTokens, 0);
	assert.ok((cold.nowUsd ?? 1) < 0, 'there is less to write');
});

test('after a change of the model the cache is cold, and an unknown price is not guessed', async () => {
	const { plan, result, session } = await scene();
	session.setModel('somebodys-own');
	const draft = plan({ ref: { entry: result } });
	assert.equal(draft.isCacheWarm, false);
	assert.equal(draft.nowUsd, null);
	assert.equal(draft.savedUsd, null);
});

test('what was edited since the last request is paid for already', async () => {
	const { plan, result, session, entryOf } = await scene();
	const first = entryOf(({ type }) => type === 'user');
	await applyEdits(session, plan({ ref: { entry: first }, text: 'Read it' }));
	const draft = plan({ ref: { entry: result } });
	assert.equal(draft.rewrittenTokens, 0);
	assert.ok((draft.nowUsd ?? 1) < 0);
});

test('a batch is one entry, the last wish for a part counts, and what is so already is left out', async () => {
	const { session, result, entryOf, ports } = await scene();
	const prompt = entryOf(({ type }) => type === 'user');
	const draft = planEdits(
		session,
		[
			{ ref: { entry: result }, op: 'fold', text: 'one' },
			{ ref: { entry: result }, op: 'drop', text: 'two' },
			{ ref: { entry: result }, op: 'pin' },
			{ ref: { entry: prompt }, op: 'unfold' },
		],
		ports,
		{ cause: 'test' },
	);
	assert.deepEqual(
		draft.edits.map(({ op, text }) => [op, text]),
		[
			['drop', 'two'],
			['pin', undefined],
			['stripThinking', undefined],
		],
	);
	const entry = await applyEdits(session, draft);
	assert.equal(entry.cause, 'test');
	assert.throws(() => planEdits(session, [{ ref: { entry: result }, op: 'pin' }], ports), {
		code: 'nothing-to-change',
	});
});

test('a pin alone changes no token and no thinking', async () => {
	const { plan, result } = await scene();
	const draft = plan({ ref: { entry: result }, op: 'pin' });
	assert.equal(draft.tokensAfter, draft.tokensBefore);
	assert.equal(draft.strippedThinking, 0);
	assert.equal(draft.rewrittenTokens, 0);
	assert.equal(draft.nowUsd, 0);
});

test('refused: half a pair, thinking, a summary, what is not there, and in the middle of a turn', async () => {
	const { session, plan, result, entryOf, ports } = await scene();
	const call = entryOf((entry) => entry.type === 'assistant' && isToolUseBlock(entry.block));
	const thought = entryOf((entry) => entry.type === 'assistant' && entry.block.type === 'thinking');
	assert.throws(() => plan({ ref: { entry: call }, op: 'drop' }), { code: 'half-a-pair' });
	assert.throws(() => plan({ ref: { entry: thought } }), { code: 'not-editable' });
	const draft = plan({ ref: { entry: result } });
	session.setState('streaming');
	assert.throws(() => plan({ ref: { entry: result } }), { code: 'turn-unfinished' });
	session.setState('idle');
	const before = session.leaf;
	session.append({ type: 'user', content: [{ type: 'text', text: 'more' }] });
	await assert.rejects(applyEdits(session, draft), { code: 'conversation-moved' });
	session.append({
		type: 'assistant',
		messageId: 'm',
		index: 0,
		block: { type: 'tool_use', id: 't' as never, name: 'Read', input: {} },
	});
	assert.throws(() => plan({ ref: { entry: result } }), { code: 'turn-unfinished' });
	session.append({ type: 'rewind', to: before, from: session.leaf, why: 'rewind' });
	assert.ok(before);
	const [summary] = session.append({
		type: 'compaction',
		replaces: { after: null, until: before },
		summary: 's',
		restored: [],
		pins: [],
		by: 'manual',
		tokensBefore: 1,
		tokensAfter: 1,
	});
	assert.ok(summary);
	assert.throws(() => plan({ ref: { entry: result } }), { code: 'not-in-context' });
	assert.throws(() => plan({ ref: { entry: summary.id }, op: 'drop' }), { code: 'summary-stays' });
	assert.equal(planEdits(session, [{ ref: { entry: summary.id }, op: 'fold', text: 'x' }], ports).edits.length, 1);
});
