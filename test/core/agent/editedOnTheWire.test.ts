/** Edits of the context through the real client against the strict stand-in: no rule is broken, and the next request is what the plan said. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { MICROCOMPACTION } from '../../../src/core/agent/microcompact.ts';
import { applyEdits, planEdits } from '../../../src/core/context/planEdits.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { createFixture } from './turnFixture.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});

const TTL_MS = 5 * 60_000;
const files = Object.fromEntries(
	['a', 'b', 'c', 'd'].map((name, index) => [
		`/w/${name}`,
		`a line of ${name} that is long\n`.repeat(500 + 100 * index),
	]),
);

/** Four turns, each with a thought, a read, a thought and an answer; then answers alone. */
async function scene() {
	let now = () => 0;
	const read = (name: string) => ({
		blocks: [{ thinking: `I want ${name}.` }, { tool: 'Read', input: { file_path: name } }],
	});
	const answer = { blocks: [{ thinking: 'It is long, as I see, and says little.' }, { text: 'It says little.' }] };
	const turns = ['a', 'b', 'c', 'd'].flatMap((name) => [read(name), answer]);
	const api = await startMessagesApi({
		script: [...turns, answer, answer, answer],
		seed: 5,
		now: () => now(),
	});
	opened.push(api);
	const fixture = await createFixture({
		files,
		mode: 'auto',
		model: (clock) =>
			createAnthropicModel({ baseUrl: api.url, apiKeyHeader: 'authorization', apiKey: async () => 'test-key', clock }),
	});
	now = () => fixture.clock.now();
	for (const name of ['a', 'b', 'c', 'd']) await fixture.run(`Read ${name}`);
	const results = fixture.session.branch().flatMap(({ id, type }) => (type === 'toolResult' ? [id] : []));
	const plan = (entry: EntryId | undefined, op: 'fold' | 'unfold' | 'drop' = 'fold') =>
		planEdits(fixture.session, [{ ref: { entry: entry as EntryId }, op }], fixture.ports);
	const usage = () => {
		const used = api.requests.findLast((request) => request.usage !== undefined)?.usage;
		assert.ok(used);
		return {
			written: used.cache_creation_input_tokens,
			all: used.cache_creation_input_tokens + used.cache_read_input_tokens + used.input_tokens,
		};
	};
	return { ...fixture, api, results, plan, usage };
}

/** What the next request is without any edit. */
async function unedited() {
	const { run, usage } = await scene();
	await run('And?');
	return usage();
}

for (const [where, index] of [
	['far back', 0],
	['in the newest turn', 3],
] as const) {
	test(`a result folded ${where}: tokens and what is written anew are as planned`, async () => {
		const control = await unedited();
		const { results, plan, session, run, usage, api } = await scene();
		const draft = plan(results[index]);
		assert.equal(draft.isCacheWarm, true);
		await applyEdits(session, draft);
		await run('And?');
		assert.deepEqual(api.violations, []);
		const real = usage();
		const freed = draft.tokensBefore - draft.tokensAfter;
		const near = (said: number, was: number, of: number) => Math.abs(said - was) <= 0.15 * of + 20;
		assert.ok(near(freed, control.all - real.all, freed), `${freed} freed is not ${control.all - real.all}`);
		const anew = Math.max(0, real.written - control.written);
		assert.ok(near(draft.rewrittenTokens, anew, anew), `${draft.rewrittenTokens} written is not ${anew}`);
		if (index === 0) assert.ok(draft.rewrittenTokens > 5_000, 'nearly all of it');
		else assert.ok(draft.rewrittenTokens < 500, 'only what follows it');
	});
}

test('folded, unfolded, dropped over several turns: thinking is always bound to what is sent', async () => {
	const { results, plan, session, run, api } = await scene();
	await applyEdits(session, plan(results[1]));
	await run('And?');
	await applyEdits(session, plan(results[1], 'unfold'));
	await applyEdits(session, plan(results[2], 'drop'));
	await run('And now?');
	assert.deepEqual(api.violations, []);
	const { leaf } = session;
	const edit = session.branch().find(({ type }) => type === 'contextEdit');
	session.append({ type: 'rewind', to: edit?.parentId ?? null, from: leaf, why: 'rewind' });
	await run('Once more?');
	assert.deepEqual(api.violations, []);
	const ends = session.branch().flatMap((entry) => (entry.type === 'turnEnded' ? [entry.reason] : []));
	assert.deepEqual(new Set(ends), new Set(['endTurn']));
});

test('after the time to live old results are folded by themselves, and the stand-in takes the request', async () => {
	const { session, run, api, clock, usage } = await scene();
	clock.advance(TTL_MS);
	await run('And?');
	const edit = session.branch().find((entry) => entry.type === 'contextEdit');
	assert.ok(edit?.type === 'contextEdit' && edit.cause === MICROCOMPACTION);
	assert.equal(edit.edits.filter(({ op }) => op === 'fold').length, 2, 'the results of the last two turns stay');
	assert.deepEqual(api.violations, []);
	assert.ok(usage().all < (await unedited()).all - 4_000);
	await run('And on?');
	assert.deepEqual(api.violations, []);
	assert.equal(session.branch().filter(({ type }) => type === 'contextEdit').length, 1);
});
