/** What a session says when the prompt cache did not hold what it should. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CachedModel, createCachedModel } from '../../fakes/cachedModel.ts';
import { call, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const MINUTE_MS = 60_000;

/** Every turn reads a file of some thousand tokens, then answers. */
async function world() {
	let model: CachedModel | undefined;
	const fixture = await createFixture({
		model: (clock) => {
			model = createCachedModel(clock as typeof clock & { advance(ms: number): void }, (index) =>
				index % 2 === 0 ? [call('Read', { file_path: '/w/a.js' }, `toolu_${index}`)] : [text('It adds.')],
			);
			return model;
		},
		files: { '/w/a.js': 'export const add = (a, b) => a + b;\n'.repeat(300) },
		limits: { autoCompact: false },
	});
	if (!model) throw new Error('no model');
	const notes = () =>
		fixture.session.entries.flatMap((entry) =>
			entry.type === 'notice' && entry.code === 'cache-miss' ? [entry.text.replace(/^About [\d,]+ tokens/, '…')] : [],
		);
	return { ...fixture, model, notes };
}

const LOST = '… were not in the prompt cache any more.';

describe('a miss of the prompt cache', () => {
	it('is not found where the cache holds what was sent', async () => {
		const { run, clock, notes } = await world();
		for (const turn of [1, 2, 3]) {
			clock.advance(2 * MINUTE_MS);
			await run(`turn ${turn}`);
		}
		assert.deepEqual(notes(), []);
	});
	it('is explained once, by the time that passed', async () => {
		const { run, clock, notes, session } = await world();
		await run('one');
		clock.advance(20 * MINUTE_MS);
		await run('two');
		assert.deepEqual(notes(), [`${LOST} More than five minutes passed since the last request.`]);
		await run('three');
		clock.advance(90 * MINUTE_MS);
		await run('four');
		assert.deepEqual(notes().slice(1), [`${LOST} More than an hour passed since the last request.`]);
		// It is nothing that the model gets to see.
		assert.ok(session.branch().every(({ type }) => type !== 'notice'));
	});
	it('is explained by what changed', async () => {
		const { run, notes, session } = await world();
		await run('one');
		const result = session.branch().find(({ type }) => type === 'toolResult');
		if (result?.type !== 'toolResult') throw new Error('nothing was read');
		const ref = { entry: result.id, toolUseId: result.toolUseId };
		await run('two');
		session.append({ type: 'contextEdit', edits: [{ ref, op: 'fold', text: '[folded]' }], cause: 'test' });
		await run('three');
		assert.deepEqual(notes(), [`${LOST} An earlier tool result was folded.`]);
		session.setModel('claude-opus-5-5');
		await run('four');
		assert.deepEqual(notes().slice(1), [`${LOST} The model changed from claude-sonnet-5-5 to claude-opus-5-5.`]);
	});
	it('is put down to the endpoint when nothing changed', async () => {
		const { run, model, notes } = await world();
		await run('one');
		model.forget();
		await run('two');
		assert.deepEqual(notes(), [`${LOST} Nothing that was sent before has changed; the endpoint no longer held it.`]);
	});
	it('is no matter after a rewind: what is left of the conversation is still held', async () => {
		const { run, notes, session } = await world();
		for (const turn of [1, 2, 3]) await run(`turn ${turn}`);
		const third = session.branch().findLast(({ type }) => type === 'user');
		session.append({ type: 'rewind', to: third?.parentId ?? null, from: session.leaf, why: 'rewind' });
		await run('another third turn');
		assert.deepEqual(notes(), []);
	});
});
