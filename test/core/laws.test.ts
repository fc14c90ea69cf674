/** The laws of the design where several parts meet: what no single module's test would notice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/base/errors.ts';
import { asToolUseId } from '../../src/base/ids.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { applyRestore, settleIntents } from '../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../src/core/checkpoint/restorePlan.ts';
import { newestEpoch } from '../../src/core/checkpoint/timeline.ts';
import type { Workspace } from '../../src/core/ports.ts';
import { createFakeClock } from '../fakes/fakeClock.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';
import { createSessionWorld } from '../fakes/sessionWorld.ts';
import { createFixture } from './agent/turnFixture.ts';

const { signal } = new AbortController();

test('what the user changed between two edits of the agent outlives a rewind to before both', async () => {
	const world = await createSessionWorld({ '/w/a': '1\n2\n3\n4\n5\n6\n7\n' });
	const { agent, workspace } = world;
	await agent('/w/a', 'agent\n2\n3\n4\n5\n6\n7\n');
	workspace.set('/w/a', 'agent\n2\n3\nuser\n5\n6\n7\n');
	await agent('/w/a', 'agent\n2\n3\nuser\n5\n6\nagent\n');
	const plan = await planRestore({ ...world, toEpoch: 0 }, signal);
	assert.deepEqual(
		plan.files.map(({ status, note }) => `${status}: ${note}`),
		['merge: you changed it since; your changes are kept'],
	);
	await applyRestore({ ...world, plan, overwrite: [] }, signal);
	assert.equal(workspace.text('/w/a'), '1\n2\n3\nuser\n5\n6\n7\n');
});

test('a change of the user that cannot be kept is asked about, also when the agent wrote after it', async () => {
	const world = await createSessionWorld({ '/w/a': '1\n' });
	const { agent, workspace } = world;
	await agent('/w/a', 'agent\n');
	workspace.set('/w/a', 'agent and user\n');
	await agent('/w/a', 'agent and user\nmore\n');
	await agent('/w/new', 'n\n');
	workspace.set('/w/new', 'n\nuser\n');
	await agent('/w/new', 'n\nuser\nagent\n');
	const plan = await planRestore({ ...world, toEpoch: 0 }, signal);
	assert.deepEqual(
		plan.files.map(({ file, status }) => `${file.rel} ${status}`),
		['a conflict', 'new conflict'],
	);
	await applyRestore({ ...world, plan, overwrite: [] }, signal);
	assert.equal(workspace.text('/w/a'), 'agent and user\nmore\n');
	assert.equal(workspace.text('/w/new'), 'n\nuser\nagent\n');
});

test('a write that broke in the middle can be restored from its before-image', async () => {
	const world = await createSessionWorld({ '/w/a': 'precious\n' });
	const { session, blobs, workspace: memory } = world;
	const workspace: Workspace = {
		...memory,
		async write(path) {
			memory.set(path, 'preci');
			throw new UserError('file-damaged', 'Writing /w/a failed in the middle.');
		},
	};
	const recording = createRecordingWorkspace({ session, workspace, blobs });
	const before = await memory.read('/w/a');
	assert.ok(before.kind === 'file');
	const write = recording.write({
		...{ file: { root: '/w', rel: 'a' }, absolute: '/w/a', before, author: 'agent', toolUseId: asToolUseId('t') },
		...{ bytes: new TextEncoder().encode('new text\n'), meta: {} },
	});
	await assert.rejects(write, { code: 'file-damaged' });
	await settleIntents(world);
	const plan = await planRestore({ ...world, toEpoch: 0 }, signal);
	assert.deepEqual(
		plan.files.map(({ file, status }) => `${file.rel} ${status}`),
		['a conflict'],
	);
	await applyRestore({ ...world, plan, overwrite: plan.files.map(({ key }) => key) }, signal);
	assert.equal(memory.text('/w/a'), 'precious\n');
});

test('an operation that a stale window wrote late does not make an epoch come twice', async () => {
	const world = await createSessionWorld({ '/w/a': '1\n' });
	for (const words of ['2\n', '3\n', '4\n']) await world.agent('/w/a', words);
	const operations = world.session.entries.filter((entry) => entry.type === 'fileOperation');
	const [first] = operations;
	assert.ok(first);
	assert.equal(newestEpoch([...world.session.entries, first]), 3);
});

test('calls of a server that repeats its ids get one result each, and the request holds each id once', async () => {
	const read = (path: string) => call('Read', { file_path: path }, 'call_0');
	const model = createScriptedModel([
		{ blocks: [read('a.txt'), read('b.txt')] },
		{ blocks: [read('c.txt')] },
		{ blocks: [text('Done.')] },
	]);
	const files = { '/w/a.txt': 'A', '/w/b.txt': 'B', '/w/c.txt': 'C' };
	const fixture = await createFixture({ model, files, mode: 'acceptEdits' });
	await fixture.run('Read them');
	assert.equal(fixture.log().at(-1), 'turnEnded endTurn');
	const blocks = (model.requests[2]?.messages ?? []).flatMap((message): readonly { type: string }[] =>
		typeof message.content === 'string' ? [] : message.content,
	);
	const ids = blocks.flatMap((block) => (block.type === 'tool_use' && 'id' in block ? [block.id] : []));
	const results = blocks.flatMap((block) =>
		block.type === 'tool_result' && 'tool_use_id' in block ? [block.tool_use_id] : [],
	);
	assert.equal(new Set(ids).size, 3, 'each call has an id of its own');
	assert.deepEqual(results, ids);
	const answers = fixture.log().filter((line) => line.startsWith('toolResult'));
	assert.deepEqual(
		answers.map((line) => line.slice(-1)),
		['A', 'B', 'C'],
	);
});

test('a call whose result cannot be stored is not said to have had no effect', async () => {
	const model = createScriptedModel([{ blocks: [call('Bash', { command: 'touch x' }, 'run')] }]);
	const fixture = await createFixture({
		model,
		mode: 'auto',
		shell: () => ({ output: 'x'.repeat(200_000) }),
	});
	const put = fixture.blobs.put.bind(fixture.blobs);
	fixture.ports.blobs.put = async (bytes, mediaType, options) => {
		if (fixture.commands.length > 0) throw new UserError('blob-write-failed', 'The disk is full.');
		return await put(bytes, mediaType, options);
	};
	await fixture.run('Run it');
	assert.deepEqual(fixture.commands, ['touch x']);
	const results = fixture.log().filter((line) => line.startsWith('toolResult'));
	assert.equal(results.length, 1);
	assert.match(results[0] ?? '', /not known/);
	assert.doesNotMatch(results[0] ?? '', /not run/);
});

test('a clock that goes back moves nothing: the leaf follows the file, durations are not negative', async () => {
	const model = createScriptedModel([{ blocks: [text('One.')] }, { blocks: [text('Two.')] }]);
	const fixture = await createFixture({ model });
	await fixture.run('First');
	const clock = createFakeClock();
	clock.advance(-86_400_000);
	fixture.clock.advance(-86_400_000);
	await fixture.run('Second');
	assert.equal(fixture.session.branch().at(-1)?.id, fixture.session.leaf);
	for (const entry of fixture.session.entries) if ('durationMs' in entry) assert.ok(entry.durationMs >= 0, entry.type);
	for (const { durationMs = 0 } of fixture.traces) assert.ok(durationMs >= 0);
});

test('what a ticked conflict took and its undo gave back is asked about again by the next rewind', async () => {
	const world = await createSessionWorld({ '/w/a': '1\n' });
	const { agent, workspace } = world;
	await agent('/w/a', 'agent\n');
	workspace.set('/w/a', 'user\n');
	await agent('/w/a', 'user\nagent\n');
	const first = await planRestore({ ...world, toEpoch: 0 }, signal);
	const overwrite = first.files.map(({ key }) => key);
	const report = await applyRestore({ ...world, plan: first, overwrite }, signal);
	assert.equal(workspace.text('/w/a'), '1\n');
	await agent('/w/a', 'again\n');
	const plain = await planRestore({ ...world, toEpoch: 0 }, signal);
	assert.equal(plain.files[0]?.status, 'ok', 'what the user gave up is not asked about again');
	assert.ok(report.restore);
	const back = await planRestore({ ...world, toEpoch: report.safety, undoOf: report.restore }, signal);
	await applyRestore({ ...world, plan: back, overwrite: [] }, signal);
	assert.equal(workspace.text('/w/a'), 'user\nagent\n');
	const second = await planRestore({ ...world, toEpoch: 0 }, signal);
	assert.deepEqual(
		second.files.map(({ status }) => status),
		['conflict'],
	);
});
