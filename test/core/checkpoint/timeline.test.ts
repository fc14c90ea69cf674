import assert from 'node:assert/strict';
import test from 'node:test';
import {
	epochBefore,
	newestEpoch,
	openIntents,
	operationsAfter,
	readTimeline,
	undoableRestore,
} from '../../../src/core/checkpoint/timeline.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

test('a file at an epoch is what the next operation found, with what the user did in between', async () => {
	const { agent, workspace, session, blobs } = await createSessionWorld({ '/w/a': 'one' });
	await agent('/w/a', 'two');
	workspace.set('/w/a', 'two and user');
	await agent('/w/a', 'three');
	await agent('/w/b', 'new');
	const timeline = readTimeline(session.entries);
	const at = (rel: string, epoch: number) => {
		const found = operationsAfter(timeline.get(`/w\n${rel}`) ?? [], epoch)[0]?.before;
		return found === undefined || found === 'absent' ? found : new TextDecoder().decode(blobs.stored.get(found));
	};
	assert.deepEqual(
		[0, 1, 2].map((epoch) => at('a', epoch)),
		['one', 'two and user', undefined],
	);
	assert.deepEqual(
		[0, 2, 3].map((epoch) => at('b', epoch)),
		['absent', 'absent', undefined],
	);
	assert.equal(at('c', 0), undefined);
});

test('the epoch of a prompt is that of its checkpoint, or follows from its place in the log', async () => {
	const { agent, session } = await createSessionWorld();
	const prompt = () => session.append<'user'>({ type: 'user', content: [{ type: 'text', text: 'p' }] })[0]?.id;
	const first = prompt();
	await agent('/w/a', '1');
	const second = prompt();
	await agent('/w/a', '2');
	const third = prompt();
	assert.ok(first && second && third);
	session.append<'checkpoint'>({ type: 'checkpoint', epoch: 2, prompt: third });
	assert.deepEqual(
		[first, second, third].map((id) => epochBefore(session.entries, id)),
		[0, 1, 2],
	);
	assert.equal(newestEpoch(session.entries), 2);
	assert.equal(undoableRestore(session.entries), undefined);
});

test('an intent without an end is open, with what the next operation found', async () => {
	const { agent, session } = await createSessionWorld({ '/w/a': 'one' });
	const before = await createSessionWorld().then(({ blobs }) => blobs.put(new Uint8Array([1]), 'x'));
	const intend = (rel: string, epoch: number) =>
		session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch, op: 'change', path: { root: '/w', rel }, before, after: 'absent' },
			...{ meta: {}, author: 'agent', state: 'intended' },
		});
	intend('a', 1);
	await agent('/w/a', 'two');
	intend('b', 3);
	const open = openIntents(session.entries);
	assert.deepEqual(
		open.map(({ intent, nextBefore }) => [intent.epoch, nextBefore !== undefined]),
		[
			[1, true],
			[3, false],
		],
	);
});
