/** What *Always allow* added holds in a session that was opened in part as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { readSessionRules } from '../../../src/core/permission/sessionRules.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { call, ended, reply, result, sessionOptions, turnEnded, user } from '../session/sessionSupport.ts';

const { signal } = new AbortController();
const trace = () => undefined;
const permission = (rule: string, verdict: 'alwaysAllow' | 'allowOnce' = 'alwaysAllow'): EntryDraft<'permission'> => ({
	type: 'permission',
	toolUseId: asToolUseId('t'),
	tool: 'Bash',
	verdict,
	rule,
	cause: 'asked',
});

/** A rule behind a compaction, and one after it; opened again in part. */
async function scene() {
	const options = sessionOptions(createMemorySessionStore());
	const session = await openSession(options);
	session.append<'user' | 'assistant' | 'assistantEnded'>(user('old'), call('t'), ended());
	session.append<'permission' | 'toolResult' | 'turnEnded'>(
		permission('Bash(npm test:*)'),
		permission('Bash(once)', 'allowOnce'),
		result('t'),
		turnEnded,
	);
	session.append<'user' | 'assistant' | 'turnEnded'>(user('long'), reply('x'.repeat(20_000)), turnEnded);
	const until = session.leaf;
	assert.ok(until);
	session.append({
		...{ type: 'compaction', replaces: { after: null, until }, summary: 'So far.', restored: [], pins: [] },
		...{ by: 'manual', tokensBefore: 10, tokensAfter: 1 },
	});
	session.append<'user' | 'assistant' | 'turnEnded'>(user('new'), reply('x'.repeat(20_000)), turnEnded);
	await session.close();
	return await openSession({ ...options, id: session.id, wholeUpToBytes: 0 });
}

test('a rule behind a compaction holds, though its entry is not loaded', async () => {
	const session = await scene();
	assert.equal(session.isWhole, false);
	assert.ok(!session.entries.some(({ type }) => type === 'permission'));
	const rules = readSessionRules(session, trace, signal);
	assert.deepEqual(await rules(), ['Bash(npm test:*)']);
	session.append(permission('Bash(make:*)'));
	assert.deepEqual(await rules(), ['Bash(npm test:*)', 'Bash(make:*)']);
	// Kept elsewhere, where the user may take it back.
	session.append({ ...permission('Bash(rm:*)'), scope: 'workspace' });
	session.append({ ...permission('Bash(dd:*)'), verdict: 'deny' });
	assert.deepEqual(await rules(), ['Bash(npm test:*)', 'Bash(make:*)']);
});

test('the log is read once, and one that cannot be read means asking again', async () => {
	const session = await scene();
	let reads = 0;
	const history: Session['history'] = async () => {
		reads++;
		throw new Error('unreadable');
	};
	const traced: string[] = [];
	const { id, entries } = session;
	const unreadable = { id, entries, history, isWhole: false };
	const rules = readSessionRules(unreadable, ({ event }) => traced.push(event), signal);
	assert.deepEqual(await rules(), []);
	assert.deepEqual(await rules(), []);
	assert.equal(reads, 1);
	assert.deepEqual(traced, ['rulesUnread']);
});

test('a rule that was taken back holds again only when it is added again, behind a compaction as well', async () => {
	const session = await scene();
	const rules = readSessionRules(session, trace, signal);
	session.append(permission('Bash(make:*)'));
	session.append({ type: 'state', removedRules: ['Bash(npm test:*)', 'Bash(make:*)'] });
	assert.deepEqual(await rules(), []);
	assert.deepEqual(await readSessionRules(session, trace, signal)(), []);
	session.append(permission('Bash(make:*)'));
	assert.deepEqual(await rules(), ['Bash(make:*)']);
	assert.deepEqual(await readSessionRules(session, trace, signal)(), ['Bash(make:*)']);
});
