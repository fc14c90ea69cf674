/**
 * Images as far as they must be known before they are sent: what kind the bytes are, how large the picture is, and whether they are whole.
 * An endpoint refuses every request of a conversation that holds one bad image, so what it would refuse must never get in. Decodes no pixels. Pure.
 */

/** As base64 these are 5,000,000 characters, which is what the Messages API takes of one image. */
export const MAX_IMAGE_BYTES = 3_750_000;
/** Pixels on a side. */
const MAX_IMAGE_SIDE = 8_000;

export type ImageFile =
	| {
			readonly kind: 'image';
			readonly mediaType: ImageType;
			readonly width: number;
			readonly height: number;
			/** Models see the first picture only. */
			readonly isAnimated: boolean;
	  }
	/** `problem` goes on behind “it ”. */
	| { readonly kind: 'bad'; readonly mediaType: ImageType; readonly problem: string };
export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

type Look = { readonly width: number; readonly height: number; readonly isAnimated?: boolean } | string;

const CUT = 'breaks off before its end';
const DAMAGED = 'is damaged';

/** By content, since names lie. Undefined when it is none of the kinds that models take. */
export function readImageFile(bytes: Uint8Array): ImageFile | undefined {
	const mediaType = imageTypeOf(bytes);
	if (mediaType === undefined) return undefined;
	const look = LOOKS[mediaType](bytes);
	const problem = typeof look === 'string' ? look : problemOf(look, bytes.length);
	if (problem !== undefined) return { kind: 'bad', mediaType, problem };
	if (typeof look === 'string') throw new Error('An image is either seen or a problem');
	return { kind: 'image', mediaType, width: look.width, height: look.height, isAnimated: look.isAnimated === true };
}

function problemOf({ width, height }: Exclude<Look, string>, sizeBytes: number): string | undefined {
	if (width === 0 || height === 0) return 'has no pixels';
	if (Math.max(width, height) > MAX_IMAGE_SIDE)
		return `is ${width} × ${height} pixels, and at most ${MAX_IMAGE_SIDE} on a side can be shown`;
	if (sizeBytes > MAX_IMAGE_BYTES)
		return `has ${(sizeBytes / 1_000_000).toFixed(1)} MB, and at most ${MAX_IMAGE_BYTES / 1_000_000} MB can be shown`;
	return undefined;
}

function imageTypeOf(bytes: Uint8Array): ImageType | undefined {
	const starts = (...head: number[]) => head.every((byte, index) => bytes[index] === byte);
	if (starts(0x89, 0x50, 0x4e, 0x47)) return 'image/png';
	if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg';
	if (starts(0x47, 0x49, 0x46, 0x38)) return 'image/gif';
	return starts(0x52, 0x49, 0x46, 0x46) && wordAt(bytes, 8) === 'WEBP' ? 'image/webp' : undefined;
}

const LOOKS: Readonly<Record<ImageType, (bytes: Uint8Array) => Look>> = {
	'image/png': lookAtPng,
	'image/jpeg': lookAtJpeg,
	'image/gif': lookAtGif,
	'image/webp': lookAtWebp,
};

const PNG_HEAD = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function lookAtPng(bytes: Uint8Array): Look {
	if (bytes.length < PNG_HEAD.length) return CUT;
	if (PNG_HEAD.some((byte, index) => bytes[index] !== byte)) return DAMAGED;
	const view = viewOf(bytes);
	let size: { width: number; height: number } | undefined;
	let hasPixels = false;
	let isAnimated = false;
	for (let at = 8; at + 12 <= bytes.length; ) {
		const length = view.getUint32(at);
		const name = wordAt(bytes, at + 4);
		const end = at + 12 + length;
		if (!/^[A-Za-z]{4}$/.test(name)) return DAMAGED;
		if (end > bytes.length) return CUT;
		// Chunks with a capital letter are what the picture is made of.
		if (/^[A-Z]/.test(name) && crc32(bytes, at + 4, end - 4) !== view.getUint32(end - 4)) return DAMAGED;
		if (name === 'IHDR' && length === 13) size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
		if (!size) return DAMAGED;
		if (name === 'IDAT' && length > 0) hasPixels = true;
		if (name === 'acTL') isAnimated = true;
		if (name === 'IEND') return hasPixels ? { ...size, isAnimated } : DAMAGED;
		at = end;
	}
	return CUT;
}

