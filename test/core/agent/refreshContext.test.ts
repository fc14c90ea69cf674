/** *Refresh Context*: what it would change and cost is known before, and only the start and earlier thinking change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyRefresh, planRefresh } from '../../../src/core/agent/refreshContext.ts';
import { call, createScriptedModel, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

async function world() {
	let memory = 'Use tabs.';
	const model = createScriptedModel([
		{ blocks: [thinking('hm'), call('Read', { file_path: '/w/a.js' })], usage: { cacheWriteTokens: 20_000 } },
		{ blocks: [thinking('so'), text('one')], usage: { cacheReadTokens: 20_000, cacheWriteTokens: 10_000 } },
		{ blocks: [thinking('new'), text('two')] },
		{ blocks: [text('three')] },
	]);
	const fixture = await createFixture({
		model,
		files: { '/w/a.js': 'export const add = 1;\n' },
		projectContext: () => memory,
	});
	const plan = () => planRefresh(fixture.session, fixture.ports);
	const write = (value: string) => {
		memory = value;
	};
	return { ...fixture, model, plan, write };
}

const code = (expected: string) => (error: unknown) =>
	typeof error === 'object' && error !== null && 'code' in error && error.code === expected;

describe('refreshing the context', () => {
	it('is not needed before the first prompt, or while nothing changed', async () => {
		const { plan, run, session } = await world();
		await assert.rejects(plan, code('nothing-frozen'));
		await run('p');
		const entries = session.entries.length;
		await assert.rejects(plan, code('nothing-changed'));
		assert.equal(session.entries.length, entries);
	});
	it('says what changes, and what it costs by how warm the cache is', async () => {
		const { plan, run, write, clock } = await world();
		await run('p');
		write('Use spaces.');
		const warm = await plan();
		assert.deepEqual(warm.changes, ['The project context changed: CLAUDE.md.']);
		assert.ok(warm.isCacheWarm);
		// Reading would cost a tenth; writing costs a quarter more than the price.
		assert.ok(warm.rewrittenTokens > 25_000, `${warm.rewrittenTokens}`);
		const perToken = 3 / 1_000_000;
		assert.ok((warm.extraUsd ?? 0) >= warm.rewrittenTokens * perToken * 1.1, `${warm.extraUsd}`);
		assert.ok((warm.extraUsd ?? 0) <= warm.rewrittenTokens * perToken * 2);
		clock.advance(10 * 60_000);
		const start = await plan();
		assert.ok(start.isCacheWarm && (start.extraUsd ?? 0) > 0);
		assert.ok((start.extraUsd ?? 0) < (warm.extraUsd ?? 0), 'the conversation is written again in any case');
		assert.ok(start.rewrittenTokens < warm.rewrittenTokens);
		clock.advance(60 * 60_000);
		const cold = await plan();
		assert.equal(cold.isCacheWarm, false);
		assert.equal(cold.extraUsd, 0);
	});
	it('brings the new text in, leaves the conversation and leaves out earlier thinking', async () => {
		const { plan, run, write, session, model } = await world();
		await run('p');
		write('Use spaces.');
		await applyRefresh(session, await plan());
		await assert.rejects(plan, code('nothing-changed'));
		await run('q');
		const [, before, after] = model.requests;
		assert.match(JSON.stringify(after?.system), /Use spaces/);
		assert.match(JSON.stringify(before?.messages), /"thinking":"hm"/);
		assert.doesNotMatch(JSON.stringify(after?.messages), /"type":"thinking"/);
		assert.match(JSON.stringify(after?.messages), /export const add = 1/);
		// It is in the start now, so nobody is told of it once more.
		assert.doesNotMatch(JSON.stringify(after?.messages), /Use spaces/);
		await run('r');
		assert.match(JSON.stringify(model.requests[3]?.messages), /"thinking":"new"/);
	});
	it('is not applied at another place than it was shown for', async () => {
		const { plan, run, write, session } = await world();
		await run('p');
		write('Use spaces.');
		const shown = await plan();
		await run('q');
		await assert.rejects(applyRefresh(session, shown), code('conversation-moved'));
	});
	it('has no price where none is known', async () => {
		const { plan, run, write, session } = await world();
		session.setModel('local/llama');
		await run('p');
		write('Use spaces.');
		assert.equal((await plan()).extraUsd, null);
	});
});
