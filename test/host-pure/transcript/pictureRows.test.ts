/** What the row of a call shows of pictures, and of text that is kept beside the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { storeBlocks } from '../../../src/core/agent/storeBlocks.ts';
import type { InputBlock } from '../../../src/core/session/content.ts';
import { promptText } from '../../../src/core/session/titles.ts';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { wholeResult } from '../../../src/host/transcript/wholeResult.ts';
import { entryBuilder } from '../../fakes/entries.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { call } from '../../fakes/scriptedModel.ts';

const toolUseId = asToolUseId('toolu_shot01');
/** Large enough to be a blob. */
const LARGE = 'A'.repeat(60_000);
const picture = (data: string, mediaType = 'image/png'): InputBlock => ({
	type: 'image',
	source: { type: 'base64', media_type: mediaType, data },
});

async function afterCall(blocks: readonly InputBlock[]) {
	const blobs = createMemoryBlobStore();
	const log = entryBuilder();
	log.user('Look');
	log.add({
		type: 'assistant',
		messageId: 'm',
		index: 0,
		block: call('Browser', { action: 'screenshot' }, toolUseId),
	});
	const content = await storeBlocks(blocks, blobs);
	log.add({ type: 'toolResult', toolUseId, isError: false, content, durationMs: 3, summary: 'screenshot' });
	const inputs = createTranscriptInputs(
		() => undefined,
		(path) => path,
	);
	const row = replay(log.entries, log.branch(), inputs).row(toolUseId);
	assert.ok(row?.kind === 'tool');
	return { row, content, whole: await wholeResult(toolUseId, { entries: log.entries, blobs }) };
}

test('a screenshot is a picture of its row, whatever its size, and no text', async () => {
	const about: InputBlock = { type: 'text', text: 'Screenshot of http://localhost:5173/:' };
	for (const data of ['iVBORw0KGgo=', LARGE]) {
		const { row, whole } = await afterCall([about, picture(data)]);
		assert.deepEqual([row.preview, row.pictures, row.isTruncated], [about.text, 1, false]);
		assert.deepEqual(whole, { text: about.text, pictures: [`data:image/png;base64,${data}`] });
	}
});

test('what is no picture that a page shows is left out, and so are more than a page can take', async () => {
	const pdf: InputBlock = {
		type: 'document',
		title: 'plan.pdf, 3 pages',
		source: { type: 'base64', media_type: 'application/pdf', data: LARGE },
	};
	const odd = await afterCall([pdf, picture('PHN2Zz4=', 'image/svg+xml'), picture('QQ==', 'image/webp')]);
	assert.equal(odd.row.pictures, 2);
	assert.deepEqual(odd.whole.pictures, ['data:image/webp;base64,QQ==']);
	const many = await afterCall(Array.from({ length: 12 }, () => picture('QQ==')));
	assert.deepEqual([many.row.pictures, many.whole.pictures?.length], [12, 8]);
	const none = await afterCall([{ type: 'text', text: 'only words' }]);
	assert.deepEqual([none.row.pictures, none.whole], [undefined, { text: 'only words' }]);
});

test('a long text shows how it begins until all of it is asked for', async () => {
	const text = `first "line"\nsecond\n${'x'.repeat(60_000)}`;
	const { row, content, whole } = await afterCall([{ type: 'text', text }]);
	assert.match(row.preview, /^first "line"\nsecond\nx+$/);
	assert.equal(row.isTruncated, true);
	assert.equal(whole.text, text);
	assert.match(promptText(content), /^first "line"\nsecond\nx+$/);
	assert.equal(promptText((await afterCall([picture(LARGE)])).content), '');
});
