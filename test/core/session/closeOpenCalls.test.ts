import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import type { Entry, EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { call, ended, reply, result, sessionOptions, turnEnded, user } from './sessionSupport.ts';

const describe = (entry: Entry): string => {
	switch (entry.type) {
		case 'toolResult':
			return `${entry.toolUseId} ${entry.isError ? 'error' : 'ok'}`;
		case 'interrupted':
			return entry.reason;
		default:
			return entry.type;
	}
};

/** Writes the drafts as a crashed window would have, then closes what is open, twice. */
async function check(drafts: EntryDraft[], expected: string[]) {
	const options = sessionOptions();
	const crashed = await openSession(options);
	crashed.append(...drafts);
	await crashed.close();
	const session = await openSession({ ...options, id: crashed.id });
	const appended = closeOpenCalls(session);
	assert.deepEqual(appended.map(describe), expected);
	const end = session.branch().slice(session.branch().length - appended.length);
	assert.deepEqual(end, appended);
	assert.deepEqual(closeOpenCalls(session), []);
	await session.close();
	assert.deepEqual(closeOpenCalls(await openSession({ ...options, id: crashed.id })), []);
	return appended;
}

const started = (id: string): EntryDraft<'toolStarted'> => ({ type: 'toolStarted', toolUseId: asToolUseId(id) });

test('what is closed stays as it is', async () => {
	await check([turnEnded], []);
	await check([user('a'), reply('b'), ended(), turnEnded], []);
	await check([user('a'), call('t'), ended(), result('t'), reply('b'), ended(), turnEnded], []);
	await check([user('a'), { type: 'interrupted', reason: 'stop' }], []);
});

test('a turn that was cut is marked as interrupted', async () => {
	await check([user('a')], ['crash']);
	await check([user('a'), reply('half')], ['crash']);
	await check([user('a'), reply('whole'), ended()], ['crash']);
	await check([user('a'), reply('b'), ended(), turnEnded, user('c')], ['crash']);
});

test('every open call gets one error result, in the order of the calls', async () => {
	await check([user('a'), call('t'), ended(), started('t')], ['t error', 'crash']);
	await check([user('a'), call('t', 'm1', 0), call('u', 'm1', 1)], ['t error', 'u error', 'crash']);
	await check([user('a'), call('t', 'm1', 0), call('u', 'm1', 1), ended(), result('t')], ['u error', 'crash']);
	await check([user('a'), call('t'), ended(), turnEnded], ['t error']);
	// A model that uses an id again makes another call.
	await check([user('a'), call('t'), ended(), result('t'), call('t', 'm2'), ended(1, 'm2')], ['t error', 'crash']);
});

test('the result says whether the call can have taken effect', async () => {
	const drafts = [user('a'), call('t', 'm1', 0), call('u', 'm1', 1), ended(), started('t')];
	const [first, second] = await check(drafts, ['t error', 'u error', 'crash']);
	const text = (entry: Entry | undefined) => JSON.stringify(entry?.type === 'toolResult' && entry.content);
	assert.match(text(first), /Interrupted: .*whether it took effect is not known/);
	assert.match(text(second), /Interrupted: .*it had no effect/);
});

test('whoever took the session over says so', async () => {
	const session = await openSession(sessionOptions());
	session.append(user('a'));
	assert.deepEqual(closeOpenCalls(session, 'takeover').map(describe), ['takeover']);
});

test('an empty session and an abandoned branch are left alone', async () => {
	assert.deepEqual(closeOpenCalls(await openSession(sessionOptions())), []);
	await check([user('a'), call('t'), { type: 'rewind', to: null, from: null, why: 'rewind' }], []);
});
