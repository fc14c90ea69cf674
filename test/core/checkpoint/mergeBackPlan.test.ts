/** Bringing a worktree's changes into the workspace: three ways, nothing of either side lost, undone and made again like any restore. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { planMergeBack } from '../../../src/core/checkpoint/mergeBackPlan.ts';
import { applyRestore, resolveConflict } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import type { WorktreeChange, WorktreeSide } from '../../../src/core/worktree/worktreePort.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';

const { signal } = new AbortController();
type Side = string | undefined;

const sideOf = (text: Side, mode = 0o644): WorktreeSide =>
	text === undefined
		? { kind: 'absent' }
		: { kind: 'file', meta: { mode }, bytes: async () => new TextEncoder().encode(text) };
const change = (rel: string, base: Side, now: Side): WorktreeChange => ({
	file: { root: '/w', rel },
	base: sideOf(base),
	now: sideOf(now),
});
const plan = (world: SessionWorld, changes: readonly WorktreeChange[]) => planMergeBack({ ...world, changes }, signal);
const rows = async (world: SessionWorld, changes: readonly WorktreeChange[]) =>
	(await plan(world, changes)).files.map(({ file, action, status }) => `${file.rel} ${action} ${status}`);
const merge = async (world: SessionWorld, changes: readonly WorktreeChange[], overwrite: string[] = []) =>
	await applyRestore({ ...world, plan: await plan(world, changes), overwrite }, signal);
const undo = async (world: SessionWorld) => {
	const last = world.session.entries.findLast((entry) => entry.type === 'restore');
	assert.ok(last);
	const undoing = await planRestore({ ...world, toEpoch: last.safety, undoOf: last.id }, signal);
	return await applyRestore({ ...world, plan: undoing, overwrite: [] }, signal);
};

test('takes over what only the worktree changed, merges what both did, and leaves a conflict to the user', async () => {
	const world = await createSessionWorld({
		'/w/only': 'a\n',
		'/w/both': 'a\nb\nc\nuser\n',
		'/w/clash': 'user\n',
		'/w/gone': 'g\n',
		'/w/goneChanged': 'user\n',
		'/w/twice': 'user\n',
		'/w/same': 'new\n',
	});
	const changes = [
		change('only', 'a\n', 'A\n'),
		change('both', 'a\nb\nc\n', 'A\nb\nc\n'),
		change('clash', 'a\n', 'A\n'),
		change('gone', 'g\n', undefined),
		change('goneChanged', 'g\n', undefined),
		change('twice', undefined, 'agent\n'),
		change('made/new', undefined, 'n\n'),
		change('deletedHere', 'd\n', 'D\n'),
		change('same', 'old\n', 'new\n'),
		change('bothGone', 'b\n', undefined),
	];
	assert.deepEqual(await rows(world, changes), [
		'both restore merge',
		'clash restore conflict',
		'deletedHere create conflict',
		'gone delete ok',
		'goneChanged delete conflict',
		'made/new create ok',
		'only restore ok',
		'twice restore conflict',
	]);
	const { restored, skipped } = await merge(world, changes);
	assert.deepEqual([restored.length, skipped.length], [4, 4]);
	const { workspace, session } = world;
	assert.deepEqual(
		['only', 'both', 'clash', 'gone', 'goneChanged', 'twice', 'made/new'].map((rel) => workspace.text(`/w/${rel}`)),
		['A\n', 'A\nb\nc\nuser\n', 'user\n', undefined, 'user\n', 'user\n', 'n\n'],
	);
	const entry = session.entries.findLast((one) => one.type === 'restore');
	assert.ok(entry?.mergeBack && entry.files.every(({ taken }) => taken !== undefined));
	await undo(world);
	assert.deepEqual(
		['only', 'both', 'gone', 'made/new'].map((rel) => workspace.text(`/w/${rel}`)),
		['a\n', 'a\nb\nc\nuser\n', 'g\n', undefined],
	);
});

test('a second merge goes from the first one, unless that was undone', async () => {
	const world = await createSessionWorld({ '/w/f': 'a\nb\n' });
	const { workspace } = world;
	await merge(world, [change('f', 'a\nb\n', 'A\nb\n')]);
	assert.deepEqual(await rows(world, [change('f', 'a\nb\n', 'A\nb\n')]), []);
	// The same line again: against the start it would be a conflict.
	const again = [change('f', 'a\nb\n', 'AA\nb\n')];
	assert.deepEqual(await rows(world, again), ['f restore ok']);
	workspace.set('/w/f', 'A\nb\nuser\n');
	assert.deepEqual(await rows(world, again), ['f restore merge']);
	workspace.set('/w/f', 'A\nb\n');
	await undo(world);
	assert.equal(workspace.text('/w/f'), 'a\nb\n');
	// Undone, it counts no more: the same state of the worktree is offered again.
	assert.deepEqual(await rows(world, [change('f', 'a\nb\n', 'A\nb\n')]), ['f restore ok']);
	await merge(world, again);
	assert.equal(workspace.text('/w/f'), 'AA\nb\n');
});

test('a conflict that was settled is not asked about again, until the worktree changes the file', async () => {
	const world = await createSessionWorld({ '/w/f': 'user\n', '/w/kept': 'user\n' });
	const changes = [change('f', 'a\n', 'agent\n'), change('kept', 'a\n', 'agent\n')];
	await merge(world, changes);
	const conflict = world.session.entries.findLast((one) => one.type === 'restore');
	assert.ok(conflict);
	const settle = async (rel: string, text: string) => {
		const whole = await plan(world, changes);
		const planned = whole.files.find(({ file }) => file.rel === rel);
		assert.ok(planned);
		await resolveConflict({ ...world, plan: whole, planned, text, resolves: conflict.id }, signal);
	};
	await settle('f', 'user and agent\n');
	await settle('kept', 'user\n');
	assert.equal(world.workspace.text('/w/f'), 'user and agent\n');
	assert.deepEqual(await rows(world, changes), []);
	assert.deepEqual(await rows(world, [change('kept', 'a\n', 'more\n')]), ['kept restore conflict']);
});

test('permissions go along when the worktree changed them, and nothing else of them', async () => {
	const world = await createSessionWorld();
	world.workspace.set('/w/run', 'x\n', { mode: 0o600 });
	world.workspace.set('/w/text', 'x\n', { mode: 0o600 });
	const side = (text: string, mode: number) => sideOf(text, mode);
	const file = (rel: string) => ({ root: '/w', rel });
	const changes: WorktreeChange[] = [
		{ file: file('run'), base: side('x\n', 0o644), now: side('x\n', 0o755) },
		{ file: file('text'), base: side('x\n', 0o644), now: side('y\n', 0o644) },
	];
	assert.deepEqual(await rows(world, changes), ['run mode ok', 'text restore ok']);
	await merge(world, changes);
	const modes = await Promise.all(
		['/w/run', '/w/text'].map(async (path) => {
			const now = await world.workspace.read(path);
			return now.kind === 'file' ? now.meta.mode : undefined;
		}),
	);
	assert.deepEqual(modes, [0o711, 0o600]);
});

test('a start that is not known any more makes a question, never a merge', async () => {
	const world = await createSessionWorld({ '/w/f': 'user\n' });
	const lost: WorktreeSide = { kind: 'file', meta: { mode: 0o644 }, bytes: async () => undefined };
	const changes = [{ file: { root: '/w', rel: 'f' }, base: lost, now: sideOf('agent\n') }];
	assert.deepEqual(await rows(world, changes), ['f restore conflict']);
	await merge(world, changes);
	assert.equal(world.workspace.text('/w/f'), 'user\n');
});

/** Texts of few lines, so that both sides often touch the same ones; some have no newline at the end. */
const text = fc.option(
	fc.tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 6 }), fc.boolean()).map(([lines, isClosed]) =>
		lines
			.map((line) => `${line}\n`)
			.join('')
			.slice(0, isClosed ? undefined : -1),
	),
	{ nil: undefined },
);
const linesOf = (side: Side): string[] => (side ?? '').split('\n').filter((line) => line !== '');

