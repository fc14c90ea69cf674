import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planAgentUndo } from '../../../src/core/checkpoint/restorePlan.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import { settleSubagents } from '../../../src/core/subagents/subagents.ts';
import { call, text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture, hanging } from './subagentFixture.ts';

const edit = (file: string, from: string, to: string, id = `toolu_edit_${file}`) =>
	call('Edit', { file_path: file, old_string: from, new_string: to }, id);

describe('an agent', () => {
	test('works on a log of its own, and only its report comes back', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						{ blocks: [text('Looking.'), call('Read', { file_path: 'a.js' })] },
						{ blocks: [text('There are two lines.')] },
					],
				},
			},
			{ files: { '/w/a.js': 'one\ntwo\n' } },
		);
		await fixture.run('do it');
		const [result] = fixture.results();
		assert.match(result ?? '', /^There are two lines\.\n\n\[agent general-1\./);
		const agent = await fixture.conversation('general-1');
		assert.deepEqual(
			agent.branch().map(({ type }) => type),
			['user', 'assistant', 'assistant', 'assistantEnded', 'toolResult', 'assistant', 'assistantEnded', 'turnEnded'],
		);
		assert.ok(agent.entries.every(({ agentId }) => agentId === 'general-1'));
		// The session holds no word of it but the call and the report.
		const words = JSON.stringify(fixture.session.branch());
		assert.ok(!words.includes('Looking.'));
		// Its own system prompt, and nothing of the conversation.
		const [first] = fixture.requests('one');
		assert.match(first?.system.map((block) => block.text).join('\n') ?? '', /You are a helper agent of Retrace/);
		assert.ok(!JSON.stringify(first?.messages).includes('do it'));
		assert.deepEqual(
			first?.tools.map(({ cache_control: _mark, ...tool }) => tool),
			fixture.requests()[0]?.tools.map(({ cache_control: _mark, ...tool }) => tool),
		);
	});

	test('is in the log of the session, and flushed, before anything is sent for it', async () => {
		let flushed = 0;
		let known: readonly string[] | undefined;
		const fixture = await createAgentsFixture({
			main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
			agents: {
				one: [
					() => {
						const entries = fixture.session.entries.slice(0, flushed);
						known ??= entries.flatMap((entry) => (entry.type === 'subagent' ? [entry.subagentId] : []));
						return { blocks: [text('Report.')] };
					},
				],
			},
		});
		const sync = fixture.session.sync.bind(fixture.session);
		Object.assign(fixture.session, {
			async sync() {
				const count = fixture.session.entries.length;
				await sync();
				flushed = count;
			},
		});
		await fixture.run('do it');
		assert.deepEqual(new Set(known), new Set(['general-1']));
	});

	test('is in the log with what it cost, which counts to the session and not to its context', async () => {
		const fixture = await createAgentsFixture({
			main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
			agents: { one: [{ blocks: [text('Report.')], usage: { inputTokens: 100_000 } }] },
		});
		await fixture.run('do it');
		const entries = await fixture.session.history(['subagent']);
		const end = entries.find((entry) => entry.end)?.end;
		assert.equal(end?.reason, 'done');
		assert.equal(end?.steps, 1);
		assert.ok((end?.costUsd ?? 0) > 0.1);
		assert.ok(fixture.session.costUsd > (end?.costUsd ?? 0));
		assert.equal(entries[0]?.toolUseId, 'toolu_agent_one');
		assert.equal(entries[0]?.description, 'Task one');
	});

	test('has its edits in the log of the session, by its id, with before-images', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						{ blocks: [call('Read', { file_path: 'a.js' })] },
						{ blocks: [edit('a.js', 'one', 'ONE')] },
						{ blocks: [text('Changed.')] },
					],
				},
			},
			{ files: { '/w/a.js': 'one\n' } },
		);
		await fixture.run('do it');
		assert.equal(fixture.workspace.text('/w/a.js'), 'ONE\n');
		const [operation] = await fixture.session.history(['fileOperation']);
		assert.equal(operation?.agentId, 'general-1');
		assert.equal(operation?.author, 'subagent');
		assert.equal(operation?.toolUseId, 'toolu_edit_a.js');
		assert.ok(typeof operation?.before === 'object');
		const [done] = await fixture.session.history(['fileOperationDone']);
		assert.equal(done?.epoch, operation?.epoch);
		// Announced before it was written, below the call that started it.
		assert.equal(fixture.session.find(operation?.parentId as never)?.type, 'assistantEnded');
	});

	test('that only reads may not write, whatever the mode, and says so to its model', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one', { agent_type: 'explore' })] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						{ blocks: [call('Write', { file_path: 'b.js', content: 'x' }), call('Bash', { command: 'touch c' })] },
						{ blocks: [text('Could not.')] },
					],
				},
			},
			{ mode: 'auto' },
		);
		await fixture.run('do it');
		assert.equal(fixture.workspace.text('/w/b.js'), undefined);
		assert.deepEqual(fixture.commands, []);
		const results = (await fixture.conversation('explore-1')).branch().filter((entry) => entry.type === 'toolResult');
		assert.match(JSON.stringify(results[0]), /The agent explore has no Write/);
		assert.match(JSON.stringify(results[1]), /The agent explore has no Bash/);
	});

	test('starts no agents, asks the user nothing and keeps no list of tasks', async () => {
		const fixture = await createAgentsFixture({
			main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
			agents: {
				one: [
					{ blocks: [agentCall('two', {}, 'toolu_nested'), call('TaskList', { tasks: [] })] },
					{ blocks: [text('Did it myself.')] },
				],
			},
		});
		await fixture.run('do it');
		const results = (await fixture.conversation('general-1')).branch().filter((entry) => entry.type === 'toolResult');
		assert.match(JSON.stringify(results[0]), /An agent cannot start agents of its own/);
		assert.match(JSON.stringify(results[1]), /An agent cannot use TaskList/);
		assert.equal(fixture.session.newest('taskList', 'anywhere'), undefined);
	});

	test('asks the user as the session does, with its name, and a denial is its own', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }],
				agents: { one: [{ blocks: [call('Bash', { command: 'npm test' })] }, { blocks: [text('Denied.')] }] },
			},
			{ mode: 'ask', permission: async () => ({ verdict: 'deny' }) },
		);
		await fixture.run('do it');
		assert.equal(fixture.asked[0]?.agent, 'general-1');
		const [permission] = await fixture.session.history(['permission']);
		assert.equal(permission?.agentId, 'general-1');
		assert.equal(permission?.verdict, 'deny');
		assert.deepEqual(fixture.commands, []);
	});

	test('works in the tighter of two modes', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one', { agent_type: 'careful' })] }, { blocks: [text('Done.')] }],
				agents: { one: [{ blocks: [call('Bash', { command: 'npm test' })] }, { blocks: [text('No.')] }] },
			},
			{
				mode: 'auto',
				definitions: [{ name: 'careful', description: 'd', source: 'project', prompt: 'p', mode: 'plan' }],
			},
		);
		await fixture.run('do it');
		assert.deepEqual(fixture.commands, []);
		const results = (await fixture.conversation('careful-1')).branch().filter((entry) => entry.type === 'toolResult');
		assert.match(JSON.stringify(results[0]), /Plan mode is on/);
	});

	test('that is not known is answered with those there are', async () => {
		const fixture = await createAgentsFixture({
			main: [
				{ blocks: [agentCall('one', { agent_type: 'wizard' }), agentCall('two', { resume: 'explore-7' })] },
				{ blocks: [text('Done.')] },
			],
		});
		await fixture.run('do it');
		const [first, second] = fixture.results();
		assert.match(first ?? '', /There is no agent_type wizard now\. There are: explore, fork, general, plan\./);
		assert.match(second ?? '', /There is no agent explore-7 in this session/);
		assert.deepEqual(await fixture.logs.list(fixture.session.id), []);
	});

	test('goes on with the same conversation and the same start of its requests', async () => {
		const fixture = await createAgentsFixture({
			main: [
				{ blocks: [agentCall('one')] },
				{ blocks: [agentCall('again', { resume: 'general-1' })] },
				{ blocks: [text('Done.')] },
			],
			agents: { one: [{ blocks: [text('First.')] }], again: [{ blocks: [text('Second.')] }] },
		});
		await fixture.run('do it');
		const [first] = fixture.requests('one');
		const [second] = fixture.requests('again');
		assert.deepEqual(second?.system, first?.system);
		assert.equal(second?.messages.length, 3);
		assert.match(fixture.results()[1] ?? '', /^Second\./);
		const prefixes = (await fixture.session.history(['subagent'])).filter((entry) => entry.prefix);
		assert.equal(new Set(prefixes.map(({ prefix }) => JSON.stringify(prefix))).size, 1);
	});

	test('that uses up its steps says so, with the last that it said', async () => {
		const read = (n: number) => ({ blocks: [text(`Step ${n}.`), call('Glob', { pattern: '*' }, `toolu_${n}`)] });
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one', { agent_type: 'brief' })] }, { blocks: [text('Done.')] }],
				agents: { one: [read(1), read(2)] },
			},
			{ definitions: [{ name: 'brief', description: 'd', source: 'user', prompt: 'p', maxSteps: 2 }] },
		);
		await fixture.run('do it');
		assert.equal(fixture.requests('one').length, 2);
		assert.match(
			fixture.results()[0] ?? '',
			/used up its 2 steps before it was done\. The last that it said:\nStep 2\./,
		);
		assert.equal((await fixture.session.history(['subagent'])).at(-1)?.end?.reason, 'limit');
	});

	test('ids of calls that a server numbers anew are told apart', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [
					{ blocks: [call('Read', { file_path: 'a.js' }, 'call_1')] },
					{ blocks: [agentCall('one', {}, 'call_2')] },
					{ blocks: [text('Done.')] },
				],
				agents: { one: [{ blocks: [edit('a.js', 'one', 'ONE', 'call_1')] }, { blocks: [text('Changed.')] }] },
			},
			{ files: { '/w/a.js': 'one\n' } },
		);
		await fixture.run('do it');
		const [operation] = await fixture.session.history(['fileOperation']);
		assert.equal(operation?.toolUseId, 'call_1_general-1');
	});
});

