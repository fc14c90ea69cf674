import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { utf8Encode } from '../../../src/base/text.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createStoreBudget } from '../../../src/node/store/storeBudget.ts';

const { signal } = new AbortController();

function createCase(context: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-budget-'));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const blobs = createFileBlobStore(folder);
	const put = async (text: string, ageDays: number) => {
		const { $blob } = await blobs.put(utf8Encode(text), 'text/plain');
		const at = new Date(Date.now() - ageDays * 24 * 3_600_000);
		utimesSync(join(folder, 'blobs', $blob.slice(0, 2), `${$blob}.raw`), at, at);
		return $blob;
	};
	const log = (path: string, ...lines: object[]) => {
		const file = join(folder, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, lines.map((line) => `${JSON.stringify({ v: 1, cwd: '"type":"user"', ...line })}\n`).join(''));
	};
	return { folder, blobs, put, log, budget: createStoreBudget({ folder, window: 'here' }) };
}

test('each content is known by who names it, as a file or for something else', async (context) => {
	const { put, log, budget } = createCase(context);
	const [before, after, shared, chat, nobody] = [
		await put('before', 8),
		await put('after', 8),
		await put('shared', 8),
		await put('chat', 8),
		await put('nobody', 8),
	];
	log(
		'sessions/a.jsonl',
		{ type: 'fileOperation', before: { $blob: before }, after },
		{ type: 'editProposed', before: { $blob: before }, proposed: { $blob: shared } },
		{ type: 'toolResult', content: [{ $blob: chat }] },
	);
	log('trash/b.1.jsonl', { type: 'fileOperationDone', after: shared });
	log('sessions/a/agents/x.jsonl', { type: 'user', content: [{ $blob: after }] });
	const { sessions, contents } = await budget.examine(signal);
	assert.deepEqual(
		sessions.map(({ key, sessionId, isTrashed }) => [key, sessionId, isTrashed]),
		[
			['a', 'a', false],
			['trash/b', 'b', true],
		],
	);
	const named = new Map(contents.map(({ sha, files, others }) => [sha, [files, others]]));
	assert.deepEqual(named.get(before), [['a'], []]);
	assert.deepEqual(named.get(after), [['a'], ['a']]);
	assert.deepEqual(named.get(shared), [['a', 'trash/b'], []]);
	assert.deepEqual(named.get(chat), [[], ['a']]);
	assert.deepEqual(named.get(nobody), [[], []]);
	const sizes = [...sessions.map(({ logBytes }) => logBytes), ...contents.map(({ sizeBytes }) => sizeBytes)];
	assert.equal(
		await budget.sizeBytes(signal),
		sizes.reduce((sum, one) => sum + one, 0),
	);
});

test('what is removed says so when it is asked for, and is there again when it is stored again', async (context) => {
	const { folder, blobs, put, budget } = createCase(context);
	const [gone, fresh] = [await put('gone', 8), await put('fresh', 6)];
	assert.deepEqual(await budget.remove([gone, fresh], signal), { removed: 1, removedBytes: 4 });
	await assert.rejects(blobs.get({ $blob: gone }), {
		code: 'blob-removed',
		message: 'its content was removed to keep within the storage limit',
	});
	assert.equal(new TextDecoder().decode(await blobs.get({ $blob: fresh })), 'fresh');
	await put('gone', 0);
	assert.equal(new TextDecoder().decode(await blobs.get({ $blob: gone })), 'gone');
	const left = readdirSync(join(folder, 'blobs'), { recursive: true, encoding: 'utf8' });
	assert.deepEqual(
		left.filter((name) => name.includes('swept')),
		[],
	);
});

test('what was lost otherwise is still damage', async (context) => {
	const { folder, blobs, put, budget } = createCase(context);
	const [gone, lost] = [await put('gone', 8), await put('lost', 8)];
	await budget.remove([gone], signal);
	rmSync(join(folder, 'blobs', lost.slice(0, 2)), { recursive: true });
	await assert.rejects(blobs.get({ $blob: lost }), { code: 'blob-missing' });
});
