import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readCallResult, readPromptMessages, readResourceContents } from '../../../src/core/mcp/readContent.ts';
import { webp } from '../../fakes/images.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const contentOf = (block: unknown) => readCallResult({ content: [block] })?.content[0];

describe('what a server gave', () => {
	test('goes by the bytes of an image, not by its name', () => {
		assert.deepEqual(contentOf({ type: 'image', data: PNG, mimeType: 'text/html' }), {
			kind: 'image',
			mediaType: 'image/png',
			base64: PNG,
		});
		const data = Buffer.from(webp).toString('base64');
		assert.deepEqual(contentOf({ type: 'image', data }), { kind: 'image', mediaType: 'image/webp', base64: data });
		const cut = Buffer.from(webp.subarray(0, 40)).toString('base64');
		assert.deepEqual(contentOf({ type: 'image', data: `${cut.slice(0, 52)}` }), {
			kind: 'leftOut',
			what: 'an image that cannot be shown, since it breaks off before its end',
		});
		for (const data of ['', 'no base64', Buffer.from('<svg/>').toString('base64'), `${PNG.slice(0, 20)}\u0000===`])
			assert.equal(contentOf({ type: 'image', data, mimeType: 'image/png' })?.kind, 'leftOut', data);
		assert.equal(
			contentOf({ type: 'image', data: `iVBORw0KGgo${'A'.repeat(5_000_001)}`, mimeType: 'image/png' })?.kind,
			'leftOut',
		);
	});

	test('what cannot be shown is named', () => {
		assert.deepEqual(contentOf({ type: 'audio', data: 'A'.repeat(4096), mimeType: 'audio/wav' }), {
			kind: 'leftOut',
			what: 'a sound of 3 KB',
		});
		assert.deepEqual(contentOf({ type: 'hologram' }), { kind: 'leftOut', what: 'something unreadable (hologram)' });
		assert.deepEqual(
			contentOf({ type: 'resource', resource: { uri: 'a:1', blob: 'AAAA', mimeType: 'application/gzip' } }),
			{
				kind: 'leftOut',
				what: 'the resource a:1, 1 KB of application/gzip',
			},
		);
	});

	test('is bounded', () => {
		const many = readCallResult({ content: Array(500).fill({ type: 'text', text: 'x' }) });
		assert.equal(many?.content.length, 201);
		assert.deepEqual(many?.content.at(-1), { kind: 'leftOut', what: '300 more parts' });
		const images = readCallResult({ content: Array(30).fill({ type: 'image', data: PNG }) });
		assert.equal(images?.content.filter(({ kind }) => kind === 'image').length, 20);
		const long = contentOf({ type: 'text', text: 'x'.repeat(3_000_000) });
		assert.ok(long?.kind === 'text' && long.text.length < 2_000_100);
	});

	test('is nothing when it is no result', () => {
		assert.equal(readCallResult({}), undefined);
		assert.equal(readCallResult({ content: 'text' }), undefined);
		assert.deepEqual(readCallResult({ structuredContent: { a: 1 } }), {
			isError: false,
			content: [],
			structured: { a: 1 },
		});
		assert.equal(readResourceContents({ contents: {} }), undefined);
		assert.equal(readPromptMessages({ messages: [{ role: 'system', content: {} }] }), undefined);
	});

	test('messages keep their roles', () => {
		assert.deepEqual(
			readPromptMessages({
				messages: [
					{ role: 'user', content: { type: 'text', text: 'a' } },
					{ role: 'assistant', content: { type: 'text', text: 'b' } },
				],
			}),
			[
				{ role: 'user', content: { kind: 'text', text: 'a' } },
				{ role: 'assistant', content: { kind: 'text', text: 'b' } },
			],
		);
	});

	test('nothing that can be sent makes it fail', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (raw) => {
				readCallResult({ content: [raw] });
				readCallResult(raw);
				readResourceContents({ contents: [raw] });
				readPromptMessages({ messages: [{ role: 'user', content: raw }] });
			}),
		);
	});
});