describe('what the user takes back of an agent', () => {
	test('is told to the session’s own agent, like a change of its own', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }, { blocks: [text('I see.')] }],
				agents: {
					one: [
						{ blocks: [call('Read', { file_path: 'a.js' })] },
						{ blocks: [edit('a.js', 'one', 'ONE')] },
						{ blocks: [text('Changed.')] },
					],
				},
			},
			{ files: { '/w/a.js': 'one\n' } },
		);
		await fixture.run('do it');
		const { session, workspace, blobs } = fixture;
		const { signal } = new AbortController();
		const plan = await planAgentUndo({ session, workspace, blobs, agent: 'general-1' }, signal);
		await applyRestore({ session, workspace, blobs, plan, overwrite: [] }, signal);
		assert.equal(workspace.text('/w/a.js'), 'one\n');
		await fixture.run('go on');
		const told = JSON.stringify(fixture.requests().at(-1)?.messages.at(-1));
		assert.match(told, /The user took back what an agent had changed in a\.js\. Later changes to it are kept\./);
	});

	test('hunk by hunk is told as well', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }, { blocks: [text('I see.')] }],
				agents: {
					one: [{ blocks: [call('Write', { file_path: 'b.js', content: 'x' })] }, { blocks: [text('Made.')] }],
				},
			},
			{ files: {} },
		);
		await fixture.run('do it');
		const [{ epoch } = { epoch: 0 }] = await fixture.session.history(['fileOperation']);
		const hunk = { epochs: [epoch], anchorHash: 'h', range: { start: 0, end: 1 } };
		fixture.session.append({
			...{ type: 'review', path: { root: '/w', rel: 'b.js' }, hunk, verdict: 'undo' },
			after: await fixture.blobs.put(new TextEncoder().encode('y'), 'text/plain'),
		});
		await fixture.run('go on');
		assert.match(JSON.stringify(fixture.requests().at(-1)?.messages.at(-1)), /The user undid your change to b\.js/);
	});
});

