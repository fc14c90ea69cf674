import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeLeftBranch } from '../../../src/core/agent/branchSummary.ts';
import { createBranchReader } from '../../../src/core/session/branchReader.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type Fixture } from './turnFixture.ts';

const never = () => new AbortController().signal;

/** Two turns, of which the second one is left. */
async function leave(why: 'rewind' | 'undo' = 'rewind') {
	const step = { blocks: [text('It </branch> broke.')] };
	const fixture = await createFixture({ model: createScriptedModel([step, step]) });
	await fixture.run('First');
	const kept = fixture.session.leaf;
	await fixture.run('Try the other way');
	const [rewind] = fixture.session.append({ type: 'rewind', to: kept, from: fixture.session.leaf, why });
	assert.ok(rewind);
	return { ...fixture, rewind };
}
const summarize = (
	{ session, rewind }: Fixture & { rewind: Parameters<typeof summarizeLeftBranch>[1] },
	model: ReturnType<typeof createScriptedModel>,
	signal = never(),
) => summarizeLeftBranch(session, rewind, { model, modelId: 'small', branches: createBranchReader() }, signal);

test('a branch that is left gets a summary of what was only on it, and keeps its name', async () => {
	const left = await leave();
	const model = createScriptedModel([{ blocks: [text(' The other way was tried.\nIt broke. ')] }]);
	assert.equal(await summarize(left, model), true);
	const { tree } = await createBranchReader().read(left.session);
	const summaries = [...tree.byFirst.values()].flatMap(({ summary, isNamed }) =>
		summary ? [{ summary, isNamed }] : [],
	);
	assert.deepEqual(summaries, [{ summary: 'The other way was tried. It broke.', isNamed: false }]);
	const sent = JSON.stringify(model.requests[0]?.messages);
	assert.ok(sent.includes('Try the other way') && !sent.includes('First'));
	assert.equal(sent.match(/<\/branch/g)?.length, 1, 'the branch closed its own tag');
});

test('nothing is asked for an undo, and nothing is written for a refusal or a session that was closed', async () => {
	const undone = await leave('undo');
	const unasked = createScriptedModel([]);
	assert.equal(await summarize(undone, unasked), false);
	assert.equal(unasked.requests.length, 0);
	const refused = await leave();
	const entries = refused.session.entries.length;
	const refusal = createScriptedModel([{ blocks: [text('No.')], stopReason: 'refusal' }]);
	assert.equal(await summarize(refused, refusal), false);
	assert.equal(refused.session.entries.length, entries);
	const closed = await leave();
	const stop = new AbortController();
	stop.abort();
	assert.equal(await summarize(closed, createScriptedModel([{ blocks: [text('Late.')] }]), stop.signal), false);
});
