import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSha256 } from '../../../src/base/ids.ts';
import type { Entry, EntryDraft } from '../../../src/core/session/entry.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import type { SessionStore } from '../../../src/core/session/storePort.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { line, linesOf, reply, rewind, SESSION, sessionOptions, turnEnded, user } from './sessionSupport.ts';

const blob = (digit: string) => ({
	$blob: asSha256(digit.repeat(64)),
	size: 1,
	mediaType: 'application/json',
	head: '',
});
const prefix = (model: string, digit: string): EntryDraft<'prefix'> => ({
	type: 'prefix',
	tools: blob(digit),
	system: blob(digit),
	context: blob(digit),
	model,
	maxTokens: 1000,
	thinking: null,
	effort: null,
	betas: [],
	apiVersion: 'v',
	ttl: '1h',
	reminderForm: 'user',
	diagnostics: false,
	toolVersions: { Read: 1 },
	render: 1,
});
const checkpoint: EntryDraft<'checkpoint'> = { type: 'checkpoint', epoch: 0 };

async function scene() {
	const options = sessionOptions();
	const origin = await openSession(options);
	origin.append<'user' | 'prefix' | 'checkpoint'>(user('first'), prefix('model-a', '1'), checkpoint);
	const [, end] = origin.append<'assistant' | 'turnEnded'>(reply('one'), turnEnded);
	assert.ok(end);
	origin.append<'user' | 'prefix' | 'turnEnded'>(user('second'), prefix('model-b', '2'), turnEnded);
	return { options, origin, end };
}

test('a fork holds the branch up to the entry, ids kept, and what requests are built from', async () => {
	const { options, origin, end } = await scene();
	const before = JSON.stringify(origin.entries);
	const fork = await forkSession(origin, end.id, options);
	assert.notEqual(fork.id, origin.id);
	const ids = (entries: readonly Entry[]) => entries.map((entry) => entry.id);
	assert.deepEqual(ids(fork.branch()), ids(origin.branch().slice(0, 3)));
	assert.deepEqual(
		fork.entries.map((entry) => entry.type),
		['header', 'user', 'title', 'prefix', 'assistant', 'turnEnded', 'tail'],
	);
	assert.equal(fork.newest('prefix')?.tools.$blob, '1'.repeat(64));
	assert.equal(fork.model, 'model-a');
	assert.equal(fork.title, 'first');
	assert.deepEqual(fork.newest('header')?.origin, { sessionId: origin.id, entryId: end.id });
	assert.ok(fork.entries.every((entry) => entry.sessionId === fork.id));
	assert.equal(JSON.stringify(origin.entries), before);
	assert.deepEqual(fork.problems, []);
});

test('a fork behind a compaction has the prefix, the tasks, the name and the model of its origin, however that one was opened', async () => {
	const { options, origin } = await scene();
	origin.append<'title' | 'taskList'>(
		{ type: 'title', title: 'Mine', by: 'user' },
		{ type: 'taskList', tasks: [{ text: 'one', state: 'pending' }] },
	);
	origin.append<'assistant' | 'turnEnded'>(reply('x'.repeat(20_000)), turnEnded);
	origin.setModel('model-c');
	const until = origin.leaf;
	assert.ok(until);
	origin.append({
		...{ type: 'compaction', replaces: { after: null, until }, summary: 'So far.', restored: [], pins: [] },
		...{ by: 'manual', tokensBefore: 10, tokensAfter: 1 },
	});
	origin.append(user('third'), turnEnded);
	const seen = (session: Session) => [
		...[
			session.newest('prefix')?.tools.$blob,
			session.newest('taskList')?.tasks.length,
			session.title,
			session.titleBy,
		],
		...[session.model, session.branch().length],
	];
	const fork = await forkSession(origin, origin.leaf, options);
	assert.deepEqual(seen(fork).slice(0, 5), seen(origin).slice(0, 5));
	await origin.close();
	const part = await openSession({ ...options, id: origin.id, wholeUpToBytes: 0 });
	assert.equal(part.isWhole, false);
	const other = await forkSession(part, part.leaf, options);
	assert.deepEqual(seen(other), seen(fork));
	const again = await forkSession(fork, fork.leaf, options);
	assert.deepEqual(seen(again), seen(fork));
	// Further back than what was copied: from what the origin has.
	while (await fork.loadOlder());
	const [first, second] = fork.branch();
	assert.ok(first && second);
	const early = await forkSession(fork, second.id, options);
	assert.deepEqual(
		early.branch().map(({ id }) => id),
		[first.id, second.id],
	);
});

