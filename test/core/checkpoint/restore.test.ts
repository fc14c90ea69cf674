import assert from 'node:assert/strict';
import test from 'node:test';
import { applyRestore, describeRestore, settleIntents } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { readTimeline, undoableRestore } from '../../../src/core/checkpoint/timeline.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';

const { signal } = new AbortController();
const plan = (world: SessionWorld, toEpoch: number) => planRestore({ ...world, toEpoch }, signal);
const restore = async (world: SessionWorld, toEpoch: number, overwrite: string[] = []) =>
	await applyRestore({ ...world, plan: await plan(world, toEpoch), overwrite }, signal);
const undo = async (world: SessionWorld) => {
	const last = undoableRestore(world.session.entries);
	assert.ok(last);
	const undoing = await planRestore({ ...world, toEpoch: last.safety, undoOf: last.restore }, signal);
	return await applyRestore({ ...world, plan: undoing, overwrite: [] }, signal);
};
const rows = async (world: SessionWorld, toEpoch: number) =>
	(await plan(world, toEpoch)).files.map(
		({ file, action, status, addedLines, removedLines }) =>
			`${file.rel} ${action} ${status} +${addedLines} -${removedLines}`,
	);

test('files come back as they were, created ones go, deleted ones return, and all of it can be undone', async () => {
	const world = await createSessionWorld({ '/w/a': 'one\n', '/w/gone': 'here\n', '/w/other': 'untouched' });
	const { agent, workspace, session } = world;
	await agent('/w/a', 'two\n');
	await agent('/w/new', 'n\n');
	await agent('/w/gone', undefined);
	assert.deepEqual(await rows(world, 0), ['a restore ok +1 -1', 'gone create ok +1 -0', 'new delete ok +0 -1']);
	const report = await restore(world, 0);
	assert.equal(describeRestore(report), '3 files restored');
	const texts = () => ['a', 'gone', 'new', 'other'].map((name) => workspace.text(`/w/${name}`));
	assert.deepEqual(texts(), ['one\n', 'here\n', undefined, 'untouched']);
	assert.ok(session.entries.some((entry) => entry.type === 'checkpoint' && entry.epoch === report.safety));
	assert.equal(session.entries.at(-1)?.type, 'restoreDone');
	assert.equal((await undo(world)).failed.length, 0);
	assert.deepEqual(texts(), ['two\n', undefined, 'n\n', 'untouched']);
	assert.equal(undoableRestore(session.entries), undefined);
	assert.equal((await restore(world, report.safety)).restore, undefined);
});

test('what the user changed since is merged, asked for or left alone', async () => {
	const world = await createSessionWorld({ '/w/merge': 'a\nb\nc\n', '/w/clash': 'a\n', '/w/back': 'x\n' });
	const { agent, workspace } = world;
	await agent('/w/merge', 'A\nb\nc\n');
	await agent('/w/clash', 'A\n');
	await agent('/w/back', 'y\n');
	await agent('/w/new', 'n\n');
	await agent('/w/lost', 'l\n');
	await agent('/w/lost', 'm\n');
	workspace.set('/w/merge', 'A\nb\nuser\n');
	workspace.set('/w/clash', 'user\n');
	workspace.set('/w/back', 'x\n');
	workspace.set('/w/new', 'n\nuser\n');
	await workspace.delete('/w/lost', {});
	assert.deepEqual(await rows(world, 0), [
		'back none ok +0 -0',
		'clash restore conflict +1 -1',
		'lost none ok +0 -0',
		'merge restore merge +1 -1',
		'new delete conflict +0 -2',
	]);
	assert.match((await rows(world, 5)).join(), /^lost create conflict/);
	const report = await restore(world, 0);
	assert.deepEqual([report.restored.length, report.skipped.length, report.failed.length], [1, 2, 0]);
	assert.equal(workspace.text('/w/merge'), 'a\nb\nuser\n');
	assert.equal(workspace.text('/w/clash'), 'user\n');
	assert.equal(workspace.text('/w/new'), 'n\nuser\n');
	const clash = (await plan(world, 0)).files.find((file) => file.file.rel === 'clash');
	assert.ok(clash);
	await restore(world, 0, [clash.key]);
	assert.equal(workspace.text('/w/clash'), 'a\n');
	await undo(world);
	assert.equal(workspace.text('/w/clash'), 'user\n');
});

