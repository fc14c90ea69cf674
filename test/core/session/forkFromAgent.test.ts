import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { asToolUseId, type EntryId } from '../../../src/base/ids.ts';
import { openAgentLog } from '../../../src/core/session/agentLog.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import { forkFromAgent } from '../../../src/core/session/forkFromAgent.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createAgentLogs } from '../../../src/node/store/agentLogs.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

const words = (text: string) => ({ type: 'text' as const, text });

describe('forkFromAgent', () => {
	let folder = '';
	let open: Session[] = [];
	let ids = createFakeIds();
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'retrace-fork-'));
		open = [];
		ids = createFakeIds();
	});
	afterEach(async () => {
		for (const session of open) await session.close();
		rmSync(folder, { recursive: true });
	});

	const options = () => ({
		store: createFileSessionStore({ folder, window: 'w', trace: () => undefined }),
		agents: createAgentLogs(folder),
		blobs: createMemoryBlobStore(),
		clock: createFakeClock(),
		ids,
		defaults: { cwd: '/w', mode: 'ask' as const, model: 'm', roots: ['/w'], extensionVersion: '1' },
		trace: () => undefined,
	});

	/** A session whose subagent `a1` read a file and answered; the branch of a second attempt was rewound past. */
	async function world() {
		const origin = await openSession(options());
		open.push(origin);
		origin.setModel('other-model');
		origin.append({ type: 'user', content: [words('Ask somebody')] });
		const [started] = origin.append({ type: 'subagent', subagentId: 'a1', name: 'Explore', prompt: 'Look' });
		const log = await openAgentLog({
			...options(),
			logs: options().agents,
			sessionId: origin.id,
			agentId: 'a1',
			parent: { generation: 1, append: () => [] },
			place: () => ({ cwd: '/w/sub', mode: 'plan' }),
		});
		const toolUseId = asToolUseId('call-1');
		const [prompt, call, result, answer] = log.append(
			{ type: 'user', content: [words('Look')] },
			{
				type: 'assistant',
				messageId: 'm1',
				index: 0,
				block: { type: 'tool_use', id: toolUseId, name: 'Read', input: {} },
			},
			{ type: 'toolResult', toolUseId, isError: false, content: [words('text')], durationMs: 1 },
			{ type: 'assistant', messageId: 'm2', index: 0, block: words('Seen.') },
		);
		await log.close();
		assert.ok(prompt && call && result && answer && started);
		return { origin, started, prompt, call, result, answer };
	}
	const fork = async (origin: Session, at?: EntryId) => {
		const made = await forkFromAgent(origin, 'a1', { ...options(), ...(at === undefined ? {} : { at }) });
		open.push(made);
		return made;
	};

	test('the new session has the conversation as its own, and says where it came from', async () => {
		const { origin, started, prompt, answer } = await world();
		const before = readFileSync(join(folder, 'sessions', `${origin.id}.jsonl`));
		const made = await fork(origin);
		assert.deepEqual(
			made.branch().map(({ type, agentId, sessionId }) => [type, agentId, sessionId]),
			['user', 'assistant', 'toolResult', 'assistant'].map((type) => [type, 'main', made.id]),
		);
		assert.equal(made.branch()[0]?.id, prompt.id);
		assert.equal(made.leaf, answer.id);
		assert.deepEqual(made.origin, { sessionId: origin.id, entryId: started.id });
		assert.deepEqual([made.title, made.model, made.cwd, made.hasOlder], ['Explore', 'other-model', '/w/sub', false]);
		assert.deepEqual(readFileSync(join(folder, 'sessions', `${origin.id}.jsonl`)), before);
		assert.deepEqual(
			made.entries.filter(({ type }) => type === 'fileOperation'),
			[],
		);
	});

	test('it can start in the middle, and a call that is open there is closed before the next prompt', async () => {
		const { origin, call } = await world();
		const made = await fork(origin, call.id);
		assert.equal(made.leaf, call.id);
		closeOpenCalls(made);
		assert.equal(made.branch().filter(({ type }) => type === 'toolResult').length, 1);
	});

	test('it opens again as it was', async () => {
		const { origin } = await world();
		const made = await fork(origin);
		const shown = made.branch().map(({ id }) => id);
		await made.close();
		const again = await openSession({ ...options(), id: made.id });
		open.push(again);
		assert.deepEqual(
			again.branch().map(({ id }) => id),
			shown,
		);
		assert.deepEqual(again.problems, []);
		const row = (await options().store.list()).sessions.find(({ id }) => id === made.id);
		assert.deepEqual([row?.title, row?.prompts], ['Explore', 1]);
	});

	test('what this build does not understand is copied, and a line that is damaged is passed over', async () => {
		const { origin, result, answer } = await world();
		const path = join(folder, 'sessions', origin.id, 'agents', 'a1.jsonl');
		const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
		const future = lines.map((line) =>
			line.includes(answer.id) && line.includes('Seen.') ? line.replace('{', '{"future":[1],') : line,
		);
		writeFileSync(
			path,
			`${future.map((line) => (line.includes(`"id":"${result.id}"`) ? '{"cut' : line)).join('\n')}\n`,
		);
		const made = await fork(origin);
		assert.deepEqual(
			made.branch().map(({ type }) => type),
			['user', 'assistant', 'assistant'],
		);
		assert.match(readFileSync(join(folder, 'sessions', `${made.id}.jsonl`), 'utf8'), /"future":\[1\]/);
	});

	test('without a log there is nothing to go on with, and no session is made', async () => {
		const { origin } = await world();
		for (const agentId of ['nobody', 'a2'])
			await assert.rejects(forkFromAgent(origin, agentId, options()), { code: 'agent-log-missing' });
		await assert.rejects(fork(origin, 'unknown' as EntryId), { code: 'agent-log-missing' });
		assert.equal((await options().store.list()).onDisk, 1);
	});
});
