import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
	appendFileSync,
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
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSessionId } from '../../../src/base/ids.ts';
import type { LogFile } from '../../../src/core/session/storePort.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { line, SESSION } from '../../core/session/sessionSupport.ts';

const isCode = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;
const text = (id: string) => line(id, null, 'reminder');

function scene(t: TestContext) {
	const folder = join(mkdtempSync(join(tmpdir(), 'retrace-store-')), 'storage');
	const events: string[] = [];
	const files: LogFile[] = [];
	const store = createFileSessionStore({ folder, window: 'here', trace: (event) => events.push(event.event) });
	t.after(async () => {
		for (const file of files) await file.close();
		rmSync(join(folder, '..'), { recursive: true, force: true });
	});
	const path = join(folder, 'sessions', `${SESSION}.jsonl`);
	const lease = join(folder, 'sessions', `${SESSION}.lease`);
	const open = async (id = SESSION, options = {}) => {
		const found = await store.open(id, options);
		const opened = { ...found, ...(await found.reader.read({ start: 0, end: found.sizeBytes })) };
		files.push(opened.file);
		return opened;
	};
	/** Another window, alive or not, claims the session. */
	const occupy = (generation: number, pid: number, changes: object = {}) => {
		mkdirSync(lease, { recursive: true });
		const own = { host: hostname(), bootId: bootId(), pid, window: 'there', claimedAt: 0, ...changes };
		writeFileSync(join(lease, String(generation)), JSON.stringify(own));
	};
	return { folder, store, events, path, lease, open, occupy };
}

/** What our own lease says of this machine. */
function bootId(): string {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-boot-'));
	const script = `import { claimLease } from ${JSON.stringify(new URL('../../../src/node/store/lease.ts', import.meta.url).href)};
claimLease(${JSON.stringify(folder)}, { window: 'x', minGeneration: 1, onBeatFailed() {} });`;
	spawnSync(process.execPath, ['--input-type=module', '-e', script]);
	const id: string = JSON.parse(readFileSync(join(folder, '1'), 'utf8')).bootId;
	rmSync(folder, { recursive: true });
	return id;
}

test('opening and listing create nothing', async (t) => {
	const { folder, store, open } = scene(t);
	const opened = await open();
	assert.deepEqual([opened.lines, opened.tornTail, opened.owner], [[], undefined, undefined]);
	assert.deepEqual(await store.list(), { sessions: [], onDisk: 0 });
	await opened.file.sync();
	await opened.file.close();
	assert.equal(existsSync(folder), false);
});

test('an append is in the file when it returns, privately, and its ranges are true', async (t) => {
	const { path, open, folder } = scene(t);
	const { file } = await open();
	assert.equal(file.generation, 0);
	file.append([]);
	assert.equal(file.generation, 1);
	assert.equal(existsSync(path), false);
	const first = file.append([text('a'), line('é', null, 'reminder', { text: '😀' })]);
	const second = file.append([text('c')]);
	const bytes = readFileSync(path);
	const cut = [...first, ...second].map(({ start, end }) => bytes.toString('utf8', start, end));
	assert.deepEqual(cut, [`${text('a')}\n`, `${line('é', null, 'reminder', { text: '😀' })}\n`, `${text('c')}\n`]);
	assert.equal(second[0]?.end, bytes.length);
	await Promise.all([file.sync(), file.sync()]);
	await file.sync();
	if (process.platform !== 'win32') {
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.equal(statSync(join(folder, 'sessions')).mode & 0o777, 0o700);
	}
	const again = await open();
	assert.deepEqual(
		again.lines.map(({ range }) => range),
		[...first, ...second],
	);
	assert.deepEqual(again.owner && [again.owner.isOurs, again.owner.isAlive], [true, true]);
});

test('a batch starts on a new line when the file does not end with one, whoever left it so', async (t) => {
	const { path, open } = scene(t);
	const { file } = await open();
	file.append([text('a')]);
	appendFileSync(path, '{"torn');
	const [range] = file.append([text('b')]);
	assert.equal(readFileSync(path, 'utf8'), `${text('a')}\n{"torn\n${text('b')}\n`);
	assert.equal(readFileSync(path).toString('utf8', range?.start, range?.end), `${text('b')}\n`);
	await file.close();
	appendFileSync(path, 'torn again');
	const opened = await open();
	assert.equal(opened.tornTail?.text, 'torn again');
	opened.file.append([text('c')]);
	assert.ok(readFileSync(path, 'utf8').endsWith(`\ntorn again\n${text('c')}\n`));
});

test('closing gives the lease back, and the next generation is higher', async (t) => {
	const { lease, open } = scene(t);
	for (const generation of [1, 2, 3]) {
		const { file } = await open();
		file.append([line(`e${generation}`, null, 'reminder', { gen: generation })]);
		assert.equal(file.generation, generation);
		assert.deepEqual(readdirSync(lease), [String(generation)]);
		await file.close();
		await file.close();
		assert.equal(existsSync(lease), false);
		assert.throws(() => file.append([text('x')]), isCode('lease-lost'));
	}
});

test('a live other window keeps the session; a dead one leaves it', async (t) => {
	const { path, open, occupy } = scene(t);
	const first = await open();
	first.file.append([text('a')]);
	await first.file.close();
	occupy(4, process.ppid);
	const opened = await open();
	assert.deepEqual(opened.owner, { isOurs: false, isAlive: true, window: 'there', pid: process.ppid });
	const before = readFileSync(path);
	assert.throws(() => opened.file.append([text('b')]), isCode('lease-lost'));
	assert.deepEqual(readFileSync(path), before);
	occupy(4, spawnSync(process.execPath, ['-e', '']).pid);
	assert.equal((await open()).owner?.isAlive, false);
	opened.file.append([text('b')]);
	assert.equal(opened.file.generation, 5);
});