test('whatever both did, no line of either is lost, and undoing brings back the very bytes', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.record({ base: text, ours: text, theirs: text }), { minLength: 1, maxLength: 5 }),
			async (files) => {
				const world = await createSessionWorld();
				const { workspace } = world;
				const name = (index: number) => `f${index}`;
				for (const [index, { ours }] of files.entries())
					if (ours !== undefined) workspace.set(`/w/${name(index)}`, ours);
				const changes = files.flatMap(({ base, theirs }, index) =>
					base === theirs ? [] : [change(name(index), base, theirs)],
				);
				const { skipped } = await merge(world, changes);
				const left = new Set(skipped.map(({ file }) => file.rel));
				files.forEach(({ base, ours, theirs }, index) => {
					const now = workspace.text(`/w/${name(index)}`);
					// What only one side changed is that side's; a conflict stays as the user has it.
					if (base === theirs || left.has(name(index))) assert.equal(now, ours);
					else if (base === ours) assert.equal(now, theirs);
					else {
						for (const side of [ours, theirs])
							for (const line of linesOf(side).filter((one) => !linesOf(base).includes(one)))
								assert.ok(linesOf(now).includes(line), `${line} of ${JSON.stringify(files[index])} is not in ${now}`);
					}
				});
				if (world.session.entries.some((entry) => entry.type === 'restore')) await undo(world);
				for (const [index, { ours }] of files.entries()) assert.equal(workspace.text(`/w/${name(index)}`), ours);
			},
		),
		{ numRuns: Number(process.env.RETRACE_RUNS ?? 150) },
	);
});
