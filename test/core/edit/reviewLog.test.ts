import assert from 'node:assert/strict';
import test from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { charsetNamed } from '../../../src/core/edit/charsets.ts';
import { carried, keepHunks, pendingOf, undoHunks } from '../../../src/core/edit/pendingHunks.ts';
import { loadReview, readReviews, recordVerdict } from '../../../src/core/edit/reviewLog.ts';
import { encodeText } from '../../../src/core/edit/textFile.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { createSessionWorld, type SessionWorld } from '../../fakes/sessionWorld.ts';

async function load({ session, blobs, workspace }: SessionWorld) {
	const review = readReviews(session.entries).get('/w\na');
	const state = review && (await loadReview(review, blobs));
	return review && state && { review, state: carried(state, workspace.text('/w/a') ?? 'absent') };
}
const hunkCount = async (world: SessionWorld) => (await load(world))?.state.hunks.length;

/** Without an index, the whole file. */
async function judge(world: SessionWorld, verdict: 'keep' | 'undo', index?: number) {
	const loaded = await load(world);
	assert.ok(loaded);
	const { review, state: before } = loaded;
	const hunks = index === undefined ? before.hunks : before.hunks.slice(index, index + 1);
	const chosen = index === undefined ? undefined : new Set(hunks);
	const after = verdict === 'keep' ? keepHunks(before, chosen) : undoHunks(before, chosen);
	if (after.text === 'absent') world.workspace.files.delete('/w/a');
	else world.workspace.set('/w/a', after.text);
	await recordVerdict({ ...world, review, verdict, hunks, before, after, epochs: hunks.flatMap((one) => one.epochs) });
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
	const [last] = (await load(world))?.state.hunks ?? [];
	await judge(world, 'keep', 0);
	const entry = world.session.entries.at(-1);
	assert.deepEqual(entry?.type === 'review' && [entry.hunk.epochs, entry.hunk.range], [
		last?.epochs,
		{ start: 4, end: 5 },
	]);
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

test('what was pending when a verdict was given is read back hunk by hunk, with the text of the user outside of them', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\nb\n1\n' });
	await world.agent('/w/a', '1\na\nb\n2\n');
	// Moved by the agent, with a line of the user where a comparison of both texts alone would put it to the agent.
	world.workspace.set('/w/a', '1\nuser\na\nb\n2\n');
	const before = (await load(world))?.state;
	const index = (before?.hunks.length ?? 0) - 1;
	await judge(world, 'keep', index);
	const now = (await load(world))?.state;
	assert.deepEqual(now?.hunks, before?.hunks.slice(0, index));
	assert.ok(now?.base !== 'absent' && now?.base.includes('user\n'));
});

test('a file that the agent deleted can be reviewed: kept it stays away, undone it is there again', async () => {
	for (const verdict of ['keep', 'undo'] as const) {
		const world = await createSessionWorld({ '/w/a': 'a\n' });
		await world.agent('/w/a', undefined);
		const loaded = await load(world);
		assert.equal(loaded && pendingOf(loaded.state).kind, 'deleted');
		await judge(world, verdict);
		assert.equal(world.workspace.text('/w/a'), verdict === 'keep' ? undefined : 'a\n');
		const again = await load(world);
		assert.equal(again && pendingOf(again.state).isPending, false);
		assert.deepEqual(again?.review.epochs, []);
	}
});

test('what a command of the agent changed is the agent’s; what others changed meanwhile is not', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\n' });
	const put = async (text: string) => await world.blobs.put(new TextEncoder().encode(text), 'text/plain');
	const change = async (author: 'shell' | 'editor' | 'save' | 'disk' | 'otherSession' | 'unknown') => {
		const [before, after] = await Promise.all([put('a\n'), put('b\n')]);
		const epoch = world.session.newestEpoch + 1;
		const draft: EntryDraft<'fileOperation'> = {
			...{ type: 'fileOperation', epoch, op: 'change', path: { root: '/w', rel: 'a' }, before, after: after.$blob },
			...{ meta: {}, author, toolUseId: asToolUseId('bash'), state: 'done' },
		};
		world.session.append(draft);
	};
	for (const author of ['editor', 'save', 'disk', 'otherSession', 'unknown'] as const) await change(author);
	world.workspace.set('/w/a', 'b\n');
	assert.equal(await load(world), undefined);
	await change('shell');
	assert.equal(await hunkCount(world), 1);
});

test('a rewind to a text in the middle brings back what was pending then', async () => {
	const world = await createSessionWorld({ '/w/a': 'a\nb\n' });
	await world.agent('/w/a', 'A\nb\n');
	await world.agent('/w/a', 'AA\nb\nc\n');
	const { signal } = new AbortController();
	await applyRestore({ ...world, plan: await planRestore({ ...world, toEpoch: 1 }, signal), overwrite: [] }, signal);
	assert.equal(world.workspace.text('/w/a'), 'A\nb\n');
	const loaded = await load(world);
	assert.deepEqual(
		loaded?.state.hunks.map(({ epochs }) => epochs),
		[[1]],
	);
	assert.equal(loaded?.state.base, 'a\nb\n');
});

test('a file in another encoding is read in the one the log has for it, also after a command changed it and a restore brought it back', async () => {
	const world = await createSessionWorld();
	const charset = charsetNamed('windows1251');
	assert.ok(charset);
	const bytesOf = (text: string) => encodeText({ text, eol: '\n', bom: false, charset });
	const put = async (text: string) => await world.blobs.put(bytesOf(text), 'text/plain');
	const change = async (before: string, after: string, more: Partial<EntryDraft<'fileOperation'>>) => {
		const [from, to] = await Promise.all([put(before), put(after)]);
		world.session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch: world.session.newestEpoch + 1, op: 'change', path: { root: '/w', rel: 'a' } },
			...{ before: from, after: to.$blob, meta: {}, author: 'agent', state: 'done', ...more },
		});
	};
	await change('да\n', 'да\nнет\n', { meta: { encoding: 'windows1251' }, toolUseId: asToolUseId('edit') });
	await change('да\nнет\n', 'да\nнет\nили\n', { author: 'shell', toolUseId: asToolUseId('bash') });
	await change('да\nнет\nили\n', 'да\nнет\n', {});
	const review = readReviews(world.session.entries).get('/w\na');
	const state = review && (await loadReview(review, world.blobs));
	assert.deepEqual([review?.encoding, state?.base, state?.text], ['windows1251', 'да\n', 'да\nнет\n']);
});
