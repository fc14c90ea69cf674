/** A restore of everything that can be recorded: links, permissions, renames, changes of an unknown author, and what there is no copy of. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyRestore, type RestoreChoice } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { redoableRestore, undoableRestore } from '../../../src/core/checkpoint/timeline.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';
import { recordShell } from '../../fakes/shellEffects.ts';

const { signal } = new AbortController();
const plan = (world: SessionWorld, toEpoch = 0) => planRestore({ ...world, toEpoch }, signal);
const restore = async (world: SessionWorld, toEpoch = 0, choice: RestoreChoice = { overwrite: [] }) =>
	await applyRestore({ ...world, plan: await plan(world, toEpoch), ...choice }, signal);
const rows = async (world: SessionWorld, toEpoch = 0) =>
	(await plan(world, toEpoch)).files.map(
		({ file, action, status, note, isUncertainAuthor }) =>
			`${isUncertainAuthor ? '? ' : ''}${file.rel} ${action} ${status}${note && `: ${note}`}`,
	);
const mode = (world: SessionWorld, path: string) => world.workspace.files.get(path)?.mode;
const put = (world: SessionWorld, path: string, bits: number) => {
	const file = world.workspace.files.get(path);
	if (file) world.workspace.files.set(path, { ...file, mode: bits });
};
const move = (world: SessionWorld, from: string, to: string) => {
	const file = world.workspace.files.get(from);
	world.workspace.files.delete(from);
	if (file) world.workspace.files.set(to, file);
};

describe('what a command did', () => {
	test('comes back: created, changed, deleted, moved, made executable', async () => {
		const world = await createSessionWorld({ '/w/a': 'a\n', '/w/b': 'b\n', '/w/c': 'c\n', '/w/d': 'd\n' });
		const { workspace } = world;
		await recordShell(world, () => {
			workspace.set('/w/a', 'changed\n');
			workspace.files.delete('/w/b');
			move(world, '/w/c', '/w/moved/c');
			put(world, '/w/d', 0o755);
			workspace.set('/w/new', 'n\n');
		});
		assert.deepEqual(await rows(world), [
			...['a restore ok', 'b create ok', 'c create ok', 'd mode ok', 'moved/c delete ok', 'new delete ok'],
		]);
		const report = await restore(world);
		assert.deepEqual([report.restored.length, report.failed], [6, []]);
		assert.deepEqual([...workspace.files.keys()].sort(), ['/w/a', '/w/b', '/w/c', '/w/d']);
		assert.deepEqual([workspace.text('/w/c'), mode(world, '/w/d')], ['c\n', 0o644]);
		const undo = undoableRestore(world.session.entries);
		assert.ok(undo);
		await restore(world, undo.safety);
		assert.deepEqual([...workspace.files.keys()].sort(), ['/w/a', '/w/d', '/w/moved/c', '/w/new']);
		assert.equal(mode(world, '/w/d'), 0o755);
	});

	test('a moved file stays where it is when its old place is taken', async () => {
		const world = await createSessionWorld({ '/w/a': 'user\n' });
		await recordShell(world, () => move(world, '/w/a', '/w/b'));
		world.workspace.set('/w/a', 'another one\n');
		assert.deepEqual(await rows(world), [
			'a restore conflict: you created it again since',
			'b delete conflict: it was moved here from a, which does not come back',
		]);
		await restore(world);
		assert.deepEqual([world.workspace.text('/w/a'), world.workspace.text('/w/b')], ['another one\n', 'user\n']);
		await restore(world, 0, { overwrite: (await plan(world)).files.map(({ key }) => key) });
		assert.deepEqual([world.workspace.text('/w/a'), world.workspace.text('/w/b')], ['user\n', undefined]);
	});

	test('permissions that the user set since stay', async () => {
		const world = await createSessionWorld({ '/w/a': 'a\n', '/w/b': 'b\n' });
		await recordShell(world, () => {
			put(world, '/w/a', 0o755);
			put(world, '/w/b', 0o755);
			world.workspace.set('/w/b', 'changed\n', { mode: 0o755 });
		});
		put(world, '/w/a', 0o700);
		put(world, '/w/b', 0o700);
		const note = 'its permissions were changed since and stay';
		assert.deepEqual(await rows(world), [`a none ok: ${note}`, `b restore merge: ${note}`]);
		await restore(world);
		assert.deepEqual([mode(world, '/w/a'), mode(world, '/w/b'), world.workspace.text('/w/b')], [0o700, 0o700, 'b\n']);
	});

	test('a file that the command left read-only goes back; one that the user locked does not', async () => {
		const world = await createSessionWorld({ '/w/ours': 'a\n', '/w/users': 'a\n' });
		await recordShell(world, () => {
			world.workspace.set('/w/ours', 'b\n', { mode: 0o444, isReadOnly: true });
			world.workspace.set('/w/users', 'b\n');
		});
		world.workspace.set('/w/users', 'b\n', { mode: 0o444, isReadOnly: true });
		assert.deepEqual(await rows(world), ['ours restore ok', 'users restore blocked: it is read-only']);
		const report = await restore(world);
		assert.deepEqual([report.restored.length, report.skipped.length, report.failed], [1, 1, []]);
		assert.deepEqual([world.workspace.text('/w/ours'), mode(world, '/w/ours')], ['a\n', 0o644]);
	});

	test('of which there is no copy is said, and what came of it is asked about', async () => {
		const world = await createSessionWorld({ '/w/big': 'b', '/w/a': 'a' });
		await recordShell(world, () => world.workspace.set('/w/big', 'c'), { notCaptured: ['/w/big'] });
		await recordShell(world, () => world.workspace.set('/w/made', 'm'), { notCaptured: ['/w/made'] });
		assert.deepEqual(await rows(world), [
			'big restore blocked: there is no copy of it: larger than 50 MB',
			'made delete conflict: it is not known whether you changed it since',
		]);
		assert.equal((await restore(world)).skipped.length, 2);
		assert.equal(world.workspace.text('/w/made'), 'm');
	});

	test('what may have changed unseen between two contents nobody knows is asked about', async () => {
		const world = await createSessionWorld({ '/w/a': 'a' });
		await recordShell(world, () => world.workspace.set('/w/made', '1'), { notCaptured: ['/w/made'] });
		await recordShell(world, () => world.workspace.set('/w/made', '2'), { notCaptured: ['/w/made'] });
		await recordShell(world, () => world.workspace.set('/w/made', '3'));
		assert.deepEqual(await rows(world), ['made delete conflict: you changed it since; the session created it']);
	});
});

describe('links', () => {
	const linked = async () => {
		const world = await createSessionWorld({ '/w/file': 'f\n', '/w/target': 't\n' });
		world.workspace.links.set('/w/link', 'target');
		return world;
	};
	test('are made, replaced and removed themselves, also those that point outside', async () => {
		const world = await linked();
		const { workspace } = world;
		await recordShell(world, () => {
			workspace.links.set('/w/link', '/etc/passwd');
			workspace.links.set('/w/made', 'target');
			workspace.files.delete('/w/file');
			workspace.links.set('/w/file', 'target');
			workspace.links.delete('/w/nothing');
		});
		await recordShell(world, () => {
			workspace.links.delete('/w/link');
			workspace.set('/w/link', 'a file now\n');
		});
		assert.deepEqual(await rows(world), ['file restore ok', 'link restore ok', 'made delete ok']);
		const toOutside = await restore(world, 3);
		assert.deepEqual(toOutside.failed, []);
		assert.equal(workspace.links.get('/w/link'), '/etc/passwd');
		const report = await restore(world);
		assert.deepEqual(report.failed, []);
		assert.deepEqual([...workspace.links], [['/w/link', 'target']]);
		assert.deepEqual([workspace.text('/w/file'), workspace.text('/w/target')], ['f\n', 't\n']);
	});

	test('in the place of a file that the session changed are never written through', async () => {
		const world = await createSessionWorld({ '/w/a': 'a\n', '/w/other': 'o\n' });
		await recordShell(world, () => world.workspace.set('/w/a', 'b\n'));
		const planned = await plan(world);
		world.workspace.files.delete('/w/a');
		world.workspace.links.set('/w/a', 'other');
		assert.deepEqual(await rows(world), ['a restore blocked: it is reached through a link now']);
		const report = await applyRestore({ ...world, plan: planned, overwrite: ['/w\na'] }, signal);
		assert.deepEqual(
			report.failed.map(({ reason }) => reason),
			['it is reached through a link now'],
		);
		assert.equal(world.workspace.text('/w/other'), 'o\n');
	});

	test('that the user let point elsewhere since are asked about', async () => {
		const world = await linked();
		await recordShell(world, () => world.workspace.links.set('/w/link', 'file'));
		world.workspace.links.set('/w/link', 'users');
		assert.deepEqual(await rows(world), ['link restore conflict: you changed it since, and it is not a text file']);
		const [file] = (await plan(world)).files;
		assert.ok(file);
		await restore(world, 0, { overwrite: [file.key] });
		assert.equal(world.workspace.links.get('/w/link'), 'target');
	});
});

describe('what may not be the session’s', () => {
	const mixed = async () => {
		const world = await createSessionWorld({ '/w/a': '1\n2\n3\n4\n5\n', '/w/b': 'b\n' });
		const { workspace } = world;
		await world.agent('/w/a', 'agent\n2\n3\n4\n5\n');
		await recordShell(
			world,
			() => {
				workspace.set('/w/a', 'agent\n2\nunknown\n4\n5\n');
				workspace.set('/w/b', 'unknown\n');
			},
			{ author: 'unknown' },
		);
		await world.agent('/w/a', 'agent\n2\nunknown\n4\nagent\n');
		return world;
	};
	const note = 'something else may have changed it while a command ran';

	test('stands apart, is left alone, and what was done around it goes back', async () => {
		const world = await mixed();
		assert.deepEqual(await rows(world), [
			'a restore merge: you changed it since; your changes are kept',
			`? a restore ok: ${note}`,
			`? b restore ok: ${note}`,
		]);
		const report = await restore(world);
		assert.deepEqual([report.restored.length, report.skipped.length], [1, 2]);
		assert.equal(world.workspace.text('/w/a'), '1\n2\nunknown\n4\n5\n');
		assert.equal(world.workspace.text('/w/b'), 'unknown\n');
	});

	test('goes back when it is ticked', async () => {
		const world = await mixed();
		const keys = (await plan(world)).files.flatMap((file) => (file.isUncertainAuthor ? [file.key] : []));
		const report = await restore(world, 0, { overwrite: keys });
		assert.deepEqual([report.restored.length, report.skipped], [2, []]);
		assert.deepEqual([world.workspace.text('/w/a'), world.workspace.text('/w/b')], ['1\n2\n3\n4\n5\n', 'b\n']);
	});
});

test('a restore that took back what may not be the session’s is not itself taken back by going there again', async () => {
	const world = await createSessionWorld({ '/w/a': 'user\n' });
	await recordShell(world, () => world.workspace.set('/w/a', 'unknown\n'), { author: 'unknown' });
	await restore(world, 0, { overwrite: (await plan(world)).files.map(({ key }) => key) });
	assert.equal(world.workspace.text('/w/a'), 'user\n');
	assert.deepEqual(await rows(world), []);
	await world.agent('/w/a', 'user\nagent\n');
	await restore(world);
	assert.equal(world.workspace.text('/w/a'), 'user\n');
});

describe('undo and redo', () => {
	test('work any number of times, each with a point to go back to', async () => {
		const world = await createSessionWorld({ '/w/a': 'before\n' });
		await world.agent('/w/a', 'after\n');
		await restore(world);
		const { entries } = world.session;
		const again = async (which: typeof undoableRestore) => {
			const last = which(entries);
			assert.ok(last);
			assert.equal((which === undoableRestore ? redoableRestore : undoableRestore)(entries), undefined);
			const undoing = await planRestore({ ...world, toEpoch: last.safety, undoOf: last.restore }, signal);
			await applyRestore({ ...world, plan: undoing, overwrite: [] }, signal);
			return world.workspace.text('/w/a');
		};
		for (let round = 0; round < 3; round++) {
			assert.equal(await again(undoableRestore), 'after\n');
			assert.equal(await again(redoableRestore), 'before\n');
		}
		assert.equal(entries.filter(({ type }) => type === 'checkpoint').length, 7);
	});
});

describe('names that differ in case only', () => {
	test('on a disk that does not tell them apart: the one that goes does not take the other with it', async () => {
		const world = await createSessionWorld({ '/w/Name': 'n\n' });
		const { workspace } = world;
		await recordShell(world, () => move(world, '/w/Name', '/w/name'));
		// From here on the disk finds a file by its name in any case.
		const real = (path: string) =>
			[...workspace.files.keys()].find((one) => one.toLowerCase() === path.toLowerCase()) ?? path;
		const { read, write, delete: remove } = workspace;
		workspace.read = (path, options) => read(real(path), options);
		workspace.write = (path, bytes, options) => write(real(path), bytes, options);
		workspace.delete = (path, options) => remove(real(path), options);
		assert.deepEqual(await rows(world), ['Name create ok', 'name delete ok']);
		const report = await restore(world);
		assert.deepEqual(report.failed, []);
		assert.deepEqual([...workspace.files.keys()], ['/w/Name']);
		assert.equal(workspace.text('/w/Name'), 'n\n');
	});
});