test('a fork has what the endpoint counted at a place that is part of it, and nothing that was counted elsewhere', async () => {
	const { options, origin, end } = await scene();
	const counts = (session: Session) => session.history(['count']);
	origin.append({ type: 'count', tokens: 900, model: 'model-b' });
	const whole = await forkSession(origin, origin.leaf, options);
	assert.deepEqual(
		(await counts(whole)).map(({ parentId, tokens }) => [parentId, tokens]),
		[[origin.leaf, 900]],
	);
	assert.deepEqual(await counts(await forkSession(origin, end.id, options)), []);
	const until = origin.leaf;
	assert.ok(until);
	const [summary] = origin.append({
		type: 'compaction',
		replaces: { after: null, until },
		...{ summary: 'In short.', restored: [], pins: [], by: 'manual', tokensBefore: 9, tokensAfter: 1 },
	} as EntryDraft<'compaction'>);
	assert.ok(summary);
	for (const { parentId } of await counts(await forkSession(origin, summary.id, options)))
		assert.equal(parentId, until, 'it hangs where it was counted');
});

test('both go on apart', async () => {
	const { options, origin, end } = await scene();
	const fork = await forkSession(origin, end.id, options);
	const originLength = origin.branch().length;
	fork.append(user('only in the fork'));
	origin.append(user('only in the origin'));
	assert.equal(fork.branch().length, 4);
	assert.equal(origin.branch().length, originLength + 1);
	assert.deepEqual(fork.problems, []);
	await fork.close();
	const again = await openSession({ ...options, id: fork.id });
	assert.equal(again.branch().length, 4);
	assert.deepEqual(again.problems, []);
});

test('a fork before the first prompt has no conversation', async () => {
	const { options, origin } = await scene();
	const fork = await forkSession(origin, null, options);
	assert.deepEqual(fork.branch(), []);
	assert.equal(fork.append(user('x'))[0]?.parentId, null);
});

test('a fork from an abandoned branch follows that branch', async () => {
	const { options, origin, end } = await scene();
	origin.append<'rewind' | 'user'>(rewind(null), user('elsewhere'));
	const fork = await forkSession(origin, end.id, options);
	assert.equal(fork.branch().length, 3);
});

test('a fork is listed with its name, also when it is long', async () => {
	const options = sessionOptions();
	const origin = await openSession(options);
	origin.append(user('The name'));
	for (let index = 0; index < 50; index++) origin.append(reply('x'.repeat(3000)));
	const fork = await forkSession(origin, origin.leaf, options);
	const lines = await linesOf(options.store, fork.id);
	assert.equal(JSON.parse(lines.at(-1)?.text ?? '').title, 'The name');
});

test('entries of types that are not understood are copied whole', async () => {
	const store: SessionStore = createMemorySessionStore();
	const options = sessionOptions(store);
	const { file } = await store.open(SESSION);
	const later = { conversation: true, words: 'kept' };
	file.append([line('h', null, 'header'), line('a', null, 'user'), line('c', 'a', 'weave', later)]);
	await file.close();
	const origin = await openSession({ ...options, id: SESSION });
	const fork = await forkSession(origin, origin.leaf, options);
	const lines = await linesOf(store, fork.id);
	const copied = lines.map(({ text }) => JSON.parse(text)).find((value) => value.type === 'weave');
	assert.equal(copied.words, 'kept');
	assert.equal(copied.sessionId, fork.id);
});
