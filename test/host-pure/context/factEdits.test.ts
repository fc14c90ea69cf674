/** Facts of a session for the panel, and the user's changes as entries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeFact, panelFacts, placeOfFact } from '../../../src/host/context/factEdits.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createScriptedModel } from '../../fakes/scriptedModel.ts';

test('a fact is added, worded anew, pinned and deleted, each by one entry, and its price is told', async () => {
	const { session } = await createFixture({ model: createScriptedModel([]) });
	const shown = () => panelFacts(session, () => true);
	const words = { factKind: 'constraint', topic: ' release ', text: 'Never on\na Friday' } as const;
	await changeFact(session, { op: 'add', ...words });
	assert.deepEqual(shown().facts, [
		{
			id: 'f1',
			kind: 'constraint',
			topic: 'release',
			text: 'Never on a Friday',
			isPinned: false,
			isOwn: true,
			canOpen: false,
		},
	]);
	assert.ok(shown().pendingTokens > 10);
	await changeFact(session, { op: 'change', id: 'f1', ...words, text: 'Never on a weekend' });
	await changeFact(session, { op: 'pin', id: 'f1' });
	assert.deepEqual(
		shown().facts.map(({ text, isPinned }) => [text, isPinned]),
		[['Never on a weekend', true]],
	);
	await assert.rejects(changeFact(session, { op: 'add', ...words, text: ' \n ' }), { code: 'empty-fact' });
	await assert.rejects(changeFact(session, { op: 'delete', id: 'f7' }), { code: 'no-such-fact' });
	assert.throws(() => placeOfFact(session, 'f1'), { code: 'no-such-fact' });
	await changeFact(session, { op: 'delete', id: 'f1' });
	assert.deepEqual(shown(), { facts: [], pendingTokens: 0 });
	assert.equal(session.entries.filter(({ type }) => type === 'factEdit').length, 4);
});
