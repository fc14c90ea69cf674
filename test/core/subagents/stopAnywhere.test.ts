/** However and whenever a turn with agents is stopped: every call in every log has exactly one result, and the session goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionClosedError } from '../../../src/base/errors.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { call, text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

const RUNS = Number(process.env.RETRACE_RUNS ?? 60);

function assertPaired(branch: readonly Entry[]): void {
	const calls = branch.flatMap((entry) =>
		entry.type === 'assistant' && isToolUseBlock(entry.block) ? [entry.block.id] : [],
	);
	const results = branch.flatMap((entry) => (entry.type === 'toolResult' ? [entry.toolUseId] : []));
	assert.deepEqual(results.toSorted(), calls.toSorted());
}

test('a stop at any moment leaves every call with its one result, and a session that goes on', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				after: fc.integer({ min: 0, max: 70 }),
				how: fc.constantFrom<'turn' | 'window' | 'one'>('turn', 'window', 'one'),
				maxParallel: fc.integer({ min: 1, max: 3 }),
			}),
			async ({ after, how, maxParallel }) => {
				const agent = (word: string) => [
					{ blocks: [text('Looking.'), call('Read', { file_path: 'a.js' }, `r_${word}`)] },
					{ blocks: [call('Write', { file_path: `${word}.txt`, content: word }, `w_${word}`)] },
					{ blocks: [call('Bash', { command: `echo ${word}` }, `b_${word}`)] },
					{ blocks: [text('Report.')] },
				];
				const fixture = await createAgentsFixture(
					{
						main: [
							{ blocks: [text('I ask two.'), agentCall('one'), agentCall('two')] },
							{ blocks: [text('Done.')] },
							{ blocks: [text('Going on.')] },
						],
						agents: { one: agent('one'), two: agent('two') },
					},
					{ files: { '/w/a.js': 'one\n' }, mode: 'auto', maxParallel },
				);
				const controller = new AbortController();
				// Every entry of any log is a moment.
				let moments = 0;
				const tick = () => {
					if (++moments !== after + 1) return;
					if (how === 'one') fixture.subagents.stop('toolu_agent_one');
					else controller.abort(how === 'window' ? new SessionClosedError() : undefined);
				};
				fixture.session.onDidAppend(tick);
				fixture.subagents.onDidChange((change) => {
					if (change.kind === 'began') change.agent.session.onDidAppend(tick);
				});
				await fixture.run('do it', controller.signal);
				const { session } = fixture;
				assert.equal(session.state, 'idle');
				assertPaired(session.branch());
				assert.equal(fixture.subagents.running.length, 0);
				for (const id of await fixture.logs.list(session.id)) {
					const { branch } = await fixture.conversation(id);
					assertPaired(branch());
					assert.equal(branch().at(-1)?.type, 'turnEnded');
				}
				// A run that began is over, once.
				const runs = await session.history(['subagent']);
				const began = runs.filter(({ toolUseId }) => toolUseId !== undefined).map(({ subagentId }) => subagentId);
				const ended = runs.filter(({ end }) => end).map(({ subagentId }) => subagentId);
				assert.deepEqual(ended.toSorted(), began.toSorted());
				// What was written has its before-image in the session's log.
				const operations = await session.history(['fileOperation']);
				for (const word of ['one', 'two'])
					if (fixture.workspace.text(`/w/${word}.txt`) !== undefined)
						assert.ok(operations.some(({ path, before }) => path.rel === `${word}.txt` && before === 'absent'));
				if (fixture.requests().length > 2) return;
				await fixture.run('go on', new AbortController().signal);
				assertPaired(session.branch());
				assert.equal(session.branch().at(-1)?.type, 'turnEnded');
			},
		),
		{ numRuns: RUNS },
	);
});
