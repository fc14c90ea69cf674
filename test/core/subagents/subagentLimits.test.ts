/** What a turn may cost and how long it may take holds for its agents too: they end with what they have, and the turn asks whether to go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TurnLimits } from '../../../src/core/agent/turnTypes.ts';
import type { PermissionAnswer } from '../../../src/core/permission/permissionRequest.ts';
import { call, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

/** About $0.30 with the model of the fixture. */
const dear = { inputTokens: 100_000 };
const looks = (id: string): ScriptedStep => ({
	blocks: [text(`Step ${id}.`), call('Read', { file_path: 'a.js' }, id)],
	usage: dear,
});

async function scene(limits: Partial<TurnLimits>, verdict: PermissionAnswer['verdict'], names: readonly string[]) {
	const fixture = await createAgentsFixture(
		{
			main: [{ blocks: names.map((name) => agentCall(name)) }, { blocks: [text('Done.')] }],
			agents: Object.fromEntries(
				names.map((name) => [
					name,
					[...[1, 2, 3, 4].map((step) => looks(`${name}${step}`)), { blocks: [text('Report.')] }],
				]),
			),
		},
		{ files: { '/w/a.js': 'one\n' }, permission: async () => ({ verdict }) },
	);
	Object.assign(fixture.ports, { turnLimits: () => ({ steps: null, costUsd: null, minutes: null, ...limits }) });
	await fixture.run('go');
	const last = fixture.session.branch().at(-1);
	return { ...fixture, end: last?.type === 'turnEnded' ? last : undefined };
}

test('an agent ends where its turn’s money does, and the user is asked once', async () => {
	const { results, asked, requests, end, session } = await scene({ costUsd: 0.5 }, 'allowOnce', ['one']);
	const steps = requests('one').length;
	assert.ok(steps >= 1 && steps < 4, String(steps));
	assert.match(
		results()[0] ?? '',
		/^This agent \(general-1\) was ended before it was done: the turn has come to \$0\.50/,
	);
	assert.match(results()[0] ?? '', /The last that it said:\nStep one/);
	assert.deepEqual(
		asked.map(({ tool }) => tool),
		['Turn'],
	);
	assert.equal(end?.reason, 'endTurn');
	assert.equal((await session.history(['subagent'])).find((entry) => entry.end)?.end?.reason, 'limit');
});

test('a no ends the turn; agents beside each other count together', async () => {
	const { results, asked, requests, end, session } = await scene({ costUsd: 0.7 }, 'deny', ['one', 'two']);
	assert.equal(end?.reason, 'stepLimit');
	assert.equal(asked.length, 1);
	assert.equal(results().length, 2);
	assert.ok(requests('one').length + requests('two').length <= 4);
	assert.ok(session.costUsd < 1.5, String(session.costUsd));
});

test('an agent ends where its turn’s time does, not counting what waited for the user', async () => {
	const minute = 60_000;
	const run = async (waitMs: number) => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						looks('time1'),
						() => {
							fixture.clock.advance(2 * minute);
							return { blocks: [text('Asking.'), call('Bash', { command: 'npm test' }, 'b')] };
						},
						() => {
							fixture.clock.advance(2 * minute);
							return looks('time3');
						},
						{ blocks: [text('Report.')] },
					],
				},
			},
			{
				files: { '/w/a.js': 'one\n' },
				permission: async () => {
					fixture.clock.advance(waitMs);
					return { verdict: 'allowOnce' };
				},
			},
		);
		Object.assign(fixture.ports, { turnLimits: () => ({ steps: null, costUsd: null, minutes: 3 }) });
		await fixture.run('go');
		return fixture;
	};
	const fixture = await run(0);
	assert.equal(fixture.requests('one').length, 3);
	assert.match(
		fixture.results()[0] ?? '',
		/^This agent \(general-1\) was ended before it was done: the turn has come to 3 minutes, which is the user’s limit/,
	);
	assert.equal((await fixture.session.history(['subagent'])).find((entry) => entry.end)?.end?.reason, 'limit');
	assert.match(fixture.asked.at(-1)?.target ?? '', /This turn has come to 3 minutes/);
	// The question of an agent is the user's time, as one of the turn's own is.
	assert.equal((await run(60 * minute)).requests('one').length, 3);
});

test('without a limit they work to their end', async () => {
	const { results, requests, asked } = await scene({}, 'deny', ['one']);
	assert.equal(requests('one').length, 5);
	assert.match(results()[0] ?? '', /^Report\./);
	assert.deepEqual(asked, []);
});