describe('several agents', () => {
	test('work beside each other, no more than may, and the rest wait', async () => {
		const words = ['one', 'two', 'three', 'four'];
		let inside = 0;
		let most = 0;
		const held = new Map<string, () => void>();
		const enter = (word: string) => () => {
			inside++;
			most = Math.max(most, inside);
			held.get(word)?.();
			return { blocks: [text(`Report ${word}.`)] };
		};
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: words.map((word) => agentCall(word)) }, { blocks: [text('Done.')] }],
				agents: Object.fromEntries(words.map((word) => [word, [enter(word)]])),
			},
			{ maxParallel: 2 },
		);
		fixture.subagents.onDidChange(({ kind }) => {
			if (kind === 'ended') inside--;
			assert.ok(fixture.subagents.running.length <= 2);
		});
		await fixture.run('do it');
		assert.equal(most, 2);
		assert.deepEqual(
			fixture.results().map((result) => result.split('\n', 1)[0]),
			words.map((word) => `Report ${word}.`),
		);
		assert.deepEqual(await fixture.logs.list(fixture.session.id), ['general-1', 'general-2', 'general-3', 'general-4']);
	});

	test('of which one is stopped: its call says so, and the others go on', async () => {
		const fixture = await createAgentsFixture({
			main: [{ blocks: [agentCall('one'), agentCall('two')] }, { blocks: [text('Done.')] }],
			agents: {
				one: [hanging(() => void fixture.subagents.stop('toolu_agent_one'))],
				two: [{ blocks: [text('Report two.')] }],
			},
		});
		await fixture.run('do it');
		const [one, two] = fixture.results();
		assert.match(one ?? '', /The user stopped this agent \(general-1\).*The last that it said:\nSo far/s);
		assert.match(two ?? '', /^Report two\./);
		assert.equal(fixture.session.branch().at(-1)?.type, 'turnEnded');
		assert.equal(fixture.requests().length, 2);
	});

	test('of which one waits can be stopped before it begins', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one'), agentCall('two')] }, { blocks: [text('Done.')] }],
				agents: {
					one: [
						() => {
							assert.ok(fixture.subagents.stop('toolu_agent_two'));
							return { blocks: [text('Report one.')] };
						},
					],
				},
			},
			{ maxParallel: 1 },
		);
		await fixture.run('do it');
		const [one, two] = fixture.results();
		assert.match(one ?? '', /^Report one\./);
		assert.match(two ?? '', /stopped this agent before it began/);
		assert.deepEqual(await fixture.logs.list(fixture.session.id), ['general-1']);
	});

	test('change files one at a time', async () => {
		let inside = 0;
		let most = 0;
		const run = async () => {
			most = Math.max(most, ++inside);
			for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
			inside--;
			return {};
		};
		const word = (name: string) => [
			{ blocks: [call('Bash', { command: name }, `toolu_${name}`)] },
			{ blocks: [text('Ran.')] },
		];
		const fixture = await createAgentsFixture(
			{
				main: [{ blocks: [agentCall('one'), agentCall('two')] }, { blocks: [text('Done.')] }],
				agents: { one: word('one'), two: word('two') },
			},
			{ mode: 'auto', shell: run },
		);
		await fixture.run('do it');
		assert.deepEqual([fixture.commands.toSorted(), most], [['one', 'two'], 1]);
	});
});

