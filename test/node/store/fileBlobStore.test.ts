import assert from 'node:assert/strict';
import {
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
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import { utf8Encode } from '../../../src/base/text.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';

const isCode = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

function scene(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-blobs-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const store = createFileBlobStore(folder);
	const files = () =>
		readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /[^\\/]{20}/.test(name));
	return { folder, store, files };
}

test('what was put comes back, whatever it is', async (t) => {
	const { store } = scene(t);
	const check = async (bytes: Uint8Array) => {
		const ref = await store.put(bytes, 'application/octet-stream');
		assert.equal(ref.size, bytes.length);
		assert.equal(ref.$blob, store.hash(bytes));
		assert.deepEqual(await store.get(ref), new Uint8Array(bytes));
	};
	await check(new Uint8Array(0));
	await check(utf8Encode('short'));
	await check(utf8Encode('long '.repeat(10_000)));
	await check(Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251));
});

test('the codec follows size, content and whether it must be searchable', async (t) => {
	const check = async (bytes: Uint8Array, isSearchable: boolean, expected: RegExp) => {
		const { store, files } = scene(t);
		await store.put(bytes, 'text/plain', { searchable: isSearchable });
		assert.match(files().join(), expected);
	};
	await check(utf8Encode('x'.repeat(1024)), false, /^[0-9a-f]{2}.[0-9a-f]{64}\.raw$|^blobs.*\.raw$/);
	await check(utf8Encode('x'.repeat(1025)), false, /\.zst$/);
	await check(utf8Encode('x'.repeat(1025)), true, /\.raw$/);
	await check(crypto.getRandomValues(new Uint8Array(2000)), false, /\.raw$/);
});

test('the same bytes are written once, also at the same time and whatever the options', async (t) => {
	const { folder, store, files } = scene(t);
	const bytes = utf8Encode('same '.repeat(1000));
	const [first, second] = await Promise.all([store.put(bytes, 'text/plain'), store.put(bytes, 'text/plain')]);
	assert.deepEqual(first, second);
	const [name] = files();
	assert.ok(name);
	const before = statSync(join(folder, name));
	await store.put(bytes, 'text/plain', { searchable: true });
	await createFileBlobStore(folder).put(bytes, 'text/plain');
	const after = statSync(join(folder, name));
	assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
	assert.equal(files().length, 1);
});

test('files and folders are private', { skip: process.platform === 'win32' }, async (t) => {
	const { folder, store, files } = scene(t);
	await store.put(utf8Encode('secret'), 'text/plain');
	const [name] = files();
	assert.ok(name);
	assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
	assert.equal(statSync(dirname(join(folder, name))).mode & 0o777, 0o700);
	assert.equal(statSync(join(folder, 'blobs')).mode & 0o777, 0o700);
});

test('the head is the start of a text, with no character cut', async (t) => {
	const { store } = scene(t);
	const headOf = async (text: string, mediaType = 'text/plain') => (await store.put(utf8Encode(text), mediaType)).head;
	assert.equal(await headOf('hello'), 'hello');
	assert.equal(await headOf('x'.repeat(3000)), 'x'.repeat(1024));
	assert.equal(await headOf('é'.repeat(1000)), 'é'.repeat(512));
	assert.equal(await headOf(`x${'😀'.repeat(1000)}`), `x${'😀'.repeat(255)}`);
	assert.equal(await headOf('\uFEFFmark'), '\uFEFFmark');
	assert.equal(await headOf('{"a":1}', 'application/json'), '{"a":1}');
	assert.equal(await headOf('bytes', 'image/png'), '');
});

test('what is missing or damaged is said, never returned', async (t) => {
	const { folder, store, files } = scene(t);
	await assert.rejects(store.get({ $blob: asSha256('0'.repeat(64)) }), isCode('blob-missing'));
	await assert.rejects(store.get({ $blob: asSha256('../../../etc/passwd') }), isCode('blob-missing'));
	for (const text of ['short', 'long '.repeat(1000)]) {
		const ref = await store.put(utf8Encode(text), 'text/plain');
		const name = files().find((file) => file.includes(ref.$blob));
		assert.ok(name);
		const bytes = readFileSync(join(folder, name));
		bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
		writeFileSync(join(folder, name), bytes);
		await assert.rejects(store.get(ref), isCode('blob-damaged'));
		writeFileSync(join(folder, name), '');
		await assert.rejects(store.get(ref), isCode('blob-damaged'));
	}
});

test('a copy that a crash cut is written again', async (t) => {
	const { folder, store, files } = scene(t);
	const ref = await store.put(utf8Encode('short'), 'text/plain');
	const [name] = files();
	assert.ok(name);
	writeFileSync(join(folder, name), 'sh');
	await store.put(utf8Encode('short'), 'text/plain');
	assert.deepEqual(await store.get(ref), utf8Encode('short'));
	assert.equal(files().length, 1);
});

test('gzip from elsewhere is read, and a damaged copy is made up for by a good one', async (t) => {
	const { folder, store } = scene(t);
	const bytes = utf8Encode('packed elsewhere');
	const sha = store.hash(bytes);
	const place = join(folder, 'blobs', sha.slice(0, 2));
	mkdirSync(place, { recursive: true });
	writeFileSync(join(place, `${sha}.gz`), gzipSync(bytes));
	assert.deepEqual(await store.get({ $blob: sha }), bytes);
	writeFileSync(join(place, `${sha}.raw`), 'damaged');
	assert.deepEqual(await store.get({ $blob: sha }), bytes);
});

test('a store that cannot be written says so and leaves no part behind', async (t) => {
	const { folder, store, files } = scene(t);
	writeFileSync(join(folder, 'blobs'), 'a file in the place of the folder');
	await assert.rejects(store.put(utf8Encode('x'), 'text/plain'), isCode('blob-write-failed'));
	assert.deepEqual(files(), []);
});

test('a blob that is put again after a day is new again, so that no sweep takes it', async (t) => {
	const { folder, store, files } = scene(t);
	const bytes = utf8Encode('kept');
	await store.put(bytes, 'text/plain');
	const path = join(folder, files()[0] ?? '');
	const check = async (ageHours: number, isTouched: boolean) => {
		const at = Date.now() / 1000 - ageHours * 3600;
		utimesSync(path, at, at);
		await store.put(bytes, 'text/plain');
		assert.equal(Date.now() - statSync(path).mtimeMs < 60_000, isTouched, `${ageHours} h`);
	};
	await check(23, false);
	await check(25, true);
	await check(2000, true);
});
