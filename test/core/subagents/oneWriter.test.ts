/** The log of an agent has one writer: whoever begins, or goes on with an agent, has it alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { settleSubagents } from '../../../src/core/subagents/subagents.ts';
import { text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

const never = new AbortController().signal;
const report = (words: string) => ({ blocks: [text(words)] });
const firstLines = (results: readonly string[]) => results.map((result) => result.split('\n', 1)[0]);

test('two that begin at once have ids and logs of their own', async () => {
	const fixture = await createAgentsFixture({
		main: [{ blocks: [agentCall('one'), agentCall('two')] }, report('Done.')],
		agents: { one: [report('Report one.')], two: [report('Report two.')] },
	});
	await fixture.run('do it');
	assert.deepEqual(firstLines(fixture.results()), ['Report one.', 'Report two.']);
	assert.deepEqual(await fixture.logs.list(fixture.session.id), ['general-1', 'general-2']);
	for (const [id, word] of [
		['general-1', 'one'],
		['general-2', 'two'],
	] as const) {
		const { entries } = await fixture.conversation(id);
		assert.equal(entries.filter(({ type }) => type === 'user').length, 1, id);
		assert.match(JSON.stringify(entries), new RegExp(`Report ${word}`));
	}
});

test('an agent that two calls of one reply want to go on goes on once', async () => {
	const fixture = await createAgentsFixture({
		main: [
			{ blocks: [agentCall('one')] },
			{ blocks: [agentCall('again', { resume: 'general-1' }), agentCall('third', { resume: 'general-1' })] },
			report('Done.'),
		],
		agents: { one: [report('First.')], again: [report('Second.')], third: [report('Third.')] },
	});
	await fixture.run('do it');
	assert.deepEqual(firstLines(fixture.results()), [
		'First.',
		'Second.',
		'The agent general-1 still works. Wait for its report.',
	]);
	assert.equal(fixture.requests('third').length, 0);
	const { branch } = await fixture.conversation('general-1');
	assert.equal(branch().filter(({ type }) => type === 'user').length, 2);
	const runs = await fixture.session.history(['subagent']);
	assert.equal(runs.filter(({ end }) => end).length, 2);
	assert.equal(runs.filter(({ toolUseId }) => toolUseId !== undefined).length, 2);
});

test('one that still works is neither gone on with nor settled, and can go on after', async () => {
	const during: Promise<unknown>[] = [];
	const fixture = await createAgentsFixture({
		main: [{ blocks: [agentCall('one')] }, { blocks: [agentCall('again', { resume: 'general-1' })] }, report('Done.')],
		agents: { one: [report('First.')], again: [report('Second.')] },
	});
	const { session, subagents, logs, ports } = fixture;
	const refusals: string[] = [];
	const both = async () => {
		await settleSubagents(session, logs, ports, subagents.running);
		const request = { toolUseId: asToolUseId('toolu_beside'), description: 'd', prompt: 'Do it', resume: 'general-1' };
		const outcome = await subagents.run(request, never);
		refusals.push(JSON.stringify(outcome.content));
	};
	const listening = subagents.onDidChange(({ kind }) => {
		if (kind !== 'began') return;
		listening.dispose();
		during.push(both());
	});
	await fixture.run('do it');
	await Promise.all(during);
	assert.equal(refusals.length, 1);
	assert.match(refusals[0] ?? '', /The agent general-1 still works/);
	assert.deepEqual(firstLines(fixture.results()), ['First.', 'Second.']);
	const ends = (await session.history(['subagent'])).flatMap(({ end }) => (end ? [end.reason] : []));
	assert.deepEqual(ends, ['done', 'done']);
});
