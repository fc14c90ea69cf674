import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCallsOf } from '../../../src/core/agent/openCalls.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { call, result, sessionOptions, user } from '../session/sessionSupport.ts';

test('calls without a result, in their order; an id that comes twice is two calls', async () => {
	const session = await openSession(sessionOptions(createMemorySessionStore()));
	session.append<'user' | 'assistant'>(user('go'), call('a'), call('b'), call('a'));
	const open = () => openCallsOf(session.branch()).map(({ id }) => id);
	assert.deepEqual(open(), ['a', 'b', 'a']);
	session.append(result('a'));
	assert.deepEqual(open(), ['a', 'b']);
	session.append(result('a'));
	assert.deepEqual(open(), ['b']);
	session.append(user('next'));
	assert.deepEqual(open(), [], 'calls of earlier turns are closed');
});
