/** What an agent's turn stands on: what guards the session guards it as well, and what steers the session is not its to use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interceptor } from '../../../src/core/agent/interceptors.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import { createParentAsks, portsOfSubagent } from '../../../src/core/subagents/subagentPorts.ts';
import { createWaitingLine } from '../../../src/core/subagents/waitingLine.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

test('interceptors and hooks of the session stand before its calls, and no service that asks or steers is there', async () => {
	const { session, ports } = await createFixture({ model: createScriptedModel([]) });
	const check: Interceptor = { name: 'Check' };
	const service = {} as never;
	const own = { subagents: service, asking: service, modes: service, tasks: service, symbols: service };
	const hooks = { list: () => [], run: service, transcriptPath: '', life: { isStarted: true } };
	const parent: TurnPorts = { ...ports, interceptors: [check], hooks, services: { sessionId: session.id, ...own } };
	const made = portsOfSubagent(parent, {
		...{ id: 'a-1', session, model: ports.modelInfo(), asks: createParentAsks(session), isFork: false },
		definition: { name: 'own', description: 'd', source: 'project', prompt: 'p' },
		writers: createWaitingLine(() => 1),
	});
	assert.deepEqual(
		made.interceptors?.map(({ name }) => name),
		['agent', 'Check'],
	);
	assert.deepEqual(Object.keys(made.services ?? {}).sort(), ['sessionId', 'symbols']);
	assert.deepEqual(made.hooks?.agent, { id: 'a-1', type: 'own' });
	assert.equal(made.rules, parent.rules, 'its permissions are the session’s');
});

test('what an agent left in the background is asked about under its name, and moves the session to no other state', async () => {
	const { session, ports, asked } = await createFixture({ model: createScriptedModel([]) });
	const made = portsOfSubagent(ports, {
		...{ id: 'own-1', session, model: ports.modelInfo(), asks: createParentAsks(session), isFork: false },
		definition: { name: 'own', description: 'd', source: 'project', prompt: 'p' },
		writers: createWaitingLine(() => 1),
	});
	const before = session.state;
	const request = { toolUseId: 't', tool: 'Bash', target: 'new.test', cause: 'It waits' };
	await made.lastingApprover?.askPermission(request, new AbortController().signal);
	assert.deepEqual([asked[0]?.agent, session.state], ['own-1', before]);
});

test('what the user allowed for the session holds for its agents, and a wider mode of a file does not', async () => {
	const make = (id: string) => ({ blocks: [call('Bash', { command: 'npm test' }, id)] });
	const fixture = await createAgentsFixture(
		{
			main: [make('m1'), { blocks: [agentCall('one', { agent_type: 'wild' })] }, { blocks: [text('Done.')] }],
			agents: {
				one: [make('a1'), { blocks: [call('Bash', { command: 'make all' }, 'a2')] }, { blocks: [text('Ran.')] }],
			},
		},
		{
			mode: 'ask',
			permission: async ({ rule }) => ({ verdict: rule?.includes('npm') ? 'alwaysAllow' : 'deny' }),
			definitions: [{ name: 'wild', description: 'd', source: 'project', prompt: 'p', mode: 'auto' }],
		},
	);
	await fixture.run('do it');
	assert.deepEqual(
		fixture.asked.map(({ target, agent }) => [target, agent]),
		[
			['npm test', undefined],
			['make all', 'wild-1'],
		],
	);
	assert.deepEqual(fixture.commands, ['npm test', 'npm test']);
});
