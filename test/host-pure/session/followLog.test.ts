/** Two windows on one session: what the other one writes appears, and what can be done when it leaves. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogNow } from '../../../src/core/session/registry.ts';
import { followLog } from '../../../src/host/session/followLog.ts';
import { createWindows, endTurn, say, shown } from './windowScene.ts';

async function createScene(t: TestContext) {
	const { open, folder } = createWindows(t);
	const [ours, theirs] = [open('ours'), open('theirs')];
	const owner = await ours.sessions.create();
	say(owner, 'First');
	endTurn(owner);
	const { id } = owner.session;
	const reader = await theirs.sessions.open(id);
	return { folder, ours, theirs, owner, reader, id };
}
const actions = (open: Parameters<typeof shown>[0]) =>
	open.rows().flatMap((row) => (row.kind === 'notice' ? row.actions.map(({ action }) => action) : []));

test('what the owner writes appears in the other window, entry by entry, with its title', async (t) => {
	const { theirs, owner, reader, id } = await createScene(t);
	assert.ok(reader.session.readOnlyReason);
	assert.deepEqual(actions(reader), ['takeOver', 'fork']);
	const heard: string[] = [];
	reader.onDidChange((change) => heard.push(change.kind));
	say(owner, 'Second');
	owner.session.append({ type: 'title', title: 'Two prompts', by: 'user' });
	await theirs.look(id);
	assert.deepEqual(
		shown(reader).filter((row) => row.startsWith('prompt')),
		['prompt: First', 'prompt: Second'],
	);
	assert.equal(reader.session.title, 'Two prompts');
	assert.ok(heard.includes('item') && heard.includes('head'));
	assert.equal(reader.progress, 'Running in another window');
	endTurn(owner);
	await theirs.look(id);
	assert.equal(reader.progress, null);
	assert.deepEqual(theirs.errors, []);
});

test('a rewind of the owner is followed', async (t) => {
	const { theirs, owner, reader, id } = await createScene(t);
	const [second] = say(owner, 'Second');
	assert.ok(second);
	await theirs.look(id);
	assert.ok(shown(reader).includes('prompt: Second'));
	const resets: string[] = [];
	reader.onDidChange((change) => resets.push(change.kind));
	owner.session.append({ type: 'rewind', to: second.parentId, from: owner.session.leaf, why: 'rewind' });
	await theirs.look(id);
	assert.ok(!shown(reader).includes('prompt: Second'));
	assert.ok(resets.includes('reset'));
});

test('when the owner leaves, the user may go on here without a reload, after all it wrote', async (t) => {
	const { ours, theirs, owner, reader, id } = await createScene(t);
	say(owner, 'Last words');
	endTurn(owner);
	await ours.sessions.close(id);
	await theirs.look(id);
	assert.ok(shown(reader).includes('prompt: Last words'));
	assert.match(shown(reader).at(-1) ?? '', /^notice: The other window closed this session\. Go on here\./);
	assert.deepEqual(actions(reader), ['goOn', 'fork']);
	assert.match(reader.readOnlyText ?? '', /closed this session/);
	const again = await theirs.sessions.open(id, { isFresh: true });
	assert.equal(again.session.readOnlyReason, undefined);
	say(again, 'Mine now');
	assert.ok(shown(again).includes('prompt: Last words'));
});

test('the offer goes when another window takes the session first', async (t) => {
	const { ours, theirs, owner, reader, id } = await createScene(t);
	await ours.sessions.close(id);
	await theirs.look(id);
	assert.deepEqual(actions(reader), ['goOn', 'fork']);
	const next = await ours.sessions.open(id);
	say(next, 'Back again');
	await theirs.look(id);
	assert.deepEqual(actions(reader), ['takeOver', 'fork']);
	assert.equal(reader.readOnlyText, reader.session.readOnlyReason);
	assert.notEqual(next, owner);
});

test('a window whose idle session is taken over reads it again at once and follows', async (t) => {
	const { ours, theirs, owner, id } = await createScene(t);
	const taker = await theirs.sessions.open(id, { takeOver: true });
	say(taker, 'Taken');
	await ours.look(id);
	const here = ours.sessions.find(id);
	assert.ok(here && here !== owner);
	assert.ok(here.session.readOnlyReason);
	assert.ok(shown(here).includes('prompt: Taken'));
	say(taker, 'And on');
	await ours.look(id);
	assert.ok(shown(here).includes('prompt: And on'));
});

test('a session that is open, idle and held by nobody shows what another window wrote meanwhile', async (t) => {
	const { ours, theirs, id } = await createScene(t);
	await ours.sessions.close(id);
	const here = await ours.sessions.open(id);
	await theirs.sessions.close(id);
	const there = await theirs.sessions.open(id);
	assert.equal(here.session.readOnlyReason, undefined);
	say(there, 'Elsewhere');
	endTurn(there);
	await theirs.sessions.close(id);
	await ours.look(id);
	const again = ours.sessions.find(id);
	assert.ok(again && shown(again).includes('prompt: Elsewhere'));
	assert.equal(again.session.readOnlyReason, undefined);
	// Its own entries are no reason to read it again.
	say(again, 'Here');
	await ours.look(id);
	assert.equal(ours.sessions.find(id), again);
});

test('a session that another window moved to the trash is closed here, and nothing is written for it', async (t) => {
	const { ours, theirs, folder, id } = await createScene(t);
	await ours.sessions.close(id);
	const lost: string[] = [];
	theirs.sessions.onDidLose((gone) => lost.push(gone));
	mkdirSync(join(folder, 'trash'));
	const log = join(folder, 'sessions', `${id}.jsonl`);
	renameSync(log, join(folder, 'trash', `${id}.jsonl`));
	await theirs.look(id);
	assert.deepEqual(lost, [id]);
	assert.equal(theirs.sessions.find(id), undefined);
	assert.equal(existsSync(log), false);
});

test('while a turn runs or a prompt waits, nothing is read again under it', async (t) => {
	const { ours, theirs, owner, id } = await createScene(t);
	owner.queue.add({ text: 'Later', attachments: [] });
	await theirs.sessions.open(id, { takeOver: true });
	await ours.look(id);
	assert.equal(ours.sessions.find(id), owner);
});

test('a look that began before the first append of a new session does not take it for gone', async (t) => {
	const { open } = createWindows(t);
	const { sessions } = open('ours');
	const fresh = await sessions.create();
	let gone = 0;
	let tell: ((now: LogNow) => Promise<void>) | undefined;
	followLog(fresh, {
		watchLog: (_, onChange) => {
			tell = onChange;
			return { dispose: () => undefined };
		},
		reopen: async () => assert.fail('it is as it was read'),
		onGone: async () => void gone++,
		onError: (_, error) => assert.fail(String(error)),
	});
	assert.ok(tell);
	fresh.session.append({ type: 'title', title: 'Named', by: 'user' });
	await tell({ holder: 'nobody', sizeBytes: 0 });
	assert.equal(gone, 0);
	await tell({ holder: 'us', sizeBytes: fresh.session.sizeBytes });
	await tell({ holder: 'us', sizeBytes: 0 });
	assert.equal(gone, 1);
});

test('a look that began before our own append does not take the session for gone', async (t) => {
	const { owner } = await createScene(t);
	const { sizeBytes } = owner.session;
	owner.session.append({ type: 'title', title: 'Named', by: 'user' });
	let gone = 0;
	let tell: ((now: LogNow) => Promise<void>) | undefined;
	followLog(owner, {
		watchLog: (_, onChange) => {
			tell = onChange;
			return { dispose: () => undefined };
		},
		reopen: async () => assert.fail('it is as it was read'),
		onGone: async () => void gone++,
		onError: (_, error) => assert.fail(String(error)),
	});
	assert.ok(tell);
	await tell({ holder: 'us', sizeBytes });
	assert.equal(gone, 0);
	await tell({ holder: 'nobody', sizeBytes: 0 });
	assert.equal(gone, 1);
});
