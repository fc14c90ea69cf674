import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSessionId } from '../../../src/base/ids.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { line, linesOf, SESSION } from '../../core/session/sessionSupport.ts';

const isLost = (error: unknown) => error instanceof UserError && error.code === 'lease-lost';

test('a session in memory is opened, listed and deleted like one on the disk', async () => {
	const store = createMemorySessionStore();
	assert.equal(store.folder, undefined);
	const { file } = await store.open(SESSION);
	assert.deepEqual(await linesOf(store, SESSION), []);
	assert.equal(file.generation, 0);
	assert.deepEqual(await store.list(), { sessions: [], onDisk: 0 });
	const text = line('a', null, 'user', { content: [{ type: 'text', text: 'é' }] });
	file.append([]);
	assert.equal(file.generation, 1);
	const ranges = file.append([text, 'b']);
	const size = Buffer.byteLength(text) + 1;
	assert.deepEqual(ranges, [
		{ start: 0, end: size },
		{ start: size, end: size + 2 },
	]);
	await file.sync();
	assert.equal((await store.open(SESSION)).owner?.isOurs, true);
	await file.close();
	const again = await store.open(SESSION);
	assert.deepEqual(
		(await linesOf(store, SESSION)).map(({ text: read, range }) => [read, range]),
		[
			[text, ranges[0]],
			['b', ranges[1]],
		],
	);
	assert.equal(again.owner, undefined);
	const { sessions, onDisk } = await store.list();
	assert.deepEqual([sessions[0]?.title, sessions[0]?.sizeBytes, onDisk], ['é', size + 2, 0]);
	await store.trash(SESSION);
	assert.deepEqual((await store.list()).sessions, []);
});

test('the last one to claim owns the session, and must have read all of it', async () => {
	const store = createMemorySessionStore();
	const first = await store.open(SESSION);
	first.file.append(['a']);
	const early = await store.open(SESSION);
	first.file.append(['b']);
	assert.throws(() => early.file.append(['c']), isLost);
	const second = await store.open(SESSION);
	second.file.append(['c']);
	assert.equal(second.file.generation, 2);
	assert.throws(() => first.file.append(['d']), isLost);
	await first.file.close();
	second.file.append(['d']);
	await second.file.close();
	assert.throws(() => second.file.append(['e']), isLost);
});

test('the trash of memory gives back what it holds, overwrites nothing and keeps what a fork reads', async () => {
	const store = createMemorySessionStore();
	const write = async (id: string, origin?: string) => {
		const from = origin === undefined ? {} : { origin: { sessionId: origin, entryId: null } };
		const { file } = await store.open(asSessionId(id));
		file.append([line('h', null, 'header', { roots: [], extensionVersion: '0', ...from }), line('a', null, 'user')]);
		await file.close();
	};
	const names = async () => (await store.listTrash()).map(({ name }) => name).sort();
	const code = (expected: string) => (error: unknown) => error instanceof UserError && error.code === expected;
	await write('a');
	await store.trash(asSessionId('a'));
	await store.trash(asSessionId('nothing'));
	assert.ok((await store.reader(asSessionId('a')).size()) > 0);
	await write('a');
	await assert.rejects(store.restore('a'), code('session-exists'));
	await store.trash(asSessionId('a'));
	assert.deepEqual(await names(), ['a', 'a.2']);
	await assert.rejects(store.restore('b'), code('not-in-trash'));
	await write('fork', 'a');
	assert.deepEqual(await store.emptyTrash(), { deleted: 0, kept: 2 });
	await store.restore('a.2');
	await store.trash(asSessionId('fork'));
	assert.deepEqual(await store.emptyTrash(), { deleted: 2, kept: 0 });
	assert.deepEqual(
		(await store.list({ newest: 1 })).sessions.map(({ id }) => id),
		['a'],
	);
});