test('a session can be taken over from a live window, which then can write no more', async (t) => {
	const { path, open, occupy } = scene(t);
	const old = await open();
	old.file.append([text('a')]);
	const taken = await open(SESSION, { takeOver: true });
	assert.equal(taken.lines.length, 1);
	assert.equal(taken.file.generation, 2);
	assert.throws(() => old.file.append([text('late')]), isCode('lease-lost'));
	taken.file.append([text('b')]);
	assert.equal(readFileSync(path, 'utf8'), `${text('a')}\n${text('b')}\n`);
	await old.file.close();
	taken.file.append([text('c')]);
	await taken.file.close();
	occupy(7, process.ppid);
	assert.equal((await open(SESSION, { takeOver: true })).file.generation, 8);
});

test('who has not read the newest lines may not go on from older ones', async (t) => {
	const { open, lease } = scene(t);
	const early = await open();
	const other = await open();
	other.file.append([text('a')]);
	await other.file.close();
	assert.throws(() => early.file.append([text('b')]), isCode('lease-lost'));
	assert.equal(existsSync(lease), false);
});

test('a log that was removed under its writer is not written into the void', {
	skip: process.platform === 'win32',
}, async (t) => {
	const { path, lease, open } = scene(t);
	const { file } = await open();
	file.append([text('a')]);
	rmSync(path);
	assert.throws(() => file.append([text('b')]), isCode('lease-lost'));
	rmSync(lease, { recursive: true });
	assert.throws(() => file.append([text('b')]), isCode('lease-lost'));
});

test('a log that cannot be read or written says so', async (t) => {
	const { path, open, folder } = scene(t);
	mkdirSync(path, { recursive: true });
	await assert.rejects(open(), isCode('log-unreadable'));
	await assert.rejects(open(asSessionId('../../outside')), isCode('log-unreadable'));
	await assert.rejects(open(asSessionId('')), isCode('log-unreadable'));
	rmSync(folder, { recursive: true });
	const { file } = await open();
	writeFileSync(folder, 'a file in the place of the folder');
	assert.throws(() => file.append([text('a')]), isCode('log-write-failed'));
});

test('the list is newest first, reads the end of each log, and says what it could not show', async (t) => {
	const { folder, store, open, path, events } = scene(t);
	const { file } = await open();
	const tail = {
		title: 'Long one',
		leaf: null,
		counts: { entries: 1, prompts: 3, tools: 0 },
		costUsd: 1,
		state: 'idle',
		lastPrompt: 'p',
		pinned: false,
		extents: [],
	};
	file.append([line('a', null, 'reminder', { text: 'é'.repeat(50_000) }), line('t', 'a', 'tail', tail)]);
	const add = (name: string, content: string) => writeFileSync(join(folder, 'sessions', name), content);
	add('short.jsonl', `${line('a', null, 'user', { timestamp: 9000 })}\n`);
	add('torn.jsonl', line('a', null, 'user', { timestamp: 8000 }));
	add('damaged.jsonl', 'nothing of ours\n');
	add('notes.txt', 'not a log');
	mkdirSync(join(folder, 'sessions', 'folder.jsonl'));
	utimesSync(join(folder, 'sessions', 'damaged.jsonl'), 1, 1);
	const { sessions, onDisk } = await store.list();
	assert.deepEqual(
		sessions.map(({ id, title, isDamaged }) => [id, title, isDamaged]),
		[
			['short', 'hello', false],
			['torn', 'hello', false],
			[SESSION, 'Long one', false],
			['damaged', 'Untitled session', true],
		],
	);
	assert.equal(onDisk, 5);
	assert.ok(events.includes('session.listFailed'));
	const row = sessions[2];
	assert.deepEqual([row?.prompts, row?.isOpenElsewhere, row?.sizeBytes], [3, false, statSync(path).size]);
	assert.equal(row?.createdAt, Date.UTC(2026, 0, 1));
});

test('the list says which sessions another window has open', async (t) => {
	const { store, open, occupy } = scene(t);
	const { file } = await open();
	file.append([line('a', null, 'user')]);
	const stateOf = async () => {
		const [row] = (await store.list()).sessions;
		return [row?.state, row?.isOpenElsewhere];
	};
	assert.deepEqual(await stateOf(), ['streaming', false]);
	await file.close();
	assert.deepEqual(await stateOf(), ['interrupted', false]);
	occupy(9, process.ppid);
	assert.deepEqual(await stateOf(), ['streaming', true]);
});

test('a deleted session moves to the trash as it is, and nothing there is overwritten', async (t) => {
	const { folder, store, path, open, occupy, lease } = scene(t);
	const write = async (id: string) => {
		const { file } = await open();
		file.append([text(id)]);
		await file.close();
	};
	await write('a');
	mkdirSync(join(folder, 'sessions', SESSION, 'agents'), { recursive: true });
	occupy(3, process.ppid);
	await assert.rejects(store.trash(SESSION), isCode('session-in-use'));
	assert.equal(existsSync(path), true);
	rmSync(lease, { recursive: true });
	await store.trash(SESSION);
	assert.equal(existsSync(path), false);
	assert.equal(readFileSync(join(folder, 'trash', `${SESSION}.jsonl`), 'utf8'), `${text('a')}\n`);
	assert.equal(existsSync(join(folder, 'trash', SESSION, 'agents')), true);
	await write('b');
	await store.trash(SESSION);
	assert.equal(readFileSync(join(folder, 'trash', `${SESSION}.jsonl`), 'utf8'), `${text('a')}\n`);
	assert.equal(readFileSync(join(folder, 'trash', `${SESSION}.2.jsonl`), 'utf8'), `${text('b')}\n`);
	await store.trash(SESSION);
});
