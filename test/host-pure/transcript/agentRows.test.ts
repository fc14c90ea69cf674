import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentLanes, type LaneChange } from '../../../src/host/session/agentLanes.ts';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { agentCall, createAgentsFixture, hanging } from '../../core/subagents/subagentFixture.ts';
import { call, text } from '../../fakes/scriptedModel.ts';

const inputs = createTranscriptInputs(
	() => undefined,
	(path) => path,
);

type Fixture = Awaited<ReturnType<typeof createAgentsFixture>>;
const transcript = ({ session }: Fixture, isRunning = false) =>
	replay(session.entries, session.branch(), inputs).rows(isRunning);
const lanes = (fixture: Fixture, isRunning = false) =>
	transcript(fixture, isRunning).flatMap((row) => (row.kind === 'tool' && row.agent ? [row.agent] : []));

describe('rows of agents', () => {
	test('tell how each run was over, what it came to and how many files it changed', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [
					{ blocks: [agentCall('one'), agentCall('two', { agent_type: 'explore' })] },
					{ blocks: [text('Done.')] },
				],
				agents: {
					one: [
						{ blocks: [call('Write', { file_path: 'b.js', content: 'x' })] },
						{ blocks: [call('Write', { file_path: 'c.js', content: 'x' }, 'toolu_c')] },
						{ blocks: [text('Report.')] },
					],
					two: [hanging(() => void fixture.subagents.stop('toolu_agent_two'))],
				},
			},
			{ files: {} },
		);
		await fixture.run('do it');
		assert.deepEqual(
			lanes(fixture).map(({ name, agentId, state, steps, changedFiles }) => [
				name,
				agentId,
				state,
				steps,
				changedFiles,
			]),
			[
				['general', 'general-1', 'done', 3, 2],
				['explore', 'explore-1', 'stopped', 0, 0],
			],
		);
		// What it did besides stands in its own log: no row of the session tells it.
		assert.deepEqual(
			transcript(fixture).map(({ kind }) => kind),
			['prompt', 'tool', 'tool', 'answer', 'turnEnd'],
		);
	});

	test('of one that a crash cut off say so, and of one that waited that it did not run', async () => {
		const fixture = await createAgentsFixture({ main: [] });
		const { session } = fixture;
		session.append(
			{ type: 'user', content: [text('do it')] },
			{ type: 'assistant', messageId: 'm', index: 0, block: agentCall('one') },
			{ type: 'assistant', messageId: 'm', index: 1, block: agentCall('two') },
		);
		session.append({ type: 'toolStarted', toolUseId: agentCall('one').id });
		session.append({
			...{ type: 'subagent', subagentId: 'general-1', name: 'general', prompt: 'x', toolUseId: agentCall('one').id },
		});
		assert.deepEqual(
			lanes(fixture, true).map(({ state }) => state),
			['running', 'waiting'],
		);
		assert.deepEqual(
			lanes(fixture).map(({ state }) => state),
			['interrupted', 'interrupted'],
		);
	});

	test('show the diff that an agent asks about, and take it back when its agent is over', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						{ blocks: [call('Write', { file_path: 'b.js', content: 'x' }, 'toolu_b')] },
						{ blocks: [text('Report.')] },
					],
				},
			},
			{ mode: 'ask', files: {} },
		);
		let asked: ReturnType<typeof transcript> = [];
		fixture.session.onDidAppend((entry) => {
			if (entry.type === 'editProposed') asked = transcript(fixture, true);
		});
		await fixture.run('do it');
		const card = asked.find(({ id }) => id === 'toolu_b');
		assert.ok(card?.kind === 'edit');
		assert.deepEqual([card.state, card.path, card.isNewFile, card.agent], ['proposed', 'b.js', true, 'general-1']);
		const after = transcript(fixture).find(({ id }) => id === 'toolu_b');
		assert.equal(after?.kind === 'edit' ? after.state : '', 'applied');
	});
});

describe('a lane', () => {
	test('tells what its agent does now, and shows what it did while it is open', async () => {
		let lane: LaneChange[] = [];
		const seen: string[] = [];
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [{ blocks: [text('Looking.'), call('Read', { file_path: 'a.js' })] }, { blocks: [text('Two lines.')] }],
				},
			},
			{ files: { '/w/a.js': 'one\n' } },
		);
		const changes = new AgentLanes(fixture.session, inputs, (id) =>
			transcript(fixture, true).find((row) => row.id === id),
		);
		changes.readFrom(fixture.logs);
		changes.follow(fixture.subagents);
		changes.onDidChange((change) => {
			lane.push(change);
			if (change.kind === 'growing' && change.item.kind === 'tool') seen.push(change.item.agent?.step ?? '');
		});
		await fixture.run('do it');
		assert.ok(seen.includes('Read a.js') && seen.includes('Thinking'), seen.join());
		lane = [];
		await changes.show('toolu_agent_one', true);
		const rows = lane.flatMap((change) => (change.kind === 'agentRows' ? [change.rows] : []));
		assert.deepEqual(
			rows.map(({ id, items }) => [id, items.map(({ kind }) => kind)]),
			[['toolu_agent_one', ['prompt', 'answer', 'tool', 'answer']]],
		);
		changes.dispose();
	});
});
