/** The sessions of a window: each open once, idle ones let go, and nothing left of a closed one. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asSessionId } from '../../../src/base/ids.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { MAX_IDLE_MS } from '../../../src/host/session/openSessions.ts';
import { readOwner } from '../../../src/node/store/lease.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';
import { createWindows, endTurn, say } from './windowScene.ts';

test('one that is closing is opened again as another object, and never handed out half closed', async (t) => {
	const { sessions } = createWindows(t).open('a');
	const first = await sessions.create();
	say(first, 'Hello');
	const { id } = first.session;
	const closing = sessions.close(id);
	const [second, third] = await Promise.all([sessions.open(id), sessions.open(id)]);
	await closing;
	assert.notEqual(second, first);
	assert.equal(second, third);
	assert.equal(second.session.state, 'ready');
	assert.equal(second.session.readOnlyReason, undefined);
	assert.equal(sessions.find(id), second);
});

test('the oldest idle ones beyond six are let go; what is needed, runs or has a queue stays', async (t) => {
	const { sessions } = createWindows(t).open('a');
	const all = [];
	for (let index = 0; index < 10; index++) all.push(await sessions.create());
	const [needed, queued, ...rest] = all;
	assert.ok(needed && queued);
	queued.queue.add({ text: 'Later', attachments: [] });
	assert.deepEqual(sessions.idle(new Set([needed])), rest.slice(0, 2));
});

test('those with something to review stay longer than others, up to a limit of their own', async (t) => {
	const { sessions } = createWindows(t).open('a');
	const all = [];
	for (let index = 0; index < 33; index++) all.push(await sessions.create());
	const reviewed = new Set(all.slice(0, 10).map(({ session }) => session));
	assert.deepEqual(
		sessions.idle(new Set(), (session) => reviewed.has(session)),
		all.slice(10, 27),
	);
	assert.deepEqual(
		sessions.idle(new Set(), () => true),
		all.slice(0, 9),
	);
});

test('one that is idle and unseen for ten minutes is let go, with its file and its lease; a look or work begins the time anew', async (t) => {
	const clock = createFakeClock();
	const windows = createWindows(t);
	const { sessions } = windows.open('a', clock);
	const [seen, idle, busy, reviewed] = [
		await sessions.create(),
		await sessions.create(),
		await sessions.create(),
		await sessions.create(),
	];
	for (const open of [seen, idle, busy, reviewed]) say(open, 'Hello');
	const due = (...needed: OpenSession[]) =>
		sessions.idle(new Set(needed), (session) => session === reviewed.session).map(({ session }) => session.id);
	assert.deepEqual(due(seen, busy), []);
	clock.advance(MAX_IDLE_MS - 1);
	assert.deepEqual(due(seen), []);
	clock.advance(1);
	assert.deepEqual(due(seen), [idle.session.id]);
	// One that was needed until now waits as long as any other, and one that works does not wait.
	busy.turn = { abort: () => undefined, done: Promise.resolve() };
	clock.advance(MAX_IDLE_MS);
	assert.deepEqual(due(seen), [idle.session.id]);
	busy.turn = undefined;
	assert.deepEqual(due(seen, idle), []);
	clock.advance(MAX_IDLE_MS);
	assert.deepEqual(due(seen, idle), [busy.session.id]);
	const lease = join(windows.folder, 'sessions', `${busy.session.id}.lease`);
	assert.ok(existsSync(lease));
	await sessions.close(busy.session.id);
	assert.equal(readOwner(lease, 'b')?.isAlive ?? false, false);
	const other = await windows.open('b').sessions.open(busy.session.id);
	assert.equal(other.session.readOnlyReason, undefined);
});

test('listeners hear of what opens and closes', async (t) => {
	const { sessions } = createWindows(t).open('a');
	const heard: string[] = [];
	sessions.onDidOpen(({ session }) => heard.push(`open ${session.id}`));
	sessions.onDidClose(({ session }) => heard.push(`close ${session.id}`));
	const { session } = await sessions.create();
	session.append({ type: 'user', content: [{ type: 'text', text: 'Hello' }] });
	await sessions.open(session.id, { isFresh: true });
	assert.deepEqual(heard, [`open ${session.id}`, `close ${session.id}`, `open ${session.id}`]);
});

test('1,000 sessions that were opened and closed leave nothing behind', { timeout: 120_000 }, async (t) => {
	setFlagsFromString('--expose-gc');
	const gc: () => void = runInNewContext('gc');
	const window = createWindows(t).open('a');
	const { sessions } = window;
	const cycle = async (count: number) => {
		for (let index = 0; index < count; index++) {
			const open = await sessions.create();
			say(open, `Prompt ${index} ${'x'.repeat(2000)}`);
			endTurn(open);
			const { id } = open.session;
			await sessions.close(id);
			// As it is used most: looked at again, and left.
			if (index % 4 === 0) {
				const again = await sessions.open(asSessionId(id));
				assert.ok(again.rows().length >= 2);
				await sessions.close(id);
			}
		}
	};
	const measure = async () => {
		// Closing is done, but promises and finalisers of the last ones may be due.
		for (let round = 0; round < 3; round++) {
			await new Promise((resolve) => setImmediate(resolve));
			gc();
		}
		const resources = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
		const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
		return { heapBytes: process.memoryUsage().heapUsed, resources: resources.sort().join(' '), descriptors };
	};
	await cycle(50);
	const before = await measure();
	await cycle(1000);
	let after = await measure();
	const isOut = () => after.resources !== before.resources || after.descriptors !== before.descriptors;
	for (let tries = 0; isOut() && tries < 100; tries++) after = await measure();
	assert.deepEqual(sessions.all, []);
	assert.deepEqual(
		{ resources: after.resources, descriptors: after.descriptors, watched: window.watched, attached: window.attached },
		{ resources: before.resources, descriptors: before.descriptors, watched: 0, attached: 0 },
	);
	const grownBytes = after.heapBytes - before.heapBytes;
	assert.ok(grownBytes < 5 * 1024 * 1024, `${(grownBytes / 1024 / 1024).toFixed(1)} MB more than before`);
	assert.deepEqual(window.errors, []);
});
