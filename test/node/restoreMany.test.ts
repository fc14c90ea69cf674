/** 20,000 files that one command changed: planned and restored in bounded time and memory, without holding up the editor. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { EntryDraft } from '../../src/core/session/entry.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { createDiskWorld, type DiskWorld } from './restoreWorld.ts';

const FILES = 20_000;

test(`${FILES} files changed by one command come back`, { timeout: 300_000 }, async (t) => {
	// What a store on disk costs is measured elsewhere; this is about the restore.
	const blobs = createMemoryBlobStore();
	const world = await createDiskWorld({ blobs });
	try {
		const nameOf = (index: number) => `d${index % 200}/f${index}`;
		for (let folder = 0; folder < 200; folder++) mkdirSync(world.at(`d${folder}`));
		for (let index = 0; index < FILES; index++) writeFileSync(world.at(nameOf(index)), `old ${index}\n`);
		for (let start = 0; start < FILES; start += 100) await recordChanged(world, nameOf, start, start + 100);
		assert.equal(world.session.newestEpoch, FILES);
		let longestMs = 0;
		let isOver = false;
		const watch = (async () => {
			for (let last = performance.now(); !isOver; ) {
				await turn();
				longestMs = Math.max(longestMs, performance.now() - last);
				last = performance.now();
			}
		})();
		const memoryBefore = process.memoryUsage().heapUsed;
		const startedAt = performance.now();
		const plan = await world.plan();
		const plannedMs = performance.now() - startedAt;
		assert.equal(plan.files.length, FILES);
		const longestPlanMs = longestMs;
		longestMs = 0;
		const report = await world.apply(plan);
		const appliedMs = performance.now() - startedAt - plannedMs;
		isOver = true;
		await watch;
		const grownMb = (process.memoryUsage().heapUsed - memoryBefore) / 1e6;
		t.diagnostic(
			`plan ${plannedMs.toFixed(0)} ms (longest ${longestPlanMs.toFixed(0)}), restore ${appliedMs.toFixed(0)} ms (longest ${longestMs.toFixed(0)}), heap +${grownMb.toFixed(0)} MB`,
		);
		// Far more than it takes: what this guards against is a cost that grows with the square of the files.
		assert.ok(plannedMs + appliedMs < 120_000 && grownMb < 400 && Math.max(longestMs, longestPlanMs) < 2_000);
		assert.deepEqual([report.restored.length, report.failed, report.skipped], [FILES, [], []]);
		for (const index of [0, 1, 9_999, FILES - 1])
			assert.equal(readFileSync(world.at(nameOf(index)), 'utf8'), `old ${index}\n`);
	} finally {
		await world.dispose();
	}
});

/** As the scanner records it: found after it happened. */
async function recordChanged(world: DiskWorld, nameOf: (index: number) => string, start: number, end: number) {
	const drafts: EntryDraft<'fileOperation'>[] = [];
	for (let index = start; index < end; index++) {
		const [before, after] = [`old ${index}\n`, `new content ${index}\n`].map((text) => new TextEncoder().encode(text));
		assert.ok(before && after);
		writeFileSync(world.at(nameOf(index)), after);
		const meta = { mode: 0o644 };
		const path = { root: world.root, rel: nameOf(index) };
		drafts.push({
			...{ type: 'fileOperation', epoch: index + 1, op: 'change', path, before: await world.blobs.put(before, 'x') },
			...{ after: (await world.blobs.put(after, 'x')).$blob, meta, author: 'shell', state: 'done' },
		});
	}
	world.session.append<'fileOperation'>(...drafts);
}