/** Frames that every decoder knows: baseline, extended and progressive. */
const JPEG_FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** Frames of other kinds. What is left out among them defines tables. */
const RARE_JPEG_FRAMES: ReadonlySet<number> = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);

function lookAtJpeg(bytes: Uint8Array): Look {
	const view = viewOf(bytes);
	let size: { width: number; height: number } | undefined;
	for (let at = 2; at + 4 <= bytes.length; ) {
		if (bytes[at] !== 0xff) return DAMAGED;
		const marker = bytes[at + 1] ?? 0;
		if (marker === 0xff) {
			at++;
			continue;
		}
		if (marker === 0xd9) return DAMAGED;
		if (RARE_JPEG_FRAMES.has(marker)) return 'is a JPEG of a kind that few programs can show';
		const length = view.getUint16(at + 2);
		if (length < 2) return DAMAGED;
		if (at + 2 + length > bytes.length) return CUT;
		if (JPEG_FRAMES.has(marker)) {
			if (length < 8) return DAMAGED;
			size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
		}
		// Behind the head of the scan are the pixels, up to the mark of the end; cameras write more behind it.
		if (marker === 0xda) return size ? (hasJpegEnd(bytes, at + 2 + length) ? size : CUT) : DAMAGED;
		at += 2 + length;
	}
	return CUT;
}

function hasJpegEnd(bytes: Uint8Array, from: number): boolean {
	for (let at = bytes.length - 2; at >= from; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
	return false;
}

function lookAtGif(bytes: Uint8Array): Look {
	if (bytes.length < 13) return CUT;
	if (!/^GIF8[79]a$/.test(wordAt(bytes, 0, 6))) return DAMAGED;
	const view = viewOf(bytes);
	const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
	let pictures = 0;
	const skipBlocks = (from: number): number => {
		let at = from;
		while (at < bytes.length && bytes[at] !== 0) at += (bytes[at] ?? 0) + 1;
		return at + 1;
	};
	for (let at = 13 + tableBytes(bytes[10]); at < bytes.length; ) {
		const kind = bytes[at];
		if (kind === 0x3b) return pictures > 0 ? { ...size, isAnimated: pictures > 1 } : DAMAGED;
		if (kind === 0x21) at = skipBlocks(at + 2);
		else if (kind === 0x2c) {
			at = skipBlocks(at + 11 + tableBytes(bytes[at + 9]));
			pictures++;
		} else return DAMAGED;
	}
	return CUT;
}

/** Of the colours that the flags say follow. */
const tableBytes = (flags = 0): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

function lookAtWebp(bytes: Uint8Array): Look {
	if (bytes.length < 30) return CUT;
	const view = viewOf(bytes);
	if (view.getUint32(4, true) + 8 > bytes.length) return CUT;
	const name = wordAt(bytes, 12);
	if (20 + view.getUint32(16, true) > bytes.length) return CUT;
	switch (name) {
		case 'VP8 ':
			if (bytes[23] !== 0x9d || bytes[24] !== 0x01 || bytes[25] !== 0x2a) return DAMAGED;
			return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
		case 'VP8L': {
			if (bytes[20] !== 0x2f) return DAMAGED;
			const packed = view.getUint32(21, true);
			return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
		}
		case 'VP8X': {
			const side = (at: number) => (view.getUint16(at, true) | ((bytes[at + 2] ?? 0) << 16)) + 1;
			return { width: side(24), height: side(27), isAnimated: ((bytes[20] ?? 0) & 2) !== 0 };
		}
		default:
			return DAMAGED;
	}
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function wordAt(bytes: Uint8Array, at: number, length = 4): string {
	return String.fromCharCode(...bytes.subarray(at, at + length));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
	let value = index;
	for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
	return value;
});

function crc32(bytes: Uint8Array, from: number, to: number): number {
	let crc = 0xffffffff;
	for (let at = from; at < to; at++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
	return (crc ^ 0xffffffff) >>> 0;
}
