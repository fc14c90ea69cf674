import assert from 'node:assert/strict';
import test from 'node:test';
import { createRecordingWorkspace } from '../../../src/core/checkpoint/recordingWorkspace.ts';
import { newestEpoch, readTimeline } from '../../../src/core/checkpoint/timeline.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
/** The session with another `sync`: a proxy, since the log behind it is private. */
const withSync = (session: Session, sync: () => Promise<void>): Session =>
	new Proxy(session, {
		get: (target, key) => {
			if (key === 'sync') return sync;
			const value: unknown = Reflect.get(target, key, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
const file = { root: '/w', rel: 'a.txt' };

test('what was there is stored and announced in a flushed log before the write, and what it left after it', async () => {
	const { session, workspace, blobs } = await createSessionWorld({ '/w/a.txt': 'old' });
	const seen: string[] = [];
	const recording = createRecordingWorkspace({
		session: withSync(session, async () => {
			seen.push('sync');
			await session.sync();
		}),
		blobs,
		workspace: {
			...workspace,
			write: async (absolute, bytes, options) => {
				seen.push('write');
				assert.equal(session.entries.at(-1)?.type, 'fileOperation');
				assert.ok(blobs.stored.has(blobs.hash(bytesOf('old'))));
				return await workspace.write(absolute, bytes, options);
			},
		},
	});
	const before = await workspace.read('/w/a.txt');
	assert.ok(before.kind === 'file');
	const request = { file, absolute: '/w/a.txt', before, author: 'agent', meta: {} } as const;
	const outcome = await recording.write({ ...request, bytes: bytesOf('new') });
	assert.deepEqual(seen, ['sync', 'write']);
	assert.deepEqual(outcome, { epoch: 1, after: blobs.hash(bytesOf('new')), isSaved: true });
	const done = session.entries.at(-1);
	assert.ok(done?.type === 'fileOperationDone' && done.after === outcome.after);
	assert.ok(blobs.stored.has(outcome.after));
});

test('a file the user changed in between is refused, left alone, and recorded as not done', async () => {
	const { session, workspace, blobs } = await createSessionWorld({ '/w/a.txt': 'old' });
	const recording = createRecordingWorkspace({ session, workspace, blobs });
	const before = await workspace.read('/w/a.txt');
	assert.ok(before.kind === 'file');
	workspace.set('/w/a.txt', 'user');
	const request = { file, absolute: '/w/a.txt', before, author: 'agent' } as const;
	const refused = { code: 'changed-meanwhile' };
	await assert.rejects(recording.write({ ...request, bytes: bytesOf('new'), meta: {} }), refused);
	await assert.rejects(recording.delete(request), refused);
	assert.equal(workspace.text('/w/a.txt'), 'user');
	assert.equal(readTimeline(session.entries).size, 0);
	assert.equal(newestEpoch(session.entries), 2);
});

test('text that a formatter made while saving is what the operation left', async () => {
	const { session, workspace, blobs } = await createSessionWorld({ '/w/a.txt': 'old' });
	const formatting = createRecordingWorkspace({
		session,
		blobs,
		workspace: {
			...workspace,
			write: (absolute, _bytes, options) => workspace.write(absolute, bytesOf('formatted'), options),
		},
	});
	const before = await workspace.read('/w/a.txt');
	assert.ok(before.kind === 'file');
	const { after } = await formatting.write({
		...{ file, absolute: '/w/a.txt', before, author: 'agent', meta: {} },
		bytes: bytesOf('new'),
	});
	assert.equal(after, blobs.hash(bytesOf('formatted')));
	assert.ok(blobs.stored.has(after));
});

test('operations started together get epochs of their own', async () => {
	const { agent, session } = await createSessionWorld();
	const epochs = await Promise.all([agent('/w/a', '1'), agent('/w/b', '2'), agent('/w/c', '3')]);
	assert.deepEqual(epochs.toSorted(), [1, 2, 3]);
	assert.equal(newestEpoch(session.entries), 3);
});