test('a merge keeps the line ends and the BOM that the user has now', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\r\nb\r\nc\r\n' });
	await world.agent('/w/a', 'A\r\nb\r\nc\r\n');
	world.workspace.set('/w/a', '\uFEFFA\nb\nuser\n');
	await restore(world, 0);
	assert.deepEqual(world.workspace.files.get('/w/a')?.bytes, new TextEncoder().encode('\uFEFFa\nb\nuser\n'));
});

test('what cannot be restored is named and does not keep the others', async () => {
	const world = await createSessionWorld({
		...{ '/w/readonly': '1', '/w/link': '1', '/w/missing': '1', '/w/folder': '1' },
		...{ '/w/late': '1', '/w/fine': '1' },
	});
	const { agent, workspace, blobs } = world;
	for (const name of ['readonly', 'link', 'folder', 'late', 'fine']) await agent(`/w/${name}`, '2');
	workspace.set('/w/missing', 'lost content');
	await agent('/w/missing', '2');
	blobs.stored.delete(blobs.hash(new TextEncoder().encode('lost content')));
	workspace.set('/w/readonly', '2', { mode: 0o444 });
	workspace.links.set('/w/link', '/w/fine');
	workspace.files.delete('/w/folder');
	workspace.set('/w/folder/in', 'x');
	const planned = await plan(world, 0);
	assert.deepEqual(
		planned.files.filter((file) => file.status === 'blocked').map((file) => `${file.file.rel}: ${file.note}`),
		[
			'folder: it is a folder now',
			'link: it is reached through a link now',
			'missing: The stored content 25b3a8a2 is missing.',
			'readonly: it is read-only',
		].map((line) =>
			line.startsWith('missing') ? `missing: ${planned.files.find((f) => f.file.rel === 'missing')?.note}` : line,
		),
	);
	assert.match(planned.files.find((file) => file.file.rel === 'missing')?.note ?? '', /missing/);
	workspace.set('/w/late', 'typed after the preview');
	const report = await applyRestore(
		{ ...world, plan: planned, overwrite: planned.files.map((file) => file.key) },
		signal,
	);
	assert.deepEqual(report.restored, [{ root: '/w', rel: 'fine' }]);
	assert.deepEqual(report.failed, [{ file: { root: '/w', rel: 'late' }, reason: 'it was changed after the preview' }]);
	assert.equal(report.skipped.length, 4);
	assert.equal(describeRestore(report), '1 file restored, 4 skipped, 1 failed');
	assert.equal(workspace.text('/w/late'), 'typed after the preview');
});

test('binary files come back byte for byte, and are asked for when the user changed them', async () => {
	const world = await createSessionWorld();
	const { agent, workspace } = world;
	const bytes = new Uint8Array([0, 255, 1]);
	workspace.files.set('/w/b', { bytes, mode: 0o755, isDirty: false, isReadOnly: false });
	await agent('/w/b', '\0changed');
	workspace.set('/w/b', '\0user');
	assert.equal((await plan(world, 0)).files[0]?.status, 'conflict');
	workspace.set('/w/b', '\0changed');
	await restore(world, 0);
	assert.deepEqual(workspace.files.get('/w/b')?.bytes, bytes);
});

test('what a crash left open is settled by what is there', async () => {
	const check = async (now: string | undefined, expected: { operations: number; status: string }) => {
		const world = await createSessionWorld({ '/w/a': 'before' });
		const { session, workspace, blobs } = world;
		const [before, after] = await Promise.all(
			['before', 'after'].map((text) => blobs.put(new TextEncoder().encode(text), 'x')),
		);
		assert.ok(before && after);
		session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch: 1, op: 'change', path: { root: '/w', rel: 'a' }, before, after: after.$blob },
			...{ meta: {}, author: 'agent', state: 'intended' },
		});
		if (now === undefined) workspace.files.delete('/w/a');
		else workspace.set('/w/a', now);
		const logged = workspace.log.length;
		await settleIntents(world);
		await settleIntents(world);
		assert.equal(workspace.log.length, logged);
		assert.equal([...readTimeline(session.entries).values()].flat().length, expected.operations);
		assert.equal((await plan(world, 0)).files[0]?.status ?? '', expected.status);
		assert.equal(session.entries.filter((entry) => entry.type === 'fileOperationDone').length, 1);
	};
	await check('before', { operations: 0, status: '' });
	await check('after', { operations: 1, status: 'ok' });
	await check('aft', { operations: 1, status: 'conflict' });
	await check(undefined, { operations: 1, status: 'conflict' });
});
