import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/base/errors.ts';
import { createMemorySessionStore } from '../../src/node/memorySessionStore.ts';
import { line, SESSION } from '../core/session/sessionSupport.ts';

const isLost = (error: unknown) => error instanceof UserError && error.code === 'lease-lost';

test('a session in memory is opened, listed and deleted like one on the disk', async () => {
	const store = createMemorySessionStore();
	assert.equal(store.folder, undefined);
	const { file, lines } = await store.open(SESSION);
	assert.deepEqual(lines, []);
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
		again.lines.map(({ text: read, range }) => [read, range]),
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
