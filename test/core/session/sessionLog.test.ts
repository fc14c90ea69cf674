/** Loading, following and appending to a big log at the same time, in any order, never shows another conversation. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import { type OpenSessionOptions, openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { smallPrefix } from '../context/request.ts';
import { ended, line, reply, sessionOptions, turnEnded, user } from './sessionSupport.ts';

const pad = 'x'.repeat(3_000);
const OTHER = { isOurs: false, isAlive: true, window: 'there', pid: 7 };
const idsOf = (session: Session) => session.branch().map(({ id }) => id);

const compaction = (after: EntryId | null, until: EntryId | null): EntryDraft<'compaction'> => {
	assert.ok(until);
	return {
		...{ type: 'compaction', replaces: { after, until }, summary: 'What happened so far.', restored: [], pins: [] },
		...{ by: 'manual', tokensBefore: 10, tokensAfter: 1 },
	};
};

let messages = 0;
function turn(session: Session, text: string) {
	const messageId = `m${messages++}`;
	session.append(user(text), reply(`${text} ${pad}`, messageId), ended(0.25, messageId), turnEnded);
}

/** A session whose first `turns` turns were compacted, so that it opens in part. */
async function compacted(options: OpenSessionOptions, turns: number) {
	const session = await openSession(options);
	for (let index = 0; index < turns; index++) turn(session, `old ${index}`);
	session.append(compaction(null, session.leaf));
	turn(session, 'new');
	return session;
}

/** Opens what another window holds and writes. */
function watching(options: OpenSessionOptions, id: Session['id'], wholeUpToBytes: number) {
	const store = { ...options.store, open: async () => ({ ...(await options.store.open(id)), owner: OTHER }) };
	return openSession({ ...options, store, id, wholeUpToBytes });
}

function files(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-log-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const options = sessionOptions(createFileSessionStore({ folder, window: 'here', trace: () => undefined }));
	return { options, pathOf: (id: Session['id']) => join(folder, 'sessions', `${id}.jsonl`) };
}

test('older rows asked for twice at once are loaded, and there are more behind them', async () => {
	const options = sessionOptions();
	const { id } = await compacted(options, 900);
	const some = await openSession({ ...options, id, wholeUpToBytes: 0 });
	assert.equal(some.isWhole, false);
	await Promise.all([some.loadOlder(), some.loadOlder()]);
	assert.equal(some.hasOlder, true);
	while (await some.loadOlder());
	assert.equal(some.branch().filter(({ type }) => type === 'user').length, 901);
});

test('a window that follows sees a rewind to what it had not loaded', async () => {
	const options = sessionOptions();
	const writer = await compacted(options, 60);
	const reading = await watching(options, writer.id, 0);
	assert.equal(reading.isWhole, false);
	const early = writer.branch()[7];
	assert.ok(early && !reading.find(early.id));
	writer.append({ type: 'rewind', to: early.id, from: writer.leaf, why: 'rewind' });
	await reading.follow();
	assert.equal(reading.leaf, writer.leaf);
	assert.deepEqual(idsOf(reading), idsOf(writer));
	turn(writer, 'another way');
	await reading.follow();
	assert.deepEqual(idsOf(reading), idsOf(writer));
});

test('a line that another window is in the middle of writing is followed whole', async (t) => {
	const { options, pathOf } = files(t);
	const writer = await openSession(options);
	turn(writer, 'one');
	const path = pathOf(writer.id);
	const text = `${line('u9', writer.leaf, 'user')}\n`;
	appendFileSync(path, text.slice(0, 200));
	const reading = await watching(options, writer.id, Number.POSITIVE_INFINITY);
	await reading.outline();
	appendFileSync(path, text.slice(200));
	assert.equal(await reading.follow(), true);
	assert.equal(reading.leaf, 'u9');
	assert.ok((await reading.outline()).byId.has(reading.leaf));
	await reading.close();
	await writer.close();
});

test('what was read in the session it was forked from is no part of a fork’s own figures', async () => {
	const options = sessionOptions();
	const session = await compacted(options, 300);
	const fork = await forkSession(session, session.leaf, options);
	const { costUsd } = fork;
	while (await fork.loadOlder());
	assert.equal(fork.costUsd, costUsd);
	assert.equal((await fork.history(['assistantEnded'])).length, 1);
	for (let index = 0; index < 4; index++) turn(fork, 'more');
	const figures = (one: Session) => [one.costUsd, one.newestEpoch, one.title];
	await fork.close();
	const whole = await openSession({ ...options, id: fork.id, wholeUpToBytes: Number.POSITIVE_INFINITY });
	assert.deepEqual(figures(whole), figures(fork));
});

test('a fork does not go back to what is only in the session it was forked from', async () => {
	const options = sessionOptions();
	const session = await compacted(options, 5);
	const [first] = session.branch();
	assert.ok(first);
	const fork = await forkSession(session, session.leaf, options);
	while (await fork.loadOlder());
	assert.ok(fork.find(first.id));
	assert.equal(await fork.loadTo(first.id), false);
	const before = fork.leaf;
	assert.throws(() => fork.append({ type: 'rewind', to: first.id, from: fork.leaf, why: 'rewind' }), /forked/);
	assert.equal(fork.leaf, before);
});

