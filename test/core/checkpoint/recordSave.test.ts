import assert from 'node:assert/strict';
import test from 'node:test';
import { recordSave } from '../../../src/core/checkpoint/recordSave.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';

const file = { root: '/w', rel: 'a' };
const { signal } = new AbortController();
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The editor saves `saved` where `left` was. */
async function save(world: SessionWorld, left: string, saved: string): Promise<boolean> {
	world.workspace.set('/w/a', saved);
	return await recordSave(world, { file, left: world.blobs.hash(bytesOf(left)), saved: bytesOf(saved), meta: {} });
}
const statuses = async (world: SessionWorld) =>
	(await planRestore({ ...world, toEpoch: 0 }, signal)).files.map(({ action, status }) => `${action} ${status}`);

test('what a formatter did on save goes with the change of the agent, without a question', async () => {
	const world = await createSessionWorld({ '/w/a': 'one\n' });
	await world.agent('/w/a', 'two( "x" )\n');
	assert.equal(await save(world, 'two( "x" )\n', "two('x');\n"), true);
	const saved = world.session.entries.at(-1);
	assert.ok(saved?.type === 'fileOperation' && saved.author === 'save' && saved.state === 'done' && saved.epoch === 2);
	assert.deepEqual(await statuses(world), ['restore ok']);
	await applyRestore({ ...world, plan: await planRestore({ ...world, toEpoch: 0 }, signal), overwrite: [] }, signal);
	assert.equal(world.workspace.text('/w/a'), 'one\n');
});

test('what the user typed before or after such a save is still kept', async () => {
	const world = await createSessionWorld({ '/w/a': 'one\ntwo\nthree\nfour\n' });
	await world.agent('/w/a', 'ONE\ntwo\nthree\nfour\n');
	assert.equal(await save(world, 'ONE\ntwo\nthree\nfour\n', 'ONE;\ntwo\nthree\nfour\n'), true);
	world.workspace.set('/w/a', 'ONE;\ntwo\nthree\nuser\n');
	assert.deepEqual(await statuses(world), ['restore merge']);
	await applyRestore({ ...world, plan: await planRestore({ ...world, toEpoch: 0 }, signal), overwrite: [] }, signal);
	assert.equal(world.workspace.text('/w/a'), 'one\ntwo\nthree\nuser\n');
});

test('nothing is recorded when it may be somebody’s work, or told otherwise', async () => {
	const check = async (left: string, saved: string, before: (world: SessionWorld) => void = () => undefined) => {
		const world = await createSessionWorld({ '/w/a': 'one\n' });
		await world.agent('/w/a', 'two\n');
		before(world);
		const count = world.session.entries.length;
		assert.equal(await save(world, left, saved), false, saved);
		assert.equal(world.session.entries.length, count);
	};
	await check('two\n', 'two, and three\n');
	await check('two\n', 'two\n');
	await check('typed\n', 'typed \n');
	await check('two\n', 'two\0\n');
	await check('two\n', 'two \n', ({ session }) => session.setState('runningTool'));
	await check('two\n', 'two \n', ({ session }) =>
		session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch: 2, op: 'change', path: file, before: 'notCaptured', after: 'absent' },
			...{ meta: {}, author: 'agent', state: 'intended' },
		}),
	);
});
