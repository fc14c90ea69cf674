import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../../src/base/ids.ts';
import { expiredSessions, isRetentionDue, moveExpired, retentionNotice } from '../../../src/core/session/retention.ts';
import { sessionInUse } from '../../../src/core/session/sessionErrors.ts';
import type { SessionStore, SessionSummary } from '../../../src/core/session/storePort.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { line } from './sessionSupport.ts';

const DAY = 24 * 3_600_000;
const NOW = 1_000 * DAY;
const signal = new AbortController().signal;

function row(changes: Partial<SessionSummary> & { readonly ageDays?: number }): SessionSummary {
	const { ageDays = 31, ...rest } = changes;
	const updatedAt = asUnixMs(NOW - ageDays * DAY);
	return {
		id: asSessionId('s'),
		title: 't',
		lastPrompt: '',
		state: 'idle',
		prompts: 1,
		costUsd: 0,
		isPinned: false,
		isArchived: false,
		originId: undefined,
		createdAt: updatedAt,
		updatedAt,
		sizeBytes: 1,
		isOpenElsewhere: false,
		isDamaged: false,
		...rest,
	};
}

const isExpired = (changes: Parameters<typeof row>[0], days = 30, nowMs = NOW) =>
	expiredSessions([row(changes)], { nowMs, days, openIds: new Set(['open']) }).length === 1;

test('a session expires when nothing was written to it for longer than the days', () => {
	assert.equal(isExpired({ ageDays: 31 }), true);
	assert.equal(isExpired({ ageDays: 30.001 }), true);
	assert.equal(isExpired({ ageDays: 30 }), false);
	assert.equal(isExpired({ ageDays: 29.9 }), false);
	assert.equal(isExpired({ ageDays: 31, isArchived: true }), true);
	assert.equal(isExpired({ ageDays: 31, state: 'interrupted' }), true);
});

test('zero days, and days that are no number, keep all', () => {
	assert.equal(isExpired({ ageDays: 3650 }, 0), false);
	assert.equal(isExpired({ ageDays: 3650 }, -1), false);
	assert.equal(isExpired({ ageDays: 3650 }, Number.NaN), false);
	assert.equal(isExpired({ ageDays: 3650 }, 30, Number.NaN), false);
});

test('pinned, open, running and damaged sessions stay', () => {
	assert.equal(isExpired({ isPinned: true }), false);
	assert.equal(isExpired({ id: asSessionId('open') }), false);
	assert.equal(isExpired({ isOpenElsewhere: true }), false);
	for (const state of ['streaming', 'runningTool', 'awaitingUser', 'unknown'])
		assert.equal(isExpired({ state }), false, state);
	assert.equal(isExpired({ isDamaged: true }), false);
});

test('a session whose worktree is there stays', () => {
	const rule = { nowMs: NOW, days: 30, openIds: new Set<string>(), hasWorktree: (id: string) => id === 'there' };
	const expired = expiredSessions([row({ worktreeId: 'there' }), row({ worktreeId: 'gone' })], rule);
	assert.deepEqual(
		expired.map(({ worktreeId }) => worktreeId),
		['gone'],
	);
});

test('a session from the future stays, whatever the clock does', () => {
	assert.equal(isExpired({ ageDays: -1 }), false);
	assert.equal(isExpired({ ageDays: 1 }, 30, NOW - 400 * DAY), false);
});

test('it is due once a day, and after the clock was set back', () => {
	assert.equal(isRetentionDue(undefined, NOW), true);
	assert.equal(isRetentionDue(NOW - DAY + 1, NOW), false);
	assert.equal(isRetentionDue(NOW - DAY, NOW), true);
	assert.equal(isRetentionDue(NOW + 1, NOW), true);
});

async function storeWith(...logs: readonly (readonly [id: string, ageDays: number])[]): Promise<SessionStore> {
	const store = createMemorySessionStore();
	for (const [id, ageDays] of logs) {
		const { file } = await store.open(asSessionId(id));
		const timestamp = NOW - ageDays * DAY;
		file.append([line('a', null, 'user', { timestamp }), line('b', 'a', 'turnEnded', { timestamp })]);
		await file.close();
	}
	return store;
}
const rule = { nowMs: NOW, days: 30, openIds: new Set<string>(), known: {} };
const idsIn = async (store: SessionStore) => (await store.list()).sessions.map(({ id }) => id);

test('what expired goes to the trash, and what the user brings back is not moved again until it is used', async () => {
	const store = await storeWith(['old', 40], ['older', 50], ['new', 1]);
	const first = await moveExpired(store, rule, signal);
	assert.deepEqual(first.moved.map(({ session }) => session.id).sort(), ['old', 'older']);
	assert.deepEqual(await idsIn(store), ['new']);
	await store.restore('old');
	const second = await moveExpired(store, { ...rule, known: first.known }, signal);
	assert.deepEqual(second.moved, []);
	const third = await moveExpired(store, { ...rule, known: second.known }, signal);
	assert.deepEqual(third.moved, []);
	assert.deepEqual(await idsIn(store), ['new', 'old']);
	const { file } = await store.open(asSessionId('old'));
	file.append([line('c', 'b', 'turnEnded', { timestamp: NOW - 1 })]);
	await file.close();
	const later = { ...rule, nowMs: NOW + 60 * DAY, known: third.known };
	const fourth = await moveExpired(store, later, signal);
	assert.deepEqual(fourth.moved.map(({ session }) => session.id).sort(), ['new', 'old']);
});

test('one session that cannot be moved keeps no other', async () => {
	const inner = await storeWith(['held', 40], ['old', 50]);
	const store: SessionStore = {
		...inner,
		async trash(id) {
			if (id === 'held') throw sessionInUse('there');
			await inner.trash(id);
		},
	};
	const { moved, failed } = await moveExpired(store, rule, signal);
	assert.deepEqual(
		[moved.map(({ name }) => name), failed, await idsIn(store)],
		[['old'], ['session-in-use'], ['held']],
	);
});

test('with zero days nothing is moved', async () => {
	const store = await storeWith(['old', 4000]);
	assert.deepEqual((await moveExpired(store, { ...rule, days: 0 }, signal)).moved, []);
	assert.deepEqual(await idsIn(store), ['old']);
});

test('the notice counts', () => {
	assert.equal(retentionNotice(1, 30), '1 session older than 30 days was moved to the trash.');
	assert.equal(retentionNotice(12, 1), '12 sessions older than 1 day were moved to the trash.');
});
