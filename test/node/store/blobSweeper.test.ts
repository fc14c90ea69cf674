import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { CancelledError } from '../../../src/base/errors.ts';
import { utf8Encode } from '../../../src/base/text.ts';
import { sweepBlobs } from '../../../src/node/store/blobSweeper.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { findHashes } from '../../../src/node/store/findHashes.ts';
import { claimLease } from '../../../src/node/store/lease.ts';

const DAY_S = 24 * 3600;
const signal = new AbortController().signal;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

function scene(t?: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-sweep-'));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	t?.after(remove);
	const blobs = createFileBlobStore(folder);
	const pathOf = (sha: string) => join(folder, 'blobs', sha.slice(0, 2), `${sha}.raw`);
	const age = (path: string, days: number) => {
		const at = Date.now() / 1000 - days * DAY_S;
		utimesSync(path, at, at);
	};
	const put = async (text: string, ageDays = 8) => {
		const { $blob } = await blobs.put(utf8Encode(text), 'text/plain');
		age(pathOf($blob), ageDays);
		return $blob;
	};
	const log = (path: string, text: string) => {
		const file = join(folder, path);
		mkdirSync(dirname(file), { recursive: true });
		appendFileSync(file, text);
	};
	const sweep = async (aborts = signal) => await sweepBlobs({ folder, window: 'here' }, aborts);
	const left = () =>
		existsSync(join(folder, 'blobs'))
			? readdirSync(join(folder, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 60)
			: [];
	return { folder, blobs, put, log, sweep, pathOf, age, left, remove };
}

test('hashes are found wherever they stand', () => {
	const found = (text: string) => {
		const hashes: string[] = [];
		findHashes(Buffer.from(text), (hash) => hashes.push(hash));
		return hashes;
	};
	const hash = hashOf('x');
	assert.deepEqual(found(''), []);
	assert.deepEqual(found(hash), [hash]);
	assert.deepEqual(found(hash.slice(1)), []);
	assert.deepEqual(found(hash.toUpperCase()), []);
	assert.deepEqual(found(`{"$blob":"${hash}"}`), [hash]);
	assert.deepEqual(found(`{\\"$blob\\":\\"${hash}\\",\\"after\\":\\"${hash}`), [hash, hash]);
	assert.deepEqual(found(`é${hash}abc`), [hash, `${hash}a`.slice(1), `${hash}ab`.slice(2), `${hash}abc`.slice(3)]);
	fc.assert(
		fc.property(fc.array(fc.constantFrom('0', 'a', 'f', 'g', '"', '0123456789abcdef'.repeat(4))), (parts) => {
			const text = parts.join('');
			const expected: string[] = [];
			for (let at = 0; at + 64 <= text.length; at++)
				if (/^[0-9a-f]{64}$/.test(text.slice(at, at + 64))) expected.push(text.slice(at, at + 64));
			assert.deepEqual(found(text), expected);
		}),
	);
});

test('what no log names goes after a week; what any log names stays, in whatever form', async (t) => {
	const { put, log, sweep, left, pathOf, blobs } = scene(t);
	const unnamed = await put('unnamed');
	const young = await put('young', 6.9);
	const named = [await put('1'), await put('2'), await put('3'), await put('4'), await put('5')];
	log('sessions/a.jsonl', `{"before":{"$blob":"${named[0]}"},"after":"${named[1]}"}\n`);
	log('sessions/a/agents/x.jsonl', `{"text":"{\\"$blob\\":\\"${named[2]}\\"}"}`);
	log('trash/b.2.jsonl', `torn ${named[3]}`);
	log('trash/b.2/agents/y.jsonl', `\n\n${named[4]}`);
	assert.deepEqual(await sweep(), { kind: 'swept', removed: 1, removedBytes: 7 });
	assert.equal(existsSync(pathOf(unnamed)), false);
	assert.equal(left().length, 6);
	assert.equal(existsSync(pathOf(young)), true);
	// Stored again as if it had never been there.
	const again = await blobs.put(utf8Encode('unnamed'), 'text/plain');
	assert.equal(again.$blob, unnamed);
	assert.deepEqual(await sweep(), { kind: 'swept', removed: 0, removedBytes: 0 });
});

test('a hash that is cut between two chunks of a log counts', async (t) => {
	const { put, log, sweep } = scene(t);
	const chunk = 1024 * 1024;
	for (const [index, before] of [chunk - 1, chunk - 32, chunk - 63, chunk - 64, chunk, 2 * chunk - 100].entries()) {
		const hash = await put(`blob ${index}`);
		log(`sessions/${index}.jsonl`, ' '.repeat(before) + hash);
	}
	assert.equal((await sweep()).removed, 0);
});

test('nothing is removed when a log cannot be read', async (t) => {
	const { folder, put, log, sweep, left } = scene(t);
	await put('unnamed');
	log('sessions/a.jsonl', 'x');
	symlinkSync(join(folder, 'nowhere'), join(folder, 'sessions', 'b.jsonl'));
	await assert.rejects(sweep(), { code: 'ENOENT' });
	rmSync(join(folder, 'sessions', 'b.jsonl'));
	symlinkSync(folder, join(folder, 'sessions', 'b.jsonl'));
	await assert.rejects(sweep(), { code: 'EISDIR' });
	assert.equal(left().length, 1);
	rmSync(join(folder, 'sessions', 'b.jsonl'));
	const stopped = AbortSignal.abort();
	await assert.rejects(sweep(stopped), CancelledError);
	assert.equal(left().length, 1);
	assert.equal((await sweep()).removed, 1);
	assert.equal(existsSync(join(folder, 'blobs.lease')), false);
});

test('two windows do not sweep at once, and a sweeper that died is no obstacle', async (t) => {
	const { folder, put, sweep, left } = scene(t);
	await put('unnamed');
	const lease = claimLease(join(folder, 'blobs.lease'), {
		window: 'there',
		minGeneration: 1,
		onBeatFailed: () => undefined,
	});
	assert.equal((await sweep()).kind, 'busy');
	assert.equal(left().length, 1);
	lease.release();
	mkdirSync(join(folder, 'blobs.lease'));
	const dead = { host: 'elsewhere', bootId: 'x', pid: 1, window: 'there', claimedAt: 0 };
	writeFileSync(join(folder, 'blobs.lease', '1'), JSON.stringify(dead));
	assert.equal((await sweep()).kind, 'busy');
	utimesSync(join(folder, 'blobs.lease', '1'), 1, 1);
	assert.equal((await sweep()).removed, 1);
});

test('a blob that is put again during the sweep stays', async (t) => {
	const { folder, put, log, blobs, sweep, left } = scene(t);
	await put('again');
	await put('never');
	for (let index = 0; index < 20; index++) log(`sessions/${index}.jsonl`, 'x'.repeat(100_000));
	const sweeping = sweep();
	// The blobs are listed by now and the logs are being read.
	await setImmediate();
	const { $blob } = await blobs.put(utf8Encode('again'), 'text/plain');
	assert.ok(Date.now() - statSync(join(folder, 'blobs', $blob.slice(0, 2), `${$blob}.raw`)).mtimeMs < 60_000);
	assert.equal((await sweeping).removed, 1);
	assert.deepEqual(
		left().map((name) => name.slice(3)),
		[`${$blob}.raw`],
	);
	assert.equal((await blobs.get({ $blob })).length, 5);
});

test('a log that moves to the trash or back while others are read is read where it is then', async (t) => {
	const { folder, put, log, sweep } = scene(t);
	const hash = await put('named');
	await put('never');
	for (let index = 0; index < 30; index++) log(`sessions/a${index}.jsonl`, 'x'.repeat(100_000));
	log('sessions/z.jsonl', hash);
	mkdirSync(join(folder, 'trash'));
	const sweeping = sweep();
	await setImmediate();
	renameSync(join(folder, 'sessions', 'z.jsonl'), join(folder, 'trash', 'z.jsonl'));
	assert.equal((await sweeping).removed, 1);
	const back = sweep();
	await setImmediate();
	renameSync(join(folder, 'trash', 'z.jsonl'), join(folder, 'sessions', 'z.jsonl'));
	assert.equal((await back).removed, 0);
});

test('what a crash left aside comes back, and half written files go', async (t) => {
	const { put, log, sweep, pathOf, left, age } = scene(t);
	const named = await put('named');
	renameSync(pathOf(named), `${pathOf(named)}.swept`);
	writeFileSync(`${pathOf(named)}.0123456789ab.tmp`, 'half');
	age(`${pathOf(named)}.0123456789ab.tmp`, 8);
	log('sessions/a.jsonl', named);
	await sweep();
	assert.deepEqual(
		left().map((name) => name.slice(3)),
		[`${named}.raw`],
	);
});

test('a named or young blob is never removed, whatever the world', async () => {
	const blob = fc.record({ text: fc.nat(30), ageDays: fc.constantFrom(0, 3, 6.99, 7.01, 30) });
	const place = fc.constantFrom(
		'sessions/a.jsonl',
		'sessions/b/agents/x.jsonl',
		'trash/c.jsonl',
		'trash/d/agents/y.jsonl',
	);
	const form = fc.constantFrom(
		(sha: string) => `{"$blob":"${sha}"}`,
		(sha: string) => `"after":"${sha}"\n`,
		(sha: string) => `\\"$blob\\":\\"${sha}\\"`,
		(sha: string) => `deadbeef${sha}0`,
	);
	const name = fc.record({ text: fc.nat(30), place, form, padding: fc.nat(200) });
	await fc.assert(
		fc.asyncProperty(fc.array(blob, { maxLength: 12 }), fc.array(name, { maxLength: 12 }), async (all, names) => {
			const { put, log, sweep, pathOf, remove } = scene();
			try {
				const ages = new Map<string, number>();
				for (const { text, ageDays } of all) ages.set(await put(`${text}`, ageDays), ageDays);
				for (const one of names) log(one.place, `${' '.repeat(one.padding)}${one.form(hashOf(`${one.text}`))}`);
				const named = new Set(names.map(({ text }) => hashOf(`${text}`)));
				await sweep();
				for (const [sha, ageDays] of ages) assert.equal(existsSync(pathOf(sha)), named.has(sha) || ageDays < 7);
			} finally {
				remove();
			}
		}),
		{ numRuns: 60 },
	);
});
