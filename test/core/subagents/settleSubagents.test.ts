/** What is left of agents when their window is gone, or the session only read: closed once, and on disk in an order that a power cut cannot turn around. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import type { SessionId } from '../../../src/base/ids.ts';
import { type AgentLogs, openAgentLog, readAgentLog } from '../../../src/core/session/agentLog.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { SessionStore } from '../../../src/core/session/storePort.ts';
import { settleSubagents } from '../../../src/core/subagents/subagents.ts';
import { createMemoryAgentLogs } from '../../../src/node/store/memoryAgentLogs.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { call, text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

const RUNS = Number(process.env.RETRACE_RUNS ?? 60);

/** Keeps what was written to each, and counts what is not flushed yet. */
function watched() {
	const unsafe = new Map<string, number>();
	const lines = new Map<string, string[]>();
	const watchLogs = (logs: AgentLogs): AgentLogs => ({
		...logs,
		async open(sessionId, agentId, parent) {
			const file = await logs.open(sessionId, agentId, parent);
			return {
				...file,
				append(texts) {
					const ranges = file.append(texts);
					unsafe.set(agentId, (unsafe.get(agentId) ?? 0) + texts.length);
					lines.set(agentId, [...(lines.get(agentId) ?? []), ...texts]);
					return ranges;
				},
				async sync() {
					await file.sync();
					unsafe.set(agentId, 0);
				},
			};
		},
	});
	return { unsafe, lines, watchLogs };
}

function assertPaired(branch: readonly Entry[]): void {
	const calls = branch.flatMap((entry) =>
		entry.type === 'assistant' && isToolUseBlock(entry.block) ? [entry.block.id] : [],
	);
	const results = branch.flatMap((entry) => (entry.type === 'toolResult' ? [entry.toolUseId] : []));
	assert.deepEqual(results.toSorted(), calls.toSorted());
}

const steps = (word: string) => [
	{ blocks: [text('Looking.'), call('Read', { file_path: 'a.js' }, `r_${word}`)] },
	{ blocks: [call('Bash', { command: `echo ${word}` }, `b_${word}`)] },
	{ blocks: [text('Report.')] },
];
const scripts = () => ({
	main: [{ blocks: [text('I ask two.'), agentCall('one'), agentCall('two')] }, { blocks: [text('Done.')] }],
	agents: { one: steps('one'), two: steps('two') },
});
const options = { files: { '/w/a.js': 'one\n' }, mode: 'auto' as const };

type Fixture = Awaited<ReturnType<typeof createAgentsFixture>>;
const openFrom = (store: SessionStore, { session, blobs, clock, ports }: Fixture) =>
	openSession({
		...{ store, blobs, clock, ids: ports.ids, id: session.id, trace: () => undefined },
		defaults: { cwd: '/w', mode: 'auto', model: session.model, roots: ['/w'], extensionVersion: '0' },
	});

test('an agent’s log is safe before the session’s says how it ended', async () => {
	const { unsafe, watchLogs } = watched();
	const fixture = await createAgentsFixture(scripts(), { ...options, watchLogs });
	let ends = 0;
	fixture.session.onDidAppend((entry) => {
		if (entry.type !== 'subagent' || !entry.end) return;
		ends++;
		assert.equal(unsafe.get(entry.subagentId), 0, entry.subagentId);
	});
	await fixture.run('do it');
	assert.equal(ends, 2);
});

test('one whose log cannot be made safe is not told as done, and is closed later', async () => {
	let isFull = false;
	const watchLogs = (logs: AgentLogs): AgentLogs => ({
		...logs,
		async open(sessionId, agentId, parent) {
			const file = await logs.open(sessionId, agentId, parent);
			return {
				...file,
				append(texts) {
					isFull ||= texts.some((line) => line.includes('Report.'));
					return file.append(texts);
				},
				async sync() {
					if (isFull) throw new UserError('log-write-failed', 'The disk is full.');
				},
			};
		},
	});
	const fixture = await createAgentsFixture(
		{ main: [{ blocks: [agentCall('one')] }, { blocks: [text('Done.')] }], agents: { one: steps('one') } },
		{ ...options, watchLogs },
	);
	const { session, logs, ports } = fixture;
	await fixture.run('do it');
	assertPaired(session.branch());
	assert.match(fixture.results().join(), /its result was lost/);
	const last = session.branch().at(-1);
	assert.match(last?.type === 'turnEnded' ? (last.message ?? '') : '', /The disk is full/);
	assert.equal(fixture.subagents.running.length, 0);
	const endsNow = async () => (await session.history(['subagent'])).flatMap(({ end }) => (end ? [end.reason] : []));
	assert.deepEqual(await endsNow(), []);
	isFull = false;
	await settleSubagents(session, logs, ports);
	assert.deepEqual(await endsNow(), ['interrupted']);
});

