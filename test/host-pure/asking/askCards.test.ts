/** Questions and plans that wait: which answers count, what the panel gets, and that nothing is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AskCards, askRowId } from '../../../src/host/asking/askCards.ts';
import { planAfter, planPreview } from '../../../src/host/transcript/planRow.ts';
import { call } from '../../fakes/scriptedModel.ts';

const question = { header: 'Database', text: 'Which?', options: [{ label: 'A' }, { label: 'B' }], isMulti: false };
const never = () => new AbortController().signal;

test('only what was offered counts as chosen, and the answer must be to all questions', async () => {
	const cards = new AskCards();
	const heard: string[] = [];
	cards.onDidChange((change) => heard.push(change.kind));
	const asked = cards.askQuestions({ toolUseId: 't', questions: [question] }, never());
	assert.equal(cards.rows()[0]?.kind, 'question');
	const id = askRowId('t');
	assert.equal(cards.answer(id, { kind: 'answers', answers: [] }), false);
	assert.equal(cards.answer(id, { kind: 'acceptPlan', mode: 'ask' }), false);
	assert.equal(cards.answer('ask:other', { kind: 'decline' }), false);
	const answers = [{ chosen: ['B', 'made up'], other: ' too ' }];
	assert.equal(cards.answer(id, { kind: 'answers', answers }), true);
	assert.deepEqual(await asked, { kind: 'answered', answers: [{ chosen: ['B'], other: 'too' }] });
	assert.deepEqual([cards.waitingCount, cards.rows(), heard], [0, [], ['asked', 'answered']]);
	assert.equal(cards.answer(id, { kind: 'decline' }), false);
});

test('a stop withdraws; a turn that is stopped already asks nothing', async () => {
	const cards = new AskCards();
	const stop = new AbortController();
	const asked = cards.askQuestions({ toolUseId: 't', questions: [question] }, stop.signal);
	stop.abort();
	await assert.rejects(asked, { name: 'CancelledError' });
	await assert.rejects(cards.presentPlan({ toolUseId: 'p', plan: 'x' }, stop.signal));
	assert.deepEqual([cards.waitingCount, cards.rows()], [0, []]);
});

test('a plan that was rewritten is accepted as it stands; an empty one stays as it was', async () => {
	const cards = new AskCards();
	const ended: string[] = [];
	cards.onDidEndPlan((toolUseId) => ended.push(toolUseId));
	const asked = cards.presentPlan({ toolUseId: 'p', plan: '# A' }, never());
	cards.setPlanText('p', '# B');
	cards.setPlanText('p', '  ');
	assert.deepEqual(cards.rows(), [{ kind: 'plan', id: askRowId('p'), text: '# B', isChanged: true }]);
	cards.answer(askRowId('p'), { kind: 'acceptPlan', mode: 'acceptEdits' });
	assert.deepEqual(await asked, { kind: 'accepted', mode: 'acceptEdits', changedPlan: '# B' });
	assert.deepEqual(ended, ['p']);
	assert.equal(cards.planText('p'), undefined);
});

test('the row of a plan shows it as it was agreed on', () => {
	assert.deepEqual(planPreview(call('Plan', { action: 'present', plan: '# A' })), { preview: '# A', isMarkdown: true });
	for (const other of [call('Plan', { action: 'enter' }), call('Read', { plan: '# A' }), call('Plan', 'x')])
		assert.deepEqual(planPreview(other), {});
	assert.equal(planAfter('# A', 'The user accepted the plan. Plan mode is off.'), '# A');
	const changed = 'The user changed the plan and accepted it. Plan mode is off. This is the plan now:\n\n# B\n\nb';
	assert.equal(planAfter('# A', changed), '# B\n\nb');
	const kept = 'The user wants to keep planning. They say: less\nPlan mode is on. Revise it.';
	assert.match(planAfter('# A', kept), /^# A\n[\s\S]*You said: less$/);
});
