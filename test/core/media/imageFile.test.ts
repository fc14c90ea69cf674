/** What is sent as an image is one: seen by its bytes, whole, and within what an endpoint takes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_IMAGE_BYTES, readImageFile } from '../../../src/core/media/imageFile.ts';
import * as images from '../../fakes/images.ts';

const types = {
	png: 'image/png',
	jpeg: 'image/jpeg',
	webp: 'image/webp',
	losslessWebp: 'image/webp',
	extendedWebp: 'image/webp',
	gif: 'image/gif',
	animatedGif: 'image/gif',
} as const;

const changed = (bytes: Uint8Array, at: number, ...to: number[]): Uint8Array => {
	const copy = new Uint8Array(bytes);
	copy.set(to, at);
	return copy;
};
const problem = (bytes: Uint8Array): string => {
	const image = readImageFile(bytes);
	return image?.kind === 'bad' ? image.problem : `${image?.kind}`;
};
/** A JPEG of which only the head counts. */
const jpegOf = (frame: number, width: number, height: number) =>
	new Uint8Array([
		...[0xff, 0xd8, 0xff, 0xff, frame, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0],
		...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 7, 7, 0xff, 0xd9, 1, 2],
	]);

describe('an image', () => {
	for (const [name, bytes] of Object.entries(images))
		it(`${name} is seen as it is`, () => {
			assert.deepEqual(readImageFile(bytes), {
				kind: 'image',
				mediaType: types[name as keyof typeof types],
				width: 5,
				height: 3,
				isAnimated: name === 'animatedGif',
			});
		});
	it('is none when it only has the name of one', () => {
		for (const text of ['', 'GIF', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'RIFF____WAVEfmt ', 'BM______'])
			assert.equal(readImageFile(new TextEncoder().encode(text)), undefined, text);
	});
	it('that breaks off is told, wherever that is', () => {
		for (const [name, bytes] of Object.entries(images))
			for (let length = 12; length < bytes.length; length++) {
				// The end mark of a picture is its last byte or so; a GIF may end behind any whole frame.
				const cut = readImageFile(bytes.subarray(0, length));
				assert.equal(cut?.kind, 'bad', `${name}, ${length} of ${bytes.length}`);
			}
	});
	it('that is damaged is told', () => {
		assert.equal(problem(changed(images.png, 5, 0)), 'is damaged');
		assert.equal(problem(changed(images.png, 45, 0xaa)), 'is damaged');
		assert.equal(problem(changed(images.jpeg, 3, 0xd9)), 'is damaged');
		assert.equal(problem(changed(images.gif, 4, 0x31)), 'is damaged');
		assert.equal(problem(changed(images.gif, 19, 0x55)), 'is damaged');
		assert.equal(problem(changed(images.webp, 12, 0x41)), 'is damaged');
		assert.equal(problem(changed(images.webp, 23, 0)), 'is damaged');
		assert.equal(problem(changed(images.losslessWebp, 20, 0)), 'is damaged');
		assert.equal(problem(changed(images.gif, 6, 0, 0)), 'has no pixels');
	});
	it('that is too large is told with its size', () => {
		assert.equal(problem(jpegOf(0xc0, 8_000, 8_000)), 'image');
		assert.match(problem(jpegOf(0xc2, 8_001, 2)), /^is 8001 × 2 pixels, and at most 8000 on a side/);
		assert.match(problem(jpegOf(0xc3, 2, 2)), /of a kind that few programs can show/);
		const long = new Uint8Array(MAX_IMAGE_BYTES + 1);
		long.set(images.webp);
		assert.match(problem(long), /^has 3\.8 MB, and at most 3\.75 MB/);
	});
	it('never throws, whatever the bytes are', () => {
		const starts = Object.values(images).map((bytes) => [...bytes]);
		fc.assert(
			fc.property(
				fc.constantFrom(...starts),
				fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 8 }),
				fc.nat(600),
				(start, changes, length) => {
					const bytes = Uint8Array.from(start);
					for (const [at, to] of changes) if (at < bytes.length) bytes[at] = to;
					readImageFile(bytes.subarray(0, length));
				},
			),
			{ numRuns: 500 },
		);
	});
});
