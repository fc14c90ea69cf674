import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BugError, UserError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import type { Entry, EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { OpenedLog, SessionStore } from '../../../src/core/session/storePort.ts';
import { createMemorySessionStore, memoryLogReader } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';
import {
	asLog,
	ended,
	line,
	linesOf,
	reply,
	result,
	rewind,
	SESSION,
	sessionOptions,
	turnEnded,
	user,
} from './sessionSupport.ts';

const types = (entries: readonly Entry[]) => entries.map((entry) => entry.type);
const texts = (entries: readonly Entry[]) =>
	entries.flatMap((entry) =>
		entry.type === 'user' ? entry.content.map((block) => ('text' in block ? block.text : '')) : [],
	);
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.code === expected;

test('the first append writes the header and, with the first prompt, a title', async () => {
	const session = await openSession(sessionOptions());
	assert.equal(session.title, 'New session');
	const appended = session.append(user('Fix the bug\nplease'));
	assert.deepEqual(types(appended), ['user']);
	assert.deepEqual(types(session.entries), ['header', 'user', 'title']);
	assert.equal(session.title, 'Fix the bug');
	session.append(user('Another'));
	assert.deepEqual(types(session.entries), ['header', 'user', 'title', 'user']);
});

test('a name that the user gave before the first prompt stays', async () => {
	const session = await openSession(sessionOptions());
	session.append<'title' | 'user'>({ type: 'title', title: 'Mine', by: 'user' }, user('hello'));
	assert.equal(session.title, 'Mine');
});

test('conversation entries follow each other and ledger entries hang on the leaf', async () => {
	const session = await openSession(sessionOptions());
	const [first, started, second] = session.append<'user' | 'toolStarted' | 'assistant'>(
		user('a'),
		{ type: 'toolStarted', toolUseId: asToolUseId('t') },
		reply('b'),
	);
	assert.ok(first && started && second);
	assert.equal(first.parentId, null);
	assert.equal(started.parentId, first.id);
	assert.equal(second.parentId, first.id);
	assert.equal(session.leaf, second.id);
	const [after] = session.append<'rewind' | 'user'>(rewind(first.id), user('c')).slice(1);
	assert.equal(after?.parentId, first.id);
	assert.deepEqual(texts(session.branch()), ['a', 'c']);
});

test('the branch is the same array until it changes, and a handed out one never changes', async () => {
	const session = await openSession(sessionOptions());
	session.append(user('a'));
	const before = session.branch();
	session.append({ type: 'notice', level: 'info', code: 'x', text: 'y' });
	assert.equal(session.branch(), before);
	session.append(user('b'));
	assert.notEqual(session.branch(), before);
	assert.deepEqual(texts(before), ['a']);
	assert.deepEqual(texts(session.branch()), ['a', 'b']);
});

test('the newest ledger entry is the one on the branch, unless anywhere is asked for', async () => {
	const session = await openSession(sessionOptions());
	const [start] = session.append(user('a'));
	assert.ok(start);
	session.append({ type: 'model', model: 'on-branch' });
	session.append(user('b'));
	session.append({ type: 'model', model: 'abandoned' });
	assert.equal(session.newest('model')?.model, 'abandoned');
	session.append(rewind(start.id));
	assert.equal(session.newest('model')?.model, 'on-branch');
	assert.equal(session.newest('model', 'anywhere')?.model, 'abandoned');
	assert.equal(session.newest('user')?.id, start.id);
});

test('news come after the append, in file order, also when a listener appends or throws', async () => {
	const codes: string[] = [];
	const session = await openSession({ ...sessionOptions(), trace: (event) => codes.push(event.event) });
	const told: string[] = [];
	session.onDidAppend((entry) => {
		assert.equal(session.find(entry.id), entry);
		if (entry.type === 'user') session.append({ type: 'reminder', text: 'from a listener' });
		throw new Error('a listener failed');
	});
	session.onDidAppend((entry) => told.push(entry.type));
	session.append<'user' | 'assistant'>(user('a'), reply('b'));
	assert.deepEqual(told, types(session.entries));
	assert.deepEqual(told, ['header', 'user', 'title', 'assistant', 'reminder']);
	assert.ok(codes.includes('session.listenerFailed'));
});

test('mode, model and cwd are defaults until there is a log, then entries, and come back on resume', async () => {
	const options = sessionOptions();
	const session = await openSession(options);
	session.setMode('plan');
	session.setModel('model-b');
	assert.deepEqual(types(session.entries), []);
	session.append(user('a'));
	session.setMode('acceptEdits');
	session.setMode('acceptEdits');
	session.setModel('model-c');
	session.setCwd('/w/inner');
	session.append(user('b'));
	assert.deepEqual(types(session.entries), ['header', 'user', 'title', 'mode', 'model', 'user']);
	await session.close();
	const resumed = await openSession({ ...options, id: session.id });
	assert.equal(resumed.mode, 'acceptEdits');
	assert.equal(resumed.model, 'model-c');
	assert.equal(resumed.cwd, '/w/inner');
	assert.equal(resumed.title, 'a');
	assert.equal(resumed.state, 'ready');
});

test('cost is the sum over all replies, abandoned ones included', async () => {
	const session = await openSession(sessionOptions());
	session.append<'user' | 'assistantEnded' | 'rewind'>(user('a'), ended(0.25), ended(null), rewind(null), ended(1));
	assert.equal(session.costUsd, 1.25);
});

test('a resumed session has the same entries, byte for byte, and the same branch', async () => {
	const options = sessionOptions();
	const session = await openSession(options);
	const [first] = session.append(user('a'));
	assert.ok(first);
	const block = { caller: { type: 'direct' }, type: 'tool_use', input: { z: 1, a: 2 }, name: 'Read', id: 't1' };
	const draft: EntryDraft<'assistant'> = {
		type: 'assistant',
		messageId: 'm',
		index: 0,
		block: { ...block, id: asToolUseId(block.id) },
	};
	session.append<'assistant' | 'toolResult' | 'turnEnded'>(draft, result('t1'), turnEnded);
	session.append<'rewind' | 'user'>(rewind(first.id), user('b'));
	const before = [JSON.stringify(session.entries), JSON.stringify(session.branch()), session.leaf];
	await session.close();
	const resumed = await openSession({ ...options, id: session.id });
	assert.deepEqual([JSON.stringify(resumed.entries), JSON.stringify(resumed.branch()), resumed.leaf], before);
	const tool = resumed.entries.find((entry) => entry.type === 'assistant');
	assert.equal(tool?.type === 'assistant' && JSON.stringify(Reflect.get(tool.block, 'input')), '{"z":1,"a":2}');
});

test('a draft that could not be read back is refused and changes nothing', async () => {
	const session = await openSession(sessionOptions());
	session.append(user('a'));
	const count = session.entries.length;
	assert.throws(() => session.append({ ...turnEnded, durationMs: Number.NaN }), BugError);
	assert.equal(session.entries.length, count);
});

test('a tail follows the end of a turn, a long line, and 32 KB', async () => {
	const session = await openSession(sessionOptions());
	const last = () => session.entries.at(-1)?.type;
	session.append<'user' | 'assistant'>(user('a'), reply('b'));
	assert.notEqual(last(), 'tail');
	session.append(turnEnded);
	assert.equal(last(), 'tail');
	session.append(user('x'.repeat(33 * 1024)));
	assert.equal(last(), 'tail');
	const tails = () => session.entries.filter((entry) => entry.type === 'tail').length;
	for (let index = 0; index < 20; index++) session.append(reply('y'.repeat(2000)));
	assert.equal(tails(), 3);
});

test('the extents of a tail hold exactly the branch and its ledger', async () => {
	const options = sessionOptions();
	const session = await openSession(options);
	const [first] = session.append(user('kept'));
	assert.ok(first);
	session.append(user('abandoned'));
	session.append(rewind(first.id));
	session.append<'user' | 'turnEnded'>(user('kept too'), turnEnded);
	const tail = session.newest('tail');
	assert.ok(tail);
	const lines = await linesOf(options.store, session.id);
	const inside = lines.filter(({ range }) =>
		tail.extents.some(([start, end]) => start <= range.start && range.end <= end),
	);
	const read = inside.map(({ text }) => JSON.parse(text).type);
	// The tail before this one hangs on the branch as well.
	assert.deepEqual(read, ['header', 'user', 'title', 'tail', 'user', 'turnEnded']);
	assert.equal(tail.extents.length, 2);
	assert.equal(tail.state, 'idle');
	assert.deepEqual(tail.counts, { entries: 8, prompts: 3, tools: 0 });
});

test('a failed tail does not make the append fail', async () => {
	const store = createMemorySessionStore();
	const events: string[] = [];
	const failing: SessionStore = {
		...store,
		async open(id) {
			const opened = await store.open(id);
			const append: OpenedLog['file']['append'] = (lines) => {
				if (lines.some((text) => text.includes('"type":"tail"'))) throw new UserError('log-write-failed', 'full');
				return opened.file.append(lines);
			};
			const file = {
				...opened.file,
				append,
				get generation() {
					return opened.file.generation;
				},
			};
			return { ...opened, file };
		},
	};
	const session = await openSession({ ...sessionOptions(failing), trace: (event) => events.push(event.event) });
	session.append<'user' | 'turnEnded'>(user('a'), turnEnded);
	assert.equal(session.branch().length, 2);
	assert.ok(events.includes('session.tailFailed'));
});

test('a failed write changes nothing and tells nobody', async () => {
	const store = createMemorySessionStore();
	const options = sessionOptions(store);
	const session = await openSession(options);
	session.append(user('a'));
	// A second writer takes the session over.
	const other = await openSession({ ...options, id: session.id });
	other.append(user('b'));
	const told: string[] = [];
	session.onDidAppend((entry) => told.push(entry.type));
	const before = session.branch();
	assert.throws(() => session.append(user('c')), code('lease-lost'));
	assert.equal(session.branch(), before);
	assert.deepEqual(told, []);
	assert.deepEqual(texts(other.branch()), ['a', 'b']);
});

const withLog = (lines: string[], owner?: OpenedLog['owner']): SessionStore => {
	const store = createMemorySessionStore();
	return {
		...store,
		open: async (id) => {
			const log = asLog(lines);
			const sizeBytes = log.at(-1)?.range.end ?? 0;
			return { ...(await store.open(id)), reader: memoryLogReader(() => log), sizeBytes, owner };
		},
	};
};

test('a session of a live other window, or of a newer version, can only be read', async () => {
	const log = [line('h', null, 'header'), line('a', null, 'user')];
	const owner = { isOurs: false, isAlive: true, window: 'project', pid: 7 };
	const check = async (store: SessionStore, reason: RegExp | undefined, takeOver = false) => {
		const session = await openSession({ ...sessionOptions(store), id: SESSION, takeOver });
		if (!reason) {
			assert.equal(session.readOnlyReason, undefined);
			return;
		}
		assert.match(session.readOnlyReason ?? '', reason);
		assert.throws(() => session.append(user('b')), code('session-read-only'));
		assert.throws(() => session.setMode('plan'), code('session-read-only'));
		assert.equal(texts(session.branch())[0], 'hello');
	};
	await check(withLog(log, owner), /another window \(project\)/);
	await check(withLog(log, owner), undefined, true);
	await check(withLog(log, { ...owner, isAlive: false }), undefined);
	await check(withLog(log, { ...owner, isOurs: true }), undefined);
	await check(withLog([...log, line('b', 'a', 'user', { v: 2 })]), /newer version/);
});

test('states are told with the time spent in them, and closing is the end', async () => {
	const clock = createFakeClock();
	const session = await openSession({ ...sessionOptions(), clock });
	const changes: string[] = [];
	session.onDidChangeState(({ from, to, durationMs }) => changes.push(`${from} ${to} ${durationMs}`));
	clock.advance(30);
	session.setState('streaming');
	session.setState('streaming');
	clock.advance(12);
	session.setState('idle');
	await session.close();
	await session.close();
	session.setState('ready');
	assert.deepEqual(changes, ['ready streaming 30', 'streaming idle 12', 'idle closed 0']);
	assert.throws(() => session.append(user('a')), code('session-read-only'));
});

test('tool names are those of the prefix, before it those that one would freeze', async () => {
	const options = sessionOptions();
	const session = await openSession({ ...options, defaults: { ...options.defaults, toolNames: ['Read'] } });
	assert.deepEqual(session.toolNames, ['Read']);
});

test('a name from a log of others is shown as one plain line, in the session, its tail and the list', async () => {
	const options = sessionOptions();
	const session = await openSession(options);
	session.append({ type: 'user', content: [{ type: 'text', text: 'Fix it' }] });
	session.append({ type: 'title', title: 'a\u202eb\n[Show](command:x)', by: 'user' });
	session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
	const plain = 'ab [Show] (command:x)';
	assert.equal(session.title, plain);
	assert.equal(session.newest('tail', 'anywhere')?.title, plain);
	assert.equal((await options.store.list()).sessions[0]?.title, plain);
	session.append({ type: 'title', title: '\u202e\u0000', by: 'user' });
	assert.equal(session.title, plain);
	assert.equal((await options.store.list()).sessions[0]?.title, plain);
});