test('so it is for one that a crash cut off', async () => {
	const { unsafe, watchLogs } = watched();
	const { session, logs, ports } = await createAgentsFixture({ main: [] }, { watchLogs });
	session.append(
		{ type: 'user', content: [text('do it')] },
		{
			...{ type: 'subagent', subagentId: 'general-1', name: 'general', prompt: 'Do' },
			toolUseId: call('Agent', {}, 'toolu_a').id,
		},
	);
	const log = await openAgentLog({
		...{ logs, sessionId: session.id, agentId: 'general-1', parent: session.lease },
		...{ clock: ports.clock, ids: ports.ids, place: () => ({ cwd: '/w', mode: 'ask' as const }) },
	});
	log.append(
		{ type: 'user', content: [text('Do')] },
		{ type: 'assistant', messageId: 'm', index: 0, block: call('Bash', { command: 'x' }, 'toolu_b') },
	);
	await log.close();
	const seen: (number | undefined)[] = [];
	session.onDidAppend((entry) => {
		if (entry.type === 'subagent' && entry.end) seen.push(unsafe.get(entry.subagentId));
	});
	await settleSubagents(session, logs, ports);
	assert.deepEqual(seen, [0]);
});

test('a session that can only be read is left as it is', async () => {
	const fixture = await createAgentsFixture({ main: [] });
	fixture.session.append(
		{ type: 'user', content: [text('do it')] },
		{ type: 'assistant', messageId: 'm', index: 0, block: agentCall('one') },
		{
			...{ type: 'subagent', subagentId: 'general-1', name: 'general', prompt: 'Do' },
			toolUseId: agentCall('one').id,
		},
	);
	const { store } = fixture;
	const owner = { isOurs: false, isAlive: true, window: 'another', pid: 1 };
	const elsewhere = { ...store, open: async (id: SessionId) => ({ ...(await store.open(id)), owner }) };
	const beside = await openFrom(elsewhere, fixture);
	assert.notEqual(beside.readOnlyReason, undefined);
	const before = [...beside.entries];
	assert.deepEqual(closeOpenCalls(beside), []);
	await settleSubagents(beside, fixture.logs, fixture.ports);
	assert.deepEqual([...beside.entries], before);
	assert.deepEqual(await fixture.logs.list(beside.id), []);
});

test('whenever the window is gone, the next one closes each call and each run once', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({ after: fc.integer({ min: 0, max: 45 }), maxParallel: fc.integer({ min: 1, max: 3 }) }),
			async ({ after, maxParallel }) => {
				const { lines, watchLogs } = watched();
				const fixture = await createAgentsFixture(scripts(), { ...options, maxParallel, watchLogs });
				const { ports, session: gone } = fixture;
				let moments = 0;
				/** What stood in the logs then. */
				let left:
					| { readonly main: readonly string[]; readonly agents: ReadonlyMap<string, readonly string[]> }
					| undefined;
				const look = () => {
					const main = gone.entries.map((entry) => JSON.stringify(entry));
					left = { main, agents: new Map([...lines].map(([id, texts]) => [id, [...texts]])) };
				};
				const tick = () => {
					if (++moments === after + 1) look();
				};
				gone.onDidAppend(tick);
				fixture.subagents.onDidChange((change) => {
					if (change.kind === 'began') change.agent.session.onDidAppend(tick);
				});
				await fixture.run('do it');
				if (!left) look();
				const store = createMemorySessionStore();
				const { file } = await store.open(gone.id);
				file.append(left?.main ?? []);
				const logs = createMemoryAgentLogs();
				for (const [id, texts] of left?.agents ?? []) (await logs.open(gone.id, id, file)).append(texts);
				await file.close();

				const session = await openFrom(store, fixture);
				for (let times = 0; times < 2; times++) {
					await settleSubagents(session, logs, ports);
					closeOpenCalls(session);
				}
				assertPaired(session.branch());
				const runs = await session.history(['subagent']);
				const began = runs.filter(({ toolUseId }) => toolUseId !== undefined).map(({ subagentId }) => subagentId);
				const ended = runs.filter(({ end }) => end).map(({ subagentId }) => subagentId);
				assert.deepEqual(ended.toSorted(), began.toSorted());
				for (const id of await logs.list(session.id)) {
					const branch = (await readAgentLog(logs, session.id, id)).branch();
					assertPaired(branch);
					assert.match(branch.at(-1)?.type ?? '', /^(?:turnEnded|interrupted)$/);
				}
			},
		),
		{ numRuns: RUNS },
	);
});
