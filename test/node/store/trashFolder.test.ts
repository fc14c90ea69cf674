import assert from 'node:assert/strict';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSessionId } from '../../../src/base/ids.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { line } from '../../core/session/sessionSupport.ts';

const isCode = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;
const ID = '019b76da-a800-7000-8000-00000000000';
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((end) => asSessionId(`${ID}${end}`)) as [never, never, never, never];

function scene(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-trash-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const store = createFileSessionStore({ folder, window: 'here', trace: () => undefined });
	const sessions = join(folder, 'sessions');
	const trash = join(folder, 'trash');
	mkdirSync(sessions);
	/** A session with all its parts. */
	const write = (id: string, origin?: string) => {
		const from = origin === undefined ? {} : { origin: { sessionId: origin, entryId: null } };
		const header = line('h', null, 'header', { roots: [], extensionVersion: '0', ...from });
		writeFileSync(join(sessions, `${id}.jsonl`), `${header}\n${line('a', null, 'user')}\n`);
		mkdirSync(join(sessions, id, 'agents'), { recursive: true });
		writeFileSync(join(sessions, id, 'agents', 'x.jsonl'), `of ${id}`);
		writeFileSync(join(sessions, `${id}.idx`), 'cache');
	};
	const names = async () => (await store.listTrash()).map(({ name }) => name).sort();
	const listed = async () => (await store.list()).sessions.map(({ id }) => id).sort();
	return { folder, store, sessions, trash, write, names, listed };
}

test('a session goes to the trash and back with all its parts, as it was', async (t) => {
	const { store, sessions, trash, write, names, listed } = scene(t);
	write(A);
	const before = readFileSync(join(sessions, `${A}.jsonl`));
	const { mtimeMs } = statSync(join(sessions, `${A}.jsonl`));
	await store.trash(A);
	assert.deepEqual(readdirSync(sessions), []);
	assert.deepEqual(readdirSync(trash).sort(), [A, `${A}.idx`, `${A}.json`, `${A}.jsonl`].sort());
	assert.equal(await store.reader(A).size(), before.length);
	const [row] = await store.listTrash();
	assert.deepEqual([row?.name, row?.session.title, row?.session.state], [A, 'hello', 'interrupted']);
	assert.ok(Math.abs((row?.trashedAt ?? 0) - Date.now()) < 60_000);
	await store.restore(A);
	assert.deepEqual(readdirSync(trash), []);
	assert.deepEqual(readdirSync(sessions).sort(), [A, `${A}.idx`, `${A}.jsonl`].sort());
	assert.deepEqual(readFileSync(join(sessions, `${A}.jsonl`)), before);
	assert.equal(statSync(join(sessions, `${A}.jsonl`)).mtimeMs, mtimeMs);
	assert.equal(readFileSync(join(sessions, A, 'agents', 'x.jsonl'), 'utf8'), `of ${A}`);
	assert.deepEqual([await names(), await listed()], [[], [A]]);
});

test('when a session was trashed is known in a copy of the folder, and by the file when that is lost', async (t) => {
	const { store, trash, write } = scene(t);
	write(A);
	await store.trash(A);
	writeFileSync(join(trash, `${A}.json`), '{"trashedAt":5000}');
	copyFileSync(join(trash, `${A}.jsonl`), join(trash, 'copy'));
	renameSync(join(trash, 'copy'), join(trash, `${A}.jsonl`));
	assert.equal((await store.listTrash())[0]?.trashedAt, 5000);
	for (const broken of ['', '{"trashedAt":"x"}']) {
		writeFileSync(join(trash, `${A}.json`), broken);
		assert.equal((await store.listTrash())[0]?.trashedAt, statSync(join(trash, `${A}.jsonl`)).ctimeMs);
	}
});

test('nothing is overwritten, whichever way', async (t) => {
	const { store, sessions, trash, write, names } = scene(t);
	write(A);
	await store.trash(A);
	write(A, 'second');
	await assert.rejects(store.restore(A), isCode('session-exists'));
	await store.trash(A);
	assert.deepEqual(await names(), [A, `${A}.2`]);
	write(A, 'third');
	await store.trash(A);
	assert.deepEqual(await names(), [A, `${A}.2`, `${A}.3`]);
	await store.restore(`${A}.2`);
	assert.match(readFileSync(join(sessions, `${A}.jsonl`), 'utf8'), /second/);
	assert.equal(existsSync(join(sessions, A, 'agents')), true);
	await assert.rejects(store.restore(`${A}.3`), isCode('session-exists'));
	assert.match(readFileSync(join(trash, `${A}.3.jsonl`), 'utf8'), /third/);
	for (const name of ['nothing', '../sessions/x', '', `${A}.2`]) {
		await assert.rejects(store.restore(name), isCode('not-in-trash'));
	}
});