describe('a fork', () => {
	test('begins with the very bytes of the session’s last request, and knows its part', async () => {
		const fixture = await createAgentsFixture(
			{
				main: [
					{ blocks: [text('Reading.'), call('Read', { file_path: 'a.js' })] },
					{ blocks: [text('Now delegate.'), agentCall('one', { agent_type: 'fork' })] },
					{ blocks: [text('Done.')] },
				],
				agents: { one: [{ blocks: [text('Report.')] }] },
			},
			{ files: { '/w/a.js': 'one\n' } },
		);
		await fixture.run('do it');
		const before = fixture.requests()[1];
		const [fork] = fixture.requests('one');
		assert.deepEqual(fork?.system, before?.system);
		assert.deepEqual(fork?.tools, before?.tools);
		const bare = (value: unknown) => JSON.stringify(value, (key, one) => (key === 'cache_control' ? undefined : one));
		// Up to the end of the last message, to which the task is added.
		assert.ok(bare(fork?.messages).startsWith(bare(before?.messages).slice(0, -'}]}]'.length)));
		assert.match(bare(fork?.messages.at(-1)), /You are a fork of this conversation.*Do <one>/);
		assert.ok(!bare(fork?.messages).includes('Now delegate.'));
	});

	test('goes on later, and not once its part of the conversation was left', async () => {
		const fixture = await createAgentsFixture({
			main: [
				{ blocks: [agentCall('one', { agent_type: 'fork' })] },
				{ blocks: [agentCall('again', { resume: 'fork-1' })] },
				{ blocks: [text('Done.')] },
				{ blocks: [agentCall('third', { resume: 'fork-1' }, 'toolu_third')] },
				{ blocks: [text('Done.')] },
			],
			agents: { one: [{ blocks: [text('First.')] }], again: [{ blocks: [text('Second.')] }] },
		});
		await fixture.run('do it');
		assert.match(fixture.results()[1] ?? '', /^Second\./);
		assert.ok(JSON.stringify(fixture.requests('again')[0]?.messages).includes('do it'));
		fixture.session.append({ type: 'rewind', to: null, from: fixture.session.leaf, why: 'rewind' });
		await fixture.run('another thing');
		assert.match(fixture.results()[0] ?? '', /forked from a part of the conversation that was left since/);
	});
});

