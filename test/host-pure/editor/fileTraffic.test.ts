/** What one window's session writes is known in the other window, soon, and under the name of the session. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { collisionCause } from '../../../src/core/permission/collision.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { createWindowTraffic } from '../../../src/host/editor/fileTraffic.ts';
import { publishRunning } from '../../../src/host/session/runningSessions.ts';
import { createSessionRegistry } from '../../../src/node/store/sessionRegistry.ts';
import { createWindows, endTurn, say } from '../session/windowScene.ts';

const file = { root: '/w', rel: 'a.js' };
const write: EntryDraft<'fileOperation'> = {
	type: 'fileOperation',
	epoch: 1,
	op: 'change',
	path: file,
	before: 'absent',
	after: 'absent',
	meta: {},
	author: 'agent',
	state: 'done',
};

function createScene(t: TestContext) {
	const windows = createWindows(t);
	const open = (name: string) => {
		const window = windows.open(name);
		const onError = (error: unknown) => assert.fail(String(error));
		const registry = createSessionRegistry({ folder: windows.folder, window: name, onError });
		const traffic = createWindowTraffic(Date.now, registry);
		const publishing = publishRunning(window.sessions, registry, Date.now, traffic);
		t.after(async () => {
			publishing.dispose();
			await registry.close();
		});
		window.sessions.onDidOpen(({ session }) => traffic.attach(session));
		return { ...window, traffic, registry };
	};
	return { open };
}

test('a write in one window is in the way in the other one', { timeout: 40_000 }, async (t) => {
	const { open } = createScene(t);
	const [here, there] = [open('here'), open('there')];
	const theirs = await there.sessions.create();
	say(theirs, 'Fix the area');
	theirs.session.append(write);
	endTurn(theirs);
	const ours = await here.sessions.create();
	const { id } = ours.session;
	const cause = () => collisionCause(here.traffic.factsOf(id, file), id, Date.now());
	while (cause() === undefined)
		await new Promise<void>((resolve) => {
			const listener = here.registry.onDidChange(() => {
				listener.dispose();
				resolve();
			});
		});
	assert.equal(cause(), 'Changed by session “Fix the area” just now, and not read here since');
	here.traffic.noteSeen(id, file);
	assert.equal(cause(), undefined);
});

test('what a session wrote shortly before its window was loaded again is still known', async (t) => {
	const { open } = createScene(t);
	const here = open('here');
	const first = await here.sessions.create();
	say(first, 'Fix the area');
	first.session.append(write);
	endTurn(first);
	const traffic = createWindowTraffic(Date.now, undefined);
	const again = await here.sessions.open(first.session.id, { isFresh: true });
	traffic.attach(again.session);
	assert.equal(traffic.writesOf(again.session.id).length, 1);
	const other = await here.sessions.create();
	assert.match(
		collisionCause(traffic.factsOf(other.session.id, file), other.session.id, Date.now()) ?? '',
		/Fix the area/,
	);
});
