import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { utf8Encode } from '../../../src/base/text.ts';
import { type BlobCache, dropUnnamed, loadBranchBlobs } from '../../../src/core/context/loadBlobs.ts';
import { freezePrefix, loadPrefix } from '../../../src/core/context/prefix.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import type { BlobStore } from '../../../src/core/session/storePort.ts';
import { entryBuilder } from '../../fakes/entries.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

async function branchWithBlobs() {
	const store = createMemoryBlobStore();
	const reads: string[] = [];
	const blobs: BlobStore = {
		...store,
		async get(ref) {
			reads.push(ref.$blob);
			return await store.get(ref);
		},
	};
	const put = (text: string) => store.put(utf8Encode(JSON.stringify({ type: 'text', text })), 'application/json');
	const builder = entryBuilder();
	const prompt = await put('\ufeffgrüße 🎉');
	const output = await put('whole output');
	builder.userBlocks([prompt, prompt]);
	builder.add({
		type: 'toolResult',
		toolUseId: asToolUseId('t1'),
		isError: false,
		content: [await put('shown')],
		durationMs: 1,
		output,
	});
	return { store, blobs, reads, builder, prompt };
}

it('loads each blob of the context once, byte for byte, and nothing else', async () => {
	const { blobs, reads, builder, prompt } = await branchWithBlobs();
	const cache: BlobCache = new Map();
	const loaded = await loadBranchBlobs(builder.branch(), blobs, cache);
	assert.equal(loaded.get(prompt.$blob), '{"type":"text","text":"\ufeffgrüße 🎉"}');
	assert.equal(loaded.size, 2);
	await loadBranchBlobs(builder.branch(), blobs, cache);
	assert.equal(reads.length, 2);
});

it('a missing blob rejects with what the store says', async () => {
	const { store, blobs, builder, prompt } = await branchWithBlobs();
	store.stored.delete(prompt.$blob);
	await assert.rejects(
		loadBranchBlobs(builder.branch(), blobs, new Map()),
		(error) => error instanceof UserError && error.code === 'blob-missing',
	);
});

it('forgets what neither the branch nor its prefix names', async () => {
	const { blobs, reads, builder, prompt } = await branchWithBlobs();
	const cache: BlobCache = new Map();
	const draft = await freezePrefix({
		blobs,
		cache,
		tools: [],
		toolVersions: {},
		project: { memory: [], environment: ['Shell: sh'] },
		model: modelInfoFor('claude-sonnet-5-5', []),
		isOfficialEndpoint: false,
	});
	const prefix = builder.add(draft);
	await loadBranchBlobs(builder.branch(), blobs, cache);
	assert.equal(cache.size, 5);
	dropUnnamed(cache, builder.branch(), prefix);
	assert.equal(cache.size, 5);
	dropUnnamed(cache, [], prefix);
	assert.equal(cache.has(prompt.$blob), false);
	const before = reads.length;
	assert.deepEqual((await loadPrefix(prefix, blobs, cache)).context, [
		{ type: 'text', text: '# Environment\n\n- Shell: sh' },
	]);
	assert.equal(reads.length, before);
});
