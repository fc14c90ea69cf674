import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { BACKGROUND_ENDED, endReminders } from '../../../src/core/background/backgroundEntries.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { call, result, sessionOptions, user } from '../session/sessionSupport.ts';

test('the end of a command is told once, and only where the call that started it is known', async () => {
	const session = await openSession(sessionOptions(createMemorySessionStore()));
	const [first] = session.append(user('go'));
	session.append(call('abcdef'));
	session.append(result('abcdef'));
	session.append({
		...{ type: 'notice', level: 'info', code: BACKGROUND_ENDED, text: 'It ended.' },
		background: { toolUseId: asToolUseId('abcdef'), exitCode: 0, how: 'exited' },
	});
	const told = endReminders(session.entries, session.branch());
	assert.deepEqual(told, ['Background command abcdef has ended with exit code 0.']);
	for (const text of told) session.append({ type: 'reminder', text });
	assert.deepEqual(endReminders(session.entries, session.branch()), []);
	session.append({ type: 'rewind', to: first?.id ?? null, from: session.leaf, why: 'rewind' });
	assert.deepEqual(endReminders(session.entries, session.branch()), [], 'a rewind took the call back');
});
