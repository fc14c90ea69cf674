import assert from 'node:assert/strict';
import test from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { keepHunk, pendingHunks, undoHunk } from '../../../src/core/edit/pendingHunks.ts';
import { loadReview, readReviews, recordVerdict } from '../../../src/core/edit/reviewLog.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';

async function load({ session, blobs, workspace }: SessionWorld) {
	const review = readReviews(session.entries).get('/w\na');
	const state = review && (await loadReview(review, blobs));
	const current = workspace.text('/w/a') ?? '';
	return review && state && { review, current, pending: pendingHunks(state, current) };
}
const hunkCount = async (world: SessionWorld) => (await load(world))?.pending.hunks.length;

async function judge(world: SessionWorld, verdict: 'keep' | 'undo', index: number) {
	const loaded = await load(world);
	const hunk = loaded?.pending.hunks[index];
	assert.ok(loaded && hunk);
	const { review, current, pending } = loaded;
	const text = verdict === 'undo' ? undoHunk(pending, current, hunk) : current;
	const base = verdict === 'keep' ? keepHunk(pending, current, hunk) : pending.base;
	world.workspace.set('/w/a', text);
	await recordVerdict({ ...world, review, verdict, pending, hunks: [hunk], base, text });
}

test('verdicts are read back from the log, and later changes are pending again', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\nb\nc\nd\ne\n' });
	assert.equal(await hunkCount(world), undefined);
	await world.agent('/w/a', 'A\nb\nC\nd\nE\n');
	assert.equal(await hunkCount(world), 3);
	await judge(world, 'keep', 0);
	assert.equal(await hunkCount(world), 2);
	await judge(world, 'undo', 0);
	assert.equal(world.workspace.text('/w/a'), 'A\nb\nc\nd\nE\n');
	assert.equal(await hunkCount(world), 1);
	world.workspace.set('/w/a', 'A user\nb\nc user\nd\nE\n');
	assert.equal(await hunkCount(world), 1);
	await judge(world, 'keep', 0);
	assert.equal(await hunkCount(world), 0);
	assert.deepEqual(readReviews(world.session.entries).get('/w\na')?.epochs, []);
	await world.agent('/w/a', 'A user\nb\nc user\nd\nE\nF\n');
	assert.equal(await hunkCount(world), 1);
	assert.deepEqual(readReviews(world.session.entries).get('/w\na')?.epochs, [2]);
});

test('what was accepted in a diff is reviewed; what a restore took back is not pending, and is again when that is undone', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\n' });
	await world.agent('/w/a', 'b\n');
	const { signal } = new AbortController();
	const goTo = async (toEpoch: number) =>
		await applyRestore({ ...world, plan: await planRestore({ ...world, toEpoch }, signal), overwrite: [] }, signal);
	const { safety } = await goTo(0);
	assert.equal(await hunkCount(world), 0);
	await goTo(safety);
	assert.equal(await hunkCount(world), 1);
	const operation = world.session.entries.find((entry) => entry.type === 'fileOperation');
	assert.ok(operation?.type === 'fileOperation' && operation.toolUseId);
	const toolUseId = asToolUseId(operation.toolUseId);
	world.session.append<'editDecided'>({ type: 'editDecided', toolUseId, verdict: 'accept' });
	assert.equal(await hunkCount(world), undefined);
});

test('a file that is no text has nothing to review', async () => {
	const world = await createSessionWorld();
	await world.agent('/w/a', '\0');
	assert.equal(await hunkCount(world), undefined);
});
