/** Looking again at known files: what is told, and what is told once more because its time is too young to be relied on. */
import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { createShard, keepStat } from '../../../src/node/scan/fileScanShard.ts';
import { isFresh } from '../../../src/node/scan/fileScanTypes.ts';

suite('A shard of known folders', () => {
	let folder: string;
	beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retrace-shard-'))));
	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	/** One file, looked at as if that were `agoMs` after its last change. */
	const shardOf = (name: string, agoMs: number) => {
		const stats: number[] = [];
		const seen = lstatSync(join(folder, name));
		keepStat(stats, 0, seen, seen.ctimeMs + agoMs);
		const shard = createShard();
		shard.put([{ id: 1, path: folder, mtimeMs: lstatSync(folder).mtimeMs, names: [name], stats }]);
		return shard;
	};

	test('a file that was written in the moment it was looked at is told again, unchanged as it seems', () => {
		writeFileSync(join(folder, 'a'), 'a');
		const [young] = shardOf('a', 5).restat();
		assert.deepEqual(
			young?.changed.map(({ name }) => name),
			['a'],
		);
		const [old] = shardOf('a', 5_000).restat();
		assert.deepEqual(old?.changed ?? [], []);
	});

	test('another time of change is a change, also when size and time of writing are the same', () => {
		writeFileSync(join(folder, 'a'), 'a');
		const { atime, mtime, ctimeMs } = lstatSync(join(folder, 'a'));
		const shard = shardOf('a', 5_000);
		do {
			writeFileSync(join(folder, 'a'), 'b');
			utimesSync(join(folder, 'a'), atime, mtime);
		} while (lstatSync(join(folder, 'a')).ctimeMs === ctimeMs);
		assert.equal(shard.restat()[0]?.changed.length, 1);
	});

	test('whole seconds are the times of a coarse clock', () => {
		assert.equal(isFresh(1_000_000, 1_001_900), true);
		assert.equal(isFresh(1_000_000, 1_002_100), false);
		assert.equal(isFresh(1_000_000.5, 1_000_015), true);
		assert.equal(isFresh(1_000_000.5, 1_000_030), false);
	});
});
