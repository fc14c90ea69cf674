/** What the user keeps of a restore, merges of conflicts by hand, and taking back one turn alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { conflictTexts, planHunks } from '../../../src/core/checkpoint/planHunks.ts';
import { applyRestore, type RestoreChoice, resolveConflict } from '../../../src/core/checkpoint/restore.ts';
import { type PlannedFile, planRestore, planTurnUndo } from '../../../src/core/checkpoint/restorePlan.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';
import { recordShell } from '../../fakes/shellEffects.ts';

const { signal } = new AbortController();
const plan = (world: SessionWorld) => planRestore({ ...world, toEpoch: 0 }, signal);
const only = (files: readonly PlannedFile[]): PlannedFile => {
	const [file] = files;
	assert.ok(file && files.length === 1);
	return file;
};
const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join('');

describe('keeping', () => {
	const prepare = async () => {
		const world = await createSessionWorld({ '/w/a': lines('1', '2', '3', '4', '5'), '/w/b': 'b\n' });
		await world.agent('/w/a', lines('A', '2', '3', '4', 'E'));
		await world.agent('/w/b', 'agent\n');
		const planned = await plan(world);
		const [a, b] = planned.files;
		assert.ok(a && b);
		const apply = (choice: Partial<RestoreChoice>) =>
			applyRestore({ ...world, plan: planned, overwrite: [], ...choice }, signal);
		return { world, a, b, apply };
	};

	test('a file leaves it as it is', async () => {
		const { world, b, apply } = await prepare();
		const report = await apply({ keep: [b.key] });
		assert.deepEqual([report.kept, report.skipped, report.restored.length], [[b.file], [], 1]);
		assert.equal(world.workspace.text('/w/b'), 'agent\n');
	});

	test('a hunk leaves its lines as they are', async () => {
		const { world, a, apply } = await prepare();
		const hunks = (await planHunks(world, a))?.hunks;
		assert.deepEqual(
			hunks?.map(({ baseStart, baseEnd }) => [baseStart, baseEnd]),
			[
				[0, 1],
				[4, 5],
			],
		);
		await apply({ keepHunks: { [a.key]: [1] } });
		assert.equal(world.workspace.text('/w/a'), lines('1', '2', '3', '4', 'E'));
	});

	test('all hunks keeps the file', async () => {
		const { world, a, apply } = await prepare();
		const report = await apply({ keepHunks: { [a.key]: [0, 1] } });
		assert.deepEqual(report.kept, [a.file]);
		assert.equal(world.workspace.text('/w/a'), lines('A', '2', '3', '4', 'E'));
	});

	test('of a file that changed after the preview fails, and leaves it alone', async () => {
		const { world, a, apply } = await prepare();
		world.workspace.set('/w/a', 'typed\n');
		const report = await apply({ keepHunks: { [a.key]: [1] } });
		assert.deepEqual(report.failed, [{ file: a.file, reason: 'it was changed after the preview' }]);
		assert.equal(world.workspace.text('/w/a'), 'typed\n');
	});

	test('is by whole files where there are no lines to choose from', async () => {
		const world = await createSessionWorld({ '/w/gone': 'g\n' });
		await world.agent('/w/gone', undefined);
		await world.agent('/w/new', 'n\n');
		for (const file of (await plan(world)).files) assert.equal(await planHunks(world, file), undefined);
	});
});

describe('a conflict', () => {
	const prepare = async () => {
		const world = await createSessionWorld({ '/w/a': '\uFEFF1\r\n2\r\n3\r\n' });
		await world.agent('/w/a', '\uFEFFagent\r\n2\r\n3\r\n');
		world.workspace.set('/w/a', '\uFEFFuser\r\n2\r\n3\r\n');
		const planned = await plan(world);
		const file = only(planned.files);
		assert.equal(file.status, 'conflict');
		return { world, file, planned };
	};

	test('gives the three texts and the merge with markers', async () => {
		const { world, file } = await prepare();
		const texts = await conflictTexts(world, file);
		assert.deepEqual(
			[texts?.ancestor, texts?.ours, texts?.theirs],
			[lines('agent', '2', '3'), lines('user', '2', '3'), lines('1', '2', '3')],
		);
		assert.equal(texts?.conflicts, 1);
		assert.match(texts?.mergedWithMarkers ?? '', /^<<<<<<< now\nuser\n(?:.*\n)*1\n>>>>>>> to restore\n2\n3\n$/);
	});

	test('is resolved with the text of the user, in the form of the file, and that can be undone', async () => {
		const { world, file, planned } = await prepare();
		const restore = await resolveConflict({ ...world, plan: planned, planned: file, text: lines('both', '2') }, signal);
		assert.equal(world.workspace.text('/w/a'), 'both\r\n2\r\n');
		const bytes = world.workspace.files.get('/w/a')?.bytes;
		assert.deepEqual(bytes?.subarray(0, 3), new Uint8Array([0xef, 0xbb, 0xbf]));
		const entry = world.session.entries.find(({ id }) => id === restore);
		assert.ok(entry?.type === 'restore');
		const undo = await planRestore({ ...world, toEpoch: entry.safety }, signal);
		await applyRestore({ ...world, plan: undo, overwrite: [] }, signal);
		assert.equal(world.workspace.text('/w/a'), 'user\r\n2\r\n3\r\n');
	});

	test('that is another one by now is not resolved', async () => {
		const { world, file, planned } = await prepare();
		world.workspace.set('/w/a', 'typed on\n');
		const resolve = resolveConflict({ ...world, plan: planned, planned: file, text: 'x\n' }, signal);
		await assert.rejects(resolve, { code: 'changed-meanwhile' });
		assert.equal(world.workspace.text('/w/a'), 'typed on\n');
	});

	test('that is no text has none', async () => {
		const world = await createSessionWorld({ '/w/a': '\0one' });
		await world.agent('/w/a', '\0two');
		world.workspace.set('/w/a', '\0user');
		assert.equal(await conflictTexts(world, only((await plan(world)).files)), undefined);
	});
});

describe('taking back one turn', () => {
	const turn = async (world: SessionWorld, work: () => Promise<unknown>): Promise<EntryId> => {
		const [prompt] = world.session.append<'user'>({ type: 'user', content: [{ type: 'text', text: 'p' }] });
		assert.ok(prompt);
		await work();
		return prompt.id;
	};
	const rows = async (world: SessionWorld, prompt: EntryId) =>
		(await planTurnUndo({ ...world, prompt }, signal)).files.map(
			({ file, action, status, note }) => `${file.rel} ${action} ${status}${note && `: ${note}`}`,
		);

	test('leaves what later turns and the user changed', async () => {
		const world = await createSessionWorld({ '/w/a': lines('1', '2', '3', '4', '5', '6', '7') });
		const { workspace } = world;
		await turn(world, () => world.agent('/w/a', lines('first', '2', '3', '4', '5', '6', '7')));
		const second = await turn(world, async () => {
			await world.agent('/w/a', lines('first', '2', 'second', '4', '5', '6', '7'));
			await recordShell(world, () => workspace.set('/w/made', 'm\n'));
		});
		await turn(world, () => world.agent('/w/a', lines('first', '2', 'second', '4', 'third', '6', '7')));
		workspace.set('/w/a', lines('first', '2', 'second', '4', 'third', '6', 'user'));
		assert.deepEqual(await rows(world, second), [
			'a restore merge: it was changed since; those changes are kept',
			'made delete ok',
		]);
		const planned = await planTurnUndo({ ...world, prompt: second }, signal);
		const report = await applyRestore({ ...world, plan: planned, overwrite: [] }, signal);
		assert.deepEqual(report.failed, []);
		assert.equal(workspace.text('/w/a'), lines('first', '2', '3', '4', 'third', '6', 'user'));
		assert.equal(workspace.text('/w/made'), undefined);
		const undo = await planRestore({ ...world, toEpoch: report.safety }, signal);
		await applyRestore({ ...world, plan: undo, overwrite: [] }, signal);
		assert.equal(workspace.text('/w/a'), lines('first', '2', 'second', '4', 'third', '6', 'user'));
	});

	test('asks where later changes are in the way, and gives the texts', async () => {
		const world = await createSessionWorld({ '/w/a': lines('1', '2') });
		const first = await turn(world, () => world.agent('/w/a', lines('first', '2')));
		await turn(world, () => world.agent('/w/a', lines('later', '2')));
		assert.deepEqual(await rows(world, first), ['a restore conflict: the same lines were changed since']);
		const { files } = await planTurnUndo({ ...world, prompt: first }, signal);
		const texts = await conflictTexts(world, only(files));
		assert.deepEqual(
			[texts?.ancestor, texts?.ours, texts?.theirs],
			[lines('first', '2'), lines('later', '2'), lines('1', '2')],
		);
	});

	test('keeps what the user typed in the middle of it, and a restore in between is not of the turn', async () => {
		const world = await createSessionWorld({ '/w/a': lines('1', '2', '3', '4', '5') });
		const first = await turn(world, async () => {
			await world.agent('/w/a', lines('A', '2', '3', '4', '5'));
			world.workspace.set('/w/a', lines('A', '2', 'user', '4', '5'));
			await world.agent('/w/a', lines('A', '2', 'user', '4', 'E'));
			const back = await planRestore({ ...world, toEpoch: 1 }, signal);
			await applyRestore({ ...world, plan: back, overwrite: [] }, signal);
		});
		const planned = await planTurnUndo({ ...world, prompt: first }, signal);
		await applyRestore({ ...world, plan: planned, overwrite: [] }, signal);
		assert.equal(world.workspace.text('/w/a'), lines('1', '2', 'user', '4', '5'));
	});

	test('of a prompt that is not there takes back nothing', async () => {
		const world = await createSessionWorld({ '/w/a': 'a\n' });
		await world.agent('/w/a', 'b\n');
		assert.deepEqual(await rows(world, 'nobody' as EntryId), []);
	});
});