test('a session that another live window owns is not moved; our own writer can write no more', async (t) => {
	const { store, sessions, write, listed } = scene(t);
	write(A);
	const lease = join(sessions, `${A}.lease`);
	mkdirSync(lease);
	const owner = { host: hostname(), bootId: 'another boot', pid: 1, window: 'there', claimedAt: 0 };
	writeFileSync(join(lease, '7'), JSON.stringify(owner));
	await assert.rejects(store.trash(A), isCode('session-in-use'));
	assert.deepEqual(await listed(), [A]);
	rmSync(lease, { recursive: true });
	const { file } = await store.open(A);
	file.append([line('b', 'a', 'reminder')]);
	await store.trash(A);
	assert.throws(() => file.append([line('c', 'b', 'reminder')]), isCode('lease-lost'));
	await file.close();
	assert.deepEqual(readdirSync(sessions), []);
	const other = await store.open(A);
	assert.equal(other.isInTrash, true);
	assert.ok(other.sizeBytes > 0, 'it can be read where it lies');
	await store.restore(A);
	// Who opened the session while it was in the trash has not read what came back.
	assert.throws(() => other.file.append([line('d', null, 'reminder')]), isCode('lease-lost'));
});

test('a crash between two moves is harmless and is made good', async (t) => {
	const { store, sessions, trash, write, names, listed } = scene(t);
	write(A);
	mkdirSync(trash);
	// Trashing stopped after the time, and again after the log.
	writeFileSync(join(trash, `${A}.json`), '{"trashedAt":1}');
	assert.deepEqual([await names(), await listed()], [[], [A]]);
	renameSync(join(sessions, `${A}.jsonl`), join(trash, `${A}.jsonl`));
	assert.deepEqual([await names(), await listed()], [[A], []]);
	await store.restore(A);
	assert.deepEqual(readdirSync(sessions).sort(), [A, `${A}.idx`, `${A}.jsonl`].sort());
	// And once more: now it is emptied.
	renameSync(join(sessions, `${A}.jsonl`), join(trash, `${A}.jsonl`));
	assert.deepEqual(await store.emptyTrash(), { deleted: 1, kept: 0 });
	assert.deepEqual([readdirSync(sessions), readdirSync(trash)], [[], []]);
	// Emptying stopped after the log.
	mkdirSync(join(trash, A, 'agents'), { recursive: true });
	writeFileSync(join(trash, `${A}.json`), '{}');
	writeFileSync(join(trash, 'notes.txt'), 'of the user');
	assert.deepEqual(await store.emptyTrash(), { deleted: 0, kept: 0 });
	assert.deepEqual(readdirSync(trash), ['notes.txt']);
});

test('emptying the trash keeps what a fork still reads, through any number of forks', async (t) => {
	const { store, write, names, trash } = scene(t);
	write(A);
	write(B, A);
	write(C, B);
	write(D);
	for (const id of [A, B, D]) await store.trash(id);
	assert.deepEqual(await store.emptyTrash(), { deleted: 1, kept: 2 });
	assert.deepEqual(await names(), [A, B]);
	assert.equal(existsSync(join(trash, A, 'agents', 'x.jsonl')), true);
	// A fork that is deleted itself keeps nothing.
	await store.trash(C);
	assert.deepEqual(await store.emptyTrash(), { deleted: 3, kept: 0 });
	assert.deepEqual([await names(), readdirSync(trash)], [[], []]);
	assert.deepEqual(await store.emptyTrash(), { deleted: 0, kept: 0 });
});

test('a fork whose header is damaged still keeps its origin', async (t) => {
	const { store, sessions, write, names } = scene(t);
	for (const id of [A, B]) write(id);
	const header = line('h', null, 'header', {
		roots: [],
		extensionVersion: '0',
		origin: { sessionId: A, entryId: null },
	});
	writeFileSync(join(sessions, `${C}.jsonl`), `${header.slice(0, -5)}\n${line('a', null, 'user')}\n`);
	const tail = {
		title: 't',
		leaf: null,
		counts: { entries: 1, prompts: 1, tools: 0 },
		costUsd: 0,
		state: 'idle',
		lastPrompt: '',
		pinned: false,
		extents: [],
		origin: { sessionId: B, entryId: null },
	};
	writeFileSync(join(sessions, `${D}.jsonl`), `nothing of ours\n${line('t', null, 'tail', tail)}\n`);
	for (const id of [A, B]) await store.trash(id);
	assert.deepEqual(await store.emptyTrash(), { deleted: 0, kept: 2 });
	assert.deepEqual(await names(), [A, B]);
});

test('when a log cannot be read nothing is deleted', {
	skip: process.platform === 'win32' || process.getuid?.() === 0,
}, async (t) => {
	const { store, sessions, write, names } = scene(t);
	for (const id of [A, B]) write(id);
	await store.trash(A);
	const path = join(sessions, `${B}.jsonl`);
	rmSync(path);
	writeFileSync(path, '', { mode: 0 });
	await assert.rejects(store.emptyTrash(), isCode('trash-not-empty'));
	assert.deepEqual(await names(), [A]);
});