test('a rewind behind a compaction loads nothing of what was compacted', async () => {
	const options = sessionOptions();
	const session = await compacted(options, 300);
	turn(session, 'newer');
	const some = await openSession({ ...options, id: session.id, wholeUpToBytes: 0 });
	assert.equal(some.isWhole, false);
	const { length } = some.entries;
	const to = some.branch().at(-5)?.id;
	assert.ok(to);
	assert.equal(await some.loadTo(to), true);
	assert.equal(some.entries.length, length);
});

test('what a window that had lost the session wrote in between is in the figures once the log is opened', async (t) => {
	const { options, pathOf } = files(t);
	const writer = await openSession(options);
	for (let index = 0; index < 40; index++) turn(writer, `old ${index}`);
	writer.append(compaction(null, writer.leaf));
	// A window that was paused wakes.
	const late = { ...ended(4), gen: 0, id: 'late' };
	appendFileSync(pathOf(writer.id), `${line('late', writer.leaf, 'assistantEnded', late)}\n`);
	for (let index = 0; index < 30; index++) turn(writer, `new ${index}`);
	writer.append(compaction(null, writer.leaf));
	for (let index = 0; index < 22; index++) turn(writer, `newest ${index}`);
	await writer.close();
	const open = async (wholeUpToBytes: number) => {
		const session = await openSession({ ...options, id: writer.id, wholeUpToBytes });
		const { costUsd, leaf } = session;
		await session.close();
		return { costUsd, leaf };
	};
	assert.deepEqual(await open(0), await open(Number.POSITIVE_INFINITY));
});

test('a line that is damaged ends no scrolling', async (t) => {
	const { options, pathOf } = files(t);
	const session = await compacted(options, 900);
	const damaged = session.branch().length;
	await session.close();
	const path = pathOf(session.id);
	const text = readFileSync(path, 'utf8');
	writeFileSync(path, text.replace('"text":"old 800', '"tixt":"old 800'));
	const some = await openSession({ ...options, id: session.id, wholeUpToBytes: 0 });
	assert.equal(some.isWhole, false);
	while (await some.loadOlder());
	assert.equal(some.branch().filter(({ type }) => type === 'user').length, 900);
	assert.equal(damaged, 3605);
	await some.close();
});

test('a log whose older lines are damaged shows by pages what reading it whole shows', async (t) => {
	const { options, pathOf } = files(t);
	const session = await compacted(options, 900);
	await session.close();
	const path = pathOf(session.id);
	const lines = readFileSync(path, 'utf8').split('\n');
	for (const at of [9, 700, 1200, 1201, 1202, 1900, 2500, 3000])
		lines[at] =
			at % 3 === 0
				? 'x'.repeat(lines[at]?.length ?? 0)
				: (lines[at] ?? '').replace(/"(content|block|usage|reason)"/, (name) => `"${'z'.repeat(name.length - 2)}"`);
	writeFileSync(path, lines.join('\n'));
	const some = await openSession({ ...options, id: session.id, wholeUpToBytes: 0 });
	const whole = await openSession({ ...options, id: session.id, wholeUpToBytes: Number.POSITIVE_INFINITY });
	assert.equal(some.isWhole, false);
	while (await some.loadOlder());
	assert.deepEqual(idsOf(some), idsOf(whole));
	const other = await openSession({ ...options, id: session.id, wholeUpToBytes: 0 });
	const to = whole.branch()[2000]?.id;
	assert.ok(to && (await other.loadTo(to)));
	const wanted = idsOf(whole).slice(0, 2001);
	other.append({ type: 'rewind', to, from: other.leaf, why: 'rewind' });
	assert.deepEqual(idsOf(other), wanted);
	for (const one of [some, whole, other]) await one.close();
});

test('the meter of a session that was opened in part knows its prefix and what the last reply counted', async () => {
	const options = sessionOptions();
	const session = await openSession(options);
	session.append<'user' | 'prefix'>(user('first'), smallPrefix({ model: 'model-a' }).entry);
	for (let index = 0; index < 60; index++) turn(session, `old ${index}`);
	session.append(compaction(null, session.leaf));
	turn(session, 'new');
	const measured = async (wholeUpToBytes: number) => {
		const one = await openSession({ ...options, id: session.id, wholeUpToBytes });
		const newestPrefix = one.newest('prefix');
		assert.ok(newestPrefix);
		const limits = { windowTokens: 200_000, maxOutputTokens: 32_000, isAdaptiveThinking: true, isDeprecated: false };
		const { usedTokens, layers, cacheShare } = measureContext({
			...{ entries: one.entries, leaf: one.leaf, links: one.links, newestPrefix, rotTokens: 100_000 },
			modelInfo: { id: 'model-a', displayName: 'Model A', ...limits },
		});
		return [one.isWhole, usedTokens, cacheShare, layers.length] as const;
	};
	const [isWhole, ...some] = await measured(0);
	assert.equal(isWhole, false);
	const [, ...all] = await measured(Number.POSITIVE_INFINITY);
	assert.deepEqual(some, all);
});
