/** A session that lies in the trash can be looked at there, and only looked at. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { isInTrash } from '../../../src/core/session/sessionErrors.ts';
import { openState } from '../../../src/host/list/sessionState.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createWindows, endTurn, say, shown } from './windowScene.ts';

test('a trashed session is shown as it was, with Restore, and nothing is written in its place', async (t) => {
	const windows = createWindows(t);
	const { sessions } = windows.open('a');
	const store = createFileSessionStore({ folder: windows.folder, window: 'a', trace: () => undefined });
	const first = await sessions.create();
	say(first, 'Hello');
	endTurn(first);
	const { id } = first.session;
	await sessions.close(id);
	await store.trash(id);
	const trashed = join(windows.folder, 'trash', `${id}.jsonl`);
	const before = readFileSync(trashed);

	const open = await sessions.open(id);
	assert.ok(isInTrash(open.session));
	assert.deepEqual(shown(open).slice(0, 2), ['prompt: Hello', 'turnEnd']);
	const notice = open.rows().at(-1);
	assert.ok(notice?.kind === 'notice');
	assert.deepEqual(
		notice.actions.map(({ action }) => action),
		['restore', 'fork'],
	);
	assert.equal(openState(open).hasEntries, false, 'it is no row among the sessions');
	assert.throws(
		() => say(open, 'More'),
		(error) => error instanceof UserError && error.code === 'session-read-only',
	);
	await sessions.close(id);
	assert.ok(!existsSync(join(windows.folder, 'sessions', `${id}.jsonl`)));
	assert.ok(readFileSync(trashed).equals(before));
});

test('it is not taken for one that another window took away, and is writable once it is back', async (t) => {
	const windows = createWindows(t);
	const window = windows.open('a');
	const { sessions } = window;
	const store = createFileSessionStore({ folder: windows.folder, window: 'a', trace: () => undefined });
	const first = await sessions.create();
	say(first, 'Hello');
	endTurn(first);
	const { id } = first.session;
	await sessions.close(id);
	await store.trash(id);
	const open = await sessions.open(id);
	await window.look(id);
	assert.equal(sessions.find(id), open, 'it stays open');
	await store.restore(id);
	const again = await sessions.open(id, { isFresh: true });
	assert.equal(again.session.readOnlyReason, undefined);
	say(again, 'More');
	assert.deepEqual(shown(again).slice(-1), ['prompt: More']);
});
