// A pasted picture goes by its bytes: what an endpoint would refuse is told before the prompt is sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPrompt } from '../../../src/host/prompt/attachments.ts';
import type { PromptAttachment } from '../../../src/protocol/toHost.ts';
import { webp } from '../../fakes/images.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

const workspace = createMemoryWorkspace();
const picture = (bytes: Uint8Array): PromptAttachment => ({
	kind: 'image',
	name: 'Image 1.png',
	mediaType: 'image/png',
	base64: Buffer.from(bytes).toString('base64'),
});

test('a picture that the clipboard calls something else is sent as what it is', async () => {
	const { attachments } = await readPrompt('look', [picture(webp)], workspace, '/w');
	assert.deepEqual(attachments, [
		{
			name: 'Image 1.png',
			content: [
				{
					type: 'image',
					source: { type: 'base64', media_type: 'image/webp', data: Buffer.from(webp).toString('base64') },
				},
			],
		},
	]);
});

test('one that is none, or not whole, holds the prompt back with a next step', async () => {
	for (const [bytes, why] of [
		[
			webp.subarray(0, 40),
			/^Image 1\.png was not attached: it breaks off before its end\. Your prompt was not sent\. Remove/,
		],
		[new Uint8Array([1, 2, 3]), /it is no PNG, JPEG, GIF or WebP image/],
		[new Uint8Array(0), /it is no PNG/],
	] as const)
		await assert.rejects(readPrompt('look', [picture(bytes)], workspace, '/w'), {
			code: 'attachment-unreadable',
			message: why,
		});
});
