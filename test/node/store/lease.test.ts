import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { claimLease, type Lease, readOwner, STALE_AFTER_MS } from '../../../src/node/store/lease.ts';

const isLost = (error: unknown) => error instanceof UserError && error.code === 'lease-lost';

function scene(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), 'retrace-lease-'));
	const folder = join(root, 'x.lease');
	const leases: Lease[] = [];
	t.after(() => {
		for (const lease of leases) lease.release();
		rmSync(root, { recursive: true, force: true });
	});
	const claim = (window = 'here', minGeneration = 1) => {
		const lease = claimLease(folder, {
			window,
			minGeneration,
			onBeatFailed(error) {
				throw error;
			},
		});
		leases.push(lease);
		return lease;
	};
	/** Changes what our own lease file says and how old its beat is. */
	const disguise = (generation: number, changes: object, ageMs: number) => {
		const path = join(folder, String(generation));
		writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
		const beat = new Date(Date.now() - ageMs);
		utimesSync(path, beat, beat);
	};
	return { folder, claim, disguise };
}

test('a claim makes one private file, and a release leaves nothing', (t) => {
	const { folder, claim } = scene(t);
	assert.equal(readOwner(folder, 'here'), undefined);
	const lease = claim();
	assert.equal(lease.generation, 1);
	lease.assertHeld();
	assert.deepEqual(readdirSync(folder), ['1']);
	const said = JSON.parse(readFileSync(join(folder, '1'), 'utf8'));
	assert.deepEqual(Object.keys(said).sort(), ['bootId', 'claimedAt', 'host', 'pid', 'window']);
	if (process.platform !== 'win32') {
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		assert.equal(statSync(join(folder, '1')).mode & 0o777, 0o600);
	}
	assert.deepEqual(readOwner(folder, 'here'), { isOurs: true, isAlive: true, window: 'here', pid: process.pid });
	assert.equal(readOwner(folder, 'there')?.isOurs, false);
	lease.release();
	lease.release();
	assert.equal(existsSync(folder), false);
	assert.throws(() => lease.assertHeld(), isLost);
});

test('the highest generation owns the session, and the one before it knows at once', (t) => {
	const { folder, claim } = scene(t);
	const first = claim();
	const second = claim('there');
	assert.equal(second.generation, 2);
	assert.throws(() => first.assertHeld(), isLost);
	second.assertHeld();
	assert.deepEqual(readdirSync(folder), ['2']);
	first.release();
	second.assertHeld();
	assert.equal(claim('there', 9).generation, 9);
});

test('a claim goes above all that is there', (t) => {
	const { folder, claim } = scene(t);
	mkdirSync(folder);
	for (const name of ['2', '10']) writeFileSync(join(folder, name), '');
	assert.equal(claim().generation, 11);
	assert.deepEqual(readdirSync(folder), ['11']);
});

test('an owner is alive while its process is, or while it beats where we cannot look', (t) => {
	const { folder, claim, disguise } = scene(t);
	claim();
	const deadPid = spawnSync(process.execPath, ['-e', '']).pid;
	const old = STALE_AFTER_MS + 1000;
	const check = (changes: object, ageMs: number, expected: boolean) => {
		disguise(1, changes, ageMs);
		assert.equal(readOwner(folder, 'there')?.isAlive, expected, JSON.stringify({ changes, ageMs }));
	};
	const { host, bootId, pid } = JSON.parse(readFileSync(join(folder, '1'), 'utf8'));
	const me = { host, bootId, pid };
	check(me, 0, true);
	// A machine that slept, or a host that hangs: still there.
	check(me, old, true);
	check({ ...me, pid: deadPid }, 0, false);
	check({ ...me, pid: deadPid }, old, false);
	check({ ...me, pid: deadPid, host: 'another' }, 0, true);
	check({ ...me, pid: deadPid, host: 'another' }, old, false);
	check({ ...me, bootId: 'another' }, 0, true);
	check({ ...me, bootId: 'another' }, old, false);
});

test('a lease file that is being written holds the session; a damaged old one does not', (t) => {
	const { folder } = scene(t);
	mkdirSync(folder);
	const path = join(folder, '3');
	writeFileSync(path, '');
	assert.equal(readOwner(folder, 'here')?.isAlive, true);
	const old = new Date(Date.now() - STALE_AFTER_MS - 1000);
	utimesSync(path, old, old);
	assert.equal(readOwner(folder, 'here')?.isAlive, false);
});

test('other files in the folder mean nothing', (t) => {
	const { folder, claim } = scene(t);
	mkdirSync(folder);
	for (const name of ['.DS_Store', '0', '07', '5.bak', 'x']) writeFileSync(join(folder, name), '');
	assert.equal(readOwner(folder, 'here'), undefined);
	assert.equal(claim().generation, 1);
});

test('a folder that has rested is asked for its time only, and a claim is noticed all the same', (t) => {
	const { folder, claim } = scene(t);
	const first = claim();
	const rested = new Date(Date.now() - 60_000);
	utimesSync(folder, rested, rested);
	first.assertHeld();
	// Seen as held by its time: what is in it is not looked at.
	rmSync(join(folder, '1'));
	utimesSync(folder, rested, rested);
	first.assertHeld();
	claim('there', 2);
	assert.throws(() => first.assertHeld(), isLost);
	// Lost is lost, also when the folder rests again.
	utimesSync(folder, rested, rested);
	assert.throws(() => first.assertHeld(), isLost);
	assert.throws(() => first.assertHeld(), isLost);
});

test('a folder that was changed a moment ago is looked into each time', (t) => {
	const { folder, claim } = scene(t);
	const first = claim();
	first.assertHeld();
	// Another claim in the same tick of the file system's clock leaves the same time.
	const now = new Date();
	utimesSync(folder, now, now);
	first.assertHeld();
	claim('there');
	utimesSync(folder, now, now);
	assert.throws(() => first.assertHeld(), isLost);
});

test('the beat goes on while the lease is held, and does not keep the process running', (t) => {
	t.mock.timers.enable({ apis: ['setInterval'] });
	const { folder, claim } = scene(t);
	const lease = claim();
	const old = new Date(Date.now() - 60_000);
	utimesSync(join(folder, '1'), old, old);
	t.mock.timers.tick(5_000);
	return new Promise<void>((resolve) => {
		const look = () => {
			if (Date.now() - statSync(join(folder, '1')).mtimeMs < 30_000) {
				lease.release();
				resolve();
			} else setImmediate(look);
		};
		look();
	});
});
