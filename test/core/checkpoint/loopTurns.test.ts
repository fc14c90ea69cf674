import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { inParallel } from '../../../src/core/checkpoint/inParallel.ts';
import { atOnce, ITEMS_PER_STEP, inTurns, longTurn, sortSteps } from '../../../src/core/checkpoint/loopTurns.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { journalSteps, type RestoreStep, readJournal } from '../../../src/core/checkpoint/restoreJournal.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { readTimeline, timelineSteps } from '../../../src/core/checkpoint/timeline.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

const { signal } = new AbortController();

/** A clock on which a millisecond passes whenever it is looked at. */
function slowClock(t: TestContext) {
	let nowMs = Date.now();
	t.mock.method(Date, 'now', () => ++nowMs);
}

/** How often others had their turn meanwhile. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
	let turns = 0;
	let isOver = false;
	const next = () => {
		if (isOver) return;
		turns++;
		setImmediate(next);
	};
	setImmediate(next);
	await work();
	isOver = true;
	return turns;
}

function count(steps: Generator<void, unknown>): number {
	let yields = 0;
	while (!steps.next().done) yields++;
	return yields;
}

test('work on many things that never waits gives way, and gives the same', async (t) => {
	slowClock(t);
	const items = Array.from({ length: 100 }, (_, index) => index);
	let results: readonly number[] = [];
	const turns = await turnsDuring(async () => {
		results = await inParallel(items, 8, async (item) => item * 2);
	});
	assert.deepEqual(
		results,
		items.map((item) => item * 2),
	);
	assert.ok(turns > 10, `${turns} turns`);
});

test('steps give way, and stop when they are cancelled', async (t) => {
	slowClock(t);
	function* steps() {
		for (let step = 0; step < 100; step++) yield;
		return 'done';
	}
	assert.ok((await turnsDuring(() => inTurns(steps()))) > 10);
	assert.equal(await inTurns(steps()), 'done');
	assert.equal(atOnce(steps()), 'done');
	await assert.rejects(inTurns(steps(), AbortSignal.abort(new Error('cancelled'))), /cancelled/);
});

test('a turn is over when others had theirs', async (t) => {
	slowClock(t);
	while (!longTurn());
	await longTurn();
	assert.equal(longTurn(), undefined);
});

test('sorting in steps sorts', () => {
	const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
	fc.assert(
		fc.property(fc.array(fc.record({ key: fc.nat(50), at: fc.nat() }), { maxLength: 700, size: 'max' }), (items) => {
			const before = [...items];
			assert.deepEqual(atOnce(sortSteps(items, compare)), items.toSorted(compare));
			assert.deepEqual(items, before);
		}),
		{ numRuns: 50 },
	);
	const many = Array.from({ length: 40 * ITEMS_PER_STEP }, (_, key) => ({ key: -key }));
	assert.ok(count(sortSteps(many, compare)) >= 80);
});

test('the journal made in steps is the JSON of all', () => {
	const steps = Array.from(
		{ length: 3 * ITEMS_PER_STEP + 1 },
		(_, index): RestoreStep => ({
			...{ file: { root: '/w', rel: `ä[${index}]","` }, before: 'absent', metaBefore: {}, after: 'absent' },
			...{ metaAfter: { mode: 0o644 }, hasCaseTwin: false, made: [{ from: 1, until: index }] },
		}),
	);
	for (const part of [[], steps.slice(0, 1), steps]) {
		const text = new TextDecoder().decode(atOnce(journalSteps(7, part)));
		assert.equal(text, JSON.stringify({ version: 2, toEpoch: 7, steps: part }));
		assert.deepEqual(readJournal(text), part);
	}
	assert.ok(count(journalSteps(7, steps)) >= 3);
});

test('a restore of many files gives way while it is planned and made', async (t) => {
	const files = Array.from({ length: 2 * ITEMS_PER_STEP }, (_, index) => `/w/d${index % 7}/f${index}`);
	const world = await createSessionWorld(Object.fromEntries(files.map((path) => [path, 'one'])));
	for (const path of files) await world.agent(path, 'two');
	const { session, workspace, blobs } = world;
	assert.deepEqual(atOnce(timelineSteps(session.entries)), readTimeline(session.entries));
	assert.ok(count(timelineSteps(session.entries)) >= session.entries.length / ITEMS_PER_STEP);
	slowClock(t);
	let plan: Awaited<ReturnType<typeof planRestore>> | undefined;
	const planning = await turnsDuring(async () => {
		plan = await planRestore({ session, workspace, blobs, toEpoch: 0 }, signal);
	});
	assert.ok(plan);
	assert.deepEqual(
		plan.files.map(({ key }) => key),
		plan.files.map(({ key }) => key).toSorted(),
	);
	assert.ok(planning > files.length / 10, `${planning} turns`);
	const wanted = { session, workspace, blobs, plan, overwrite: [] };
	let restored = 0;
	const restoring = await turnsDuring(async () => {
		restored = (await applyRestore(wanted, signal)).restored.length;
	});
	assert.equal(restored, files.length);
	assert.ok(restoring > files.length / 10, `${restoring} turns`);
});
