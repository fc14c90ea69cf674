/** With a new start of the requests, what was thought on the old one is left out. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { applySummary, draftSummary } from '../../../src/core/agent/compact.ts';
import { createScriptedModel, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

/** A summary of the second turn; the first one stays. */
async function summarizedFromSecond(memoryAfter: string) {
	let memory = 'Use tabs.';
	const model = createScriptedModel([
		{ blocks: [thinking('kept'), text('one')] },
		{ blocks: [thinking('gone'), text('two')] },
		{ blocks: [text('<summary>Two was said.</summary>')] },
		{ blocks: [text('three')] },
	]);
	const { session, ports, run } = await createFixture({ model, projectContext: () => memory });
	await run('first');
	await run('second');
	memory = memoryAfter;
	const prompt = session.branch().findLast(({ type }) => type === 'user');
	if (!prompt) throw new Error('no prompt');
	const signal = new AbortController().signal;
	const wish = { scope: { kind: 'from', prompt: prompt.id }, by: 'partial' } as const;
	const draft = await draftSummary(session, wish, ports, () => undefined, signal);
	await applySummary(session, draft, draft.summary, ports);
	await run('third');
	return JSON.stringify(model.requests.at(-1)?.messages);
}

it('a summary keeps the thinking before it while the start stays', async () => {
	const messages = await summarizedFromSecond('Use tabs.');
	assert.match(messages, /"thinking":"kept"/);
	assert.doesNotMatch(messages, /"thinking":"gone"/);
});

it('a summary that brings changed memory files in leaves out the thinking before it', async () => {
	const messages = await summarizedFromSecond('Use spaces.');
	assert.doesNotMatch(messages, /"type":"thinking"/);
	assert.match(messages, /"text":"one"/);
	assert.match(messages, /Two was said/);
});