describe('a crash', () => {
	test('that cut an agent off: its calls are closed, and what it cost counts', async () => {
		const fixture = await createAgentsFixture({ main: [] });
		const { session, logs, ports } = fixture;
		session.append({ type: 'user', content: [text('do it')] });
		session.append({
			...{ type: 'subagent', subagentId: 'general-1', name: 'general', prompt: 'Do' },
			toolUseId: call('Agent', {}, 'toolu_a').id,
		});
		const { openAgentLog } = await import('../../../src/core/session/agentLog.ts');
		const log = await openAgentLog({
			...{ logs, sessionId: session.id, agentId: 'general-1', parent: session.lease },
			...{ clock: ports.clock, ids: ports.ids, place: () => ({ cwd: '/w', mode: 'ask' as const }) },
		});
		const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
		log.append(
			{ type: 'user', content: [text('Do')] },
			{ type: 'assistant', messageId: 'm', index: 0, block: call('Bash', { command: 'x' }, 'toolu_b') },
			{
				...{ type: 'assistantEnded', messageId: 'm', requestId: null, model: 'm', stopReason: 'tool_use', usage },
				...{ costUsd: 0.5, timing: { queuedMs: 0, firstTokenMs: 0, totalMs: 0 } },
			},
		);
		await log.close();
		await settleSubagents(session, logs, ports);
		await settleSubagents(session, logs, ports);
		const ends = (await session.history(['subagent'])).filter((entry) => entry.end);
		assert.deepEqual(
			ends.map(({ end }) => [end?.reason, end?.costUsd, end?.steps]),
			[['interrupted', 0.5, 1]],
		);
		const { branch } = await fixture.conversation('general-1');
		assert.deepEqual(
			branch()
				.slice(-2)
				.map(({ type }) => type),
			['toolResult', 'interrupted'],
		);
		const calls = branch().filter((entry) => entry.type === 'assistant' && isToolUseBlock(entry.block));
		assert.equal(calls.length, branch().filter((entry) => entry.type === 'toolResult').length);
	});
});
