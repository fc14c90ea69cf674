import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { openAgentLog, readAgentLog } from '../../../src/core/session/agentLog.ts';
import type { LogFile } from '../../../src/core/session/storePort.ts';
import { createAgentLogs } from '../../../src/node/store/agentLogs.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';

const session = asSessionId('01890000-0000-7000-8000-000000000001');
const ids = createFakeIds();
const prompt = (text: string) => ({ type: 'user' as const, content: [{ type: 'text' as const, text }] });

describe('the logs of subagents', () => {
	let folder = '';
	let parents: LogFile[] = [];
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'retrace-agents-'));
		parents = [];
	});
	afterEach(async () => {
		for (const parent of parents) await parent.close();
		rmSync(folder, { recursive: true });
	});

	const logs = () => createAgentLogs(folder);
	const pathOf = (agentId: string) => join(folder, 'sessions', session, 'agents', `${agentId}.jsonl`);
	const parentIn = async (window: string, takeOver = false) => {
		const store = createFileSessionStore({ folder, window, trace: () => undefined });
		const { file } = await store.open(session, { takeOver });
		parents.push(file);
		return file;
	};
	const openIn = async (parent: LogFile, agentId = 'explore-1') =>
		await openAgentLog({
			logs: logs(),
			sessionId: session,
			agentId,
			parent,
			clock: createFakeClock(),
			ids,
			place: () => ({ cwd: '/w', mode: 'plan' }),
		});

	test('what was said is there again, in order, and the next one goes on from it', async () => {
		const parent = await parentIn('one');
		const log = await openIn(parent);
		assert.ok(!existsSync(pathOf('explore-1')), 'no file before the first entry');
		log.append(prompt('Look around'), {
			type: 'assistant',
			messageId: 'm',
			index: 0,
			block: { type: 'text', text: 'Seen.' },
		});
		await log.sync();
		await log.close();
		const again = await openIn(parent);
		assert.equal(again.branch().length, 2);
		again.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
		const read = await readAgentLog(logs(), session, 'explore-1');
		assert.deepEqual(
			read.branch().map(({ type, agentId, sessionId, gen, mode }) => [type, agentId, sessionId, gen, mode]),
			['user', 'assistant', 'turnEnded'].map((type) => [type, 'explore-1', session, parent.generation, 'plan']),
		);
		assert.deepEqual(read.problems, []);
		assert.deepEqual(await logs().list(session), ['explore-1']);
		await again.close();
	});

	test('only a conversation may stand there', async () => {
		const log = await openIn(await parentIn('one'));
		const ledger = { type: 'title', title: 'x', by: 'user' };
		assert.throws(() => log.append(ledger as never), /Only a conversation/);
		assert.ok(!existsSync(pathOf('explore-1')));
	});

	test('whoever lost the session can write no more, and nothing of it lands', async () => {
		const old = await openIn(await parentIn('one'));
		old.append(prompt('First'));
		const parent = await parentIn('two', true);
		parent.append([]);
		const bytes = readFileSync(pathOf('explore-1'));
		assert.throws(() => old.append(prompt('Late')), { code: 'lease-lost' });
		const bare = await logs().open(session, 'explore-1', parents[0] ?? assert.fail());
		assert.throws(() => bare.append(['{}']), { code: 'lease-lost' });
		assert.deepEqual(readFileSync(pathOf('explore-1')), bytes);
		const now = await openIn(parent);
		now.append(prompt('Second'));
		assert.equal((await readAgentLog(logs(), session, 'explore-1')).entries.at(-1)?.gen, parent.generation);
		await old.close();
		await now.close();
	});

	test('a damaged log gives what can be read, says what cannot, and is not changed by reading', async () => {
		const log = await openIn(await parentIn('one'));
		log.append(prompt('First'));
		log.append(prompt('Second'));
		await log.close();
		const [first = '', second = ''] = readFileSync(pathOf('explore-1'), 'utf8').trimEnd().split('\n');
		const other = second.replaceAll('explore-1', 'explore-2').replace(/"id":"/, '"id":"x');
		const ledger = JSON.stringify({ ...JSON.parse(first), id: 'l', type: 'title', title: 'Hostile', by: 'user' });
		const damaged = `\uFEFF${first}\r\n{"not": \n${other}\n${ledger}\n${second}\n${first}\n{"v":1,"id":"torn`;
		writeFileSync(pathOf('explore-1'), damaged);
		const read = await readAgentLog(logs(), session, 'explore-1');
		assert.deepEqual(
			read.entries.map(({ type, agentId }) => [type, agentId]),
			[
				['user', 'explore-1'],
				['user', 'explore-1'],
			],
		);
		assert.equal(read.branch().length, 2);
		assert.deepEqual(
			read.problems.map(({ kind }) => kind),
			['badLine', 'duplicate', 'tornTail'],
		);
		assert.equal(readFileSync(pathOf('explore-1'), 'utf8'), damaged);

		const again = await openIn(parents[0] ?? assert.fail());
		again.append(prompt('Third'));
		const text = readFileSync(pathOf('explore-1'), 'utf8');
		assert.ok(text.startsWith(`${damaged}\n{`), 'the next entry starts a line of its own');
		assert.equal((await readAgentLog(logs(), session, 'explore-1')).branch().length, 3);
		await again.close();
	});

	test('a line of a newer version is read around, and nothing is appended', async () => {
		mkdirSync(join(folder, 'sessions', session, 'agents'), { recursive: true });
		writeFileSync(pathOf('explore-1'), '{"v":2,"id":"a","type":"user"}\n');
		assert.equal((await readAgentLog(logs(), session, 'explore-1')).isNewer, true);
		await assert.rejects(openIn(await parentIn('one')), { code: 'session-read-only' });
	});

	test('they are read in the trash, where they lie with their session', async () => {
		const log = await openIn(await parentIn('one'));
		log.append(prompt('First'));
		await log.close();
		mkdirSync(join(folder, 'trash'));
		renameSync(join(folder, 'sessions', session), join(folder, 'trash', session));
		assert.deepEqual(await logs().list(session), ['explore-1']);
		assert.equal((await readAgentLog(logs(), session, 'explore-1')).entries.length, 1);
	});

	test('no id leads out of the folder, and what is not there is empty', async () => {
		for (const bad of ['../x', 'a/b', 'a\\b', '', '.', 'main', 'x'.repeat(200), 'a\0b'])
			await assert.rejects(readAgentLog(logs(), session, bad), { code: 'log-unreadable' });
		await assert.rejects(logs().list(asSessionId('../other')), { code: 'log-unreadable' });
		assert.deepEqual((await readAgentLog(logs(), session, 'nobody')).entries, []);
		assert.deepEqual(await logs().list(session), []);
	});

	test('an import writes one at once, and takes all of them back when it fails', async () => {
		await logs().append(session, 'a1', ['{"one":1}', '{"two":2}']);
		assert.deepEqual(await logs().read(session, 'a1'), ['{"one":1}', '{"two":2}']);
		await logs().discard(session);
		assert.deepEqual(await logs().list(session), []);
	});
});
