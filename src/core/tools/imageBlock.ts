/** Bytes of an image as a block for the model, or what is wrong with them. The one way by which tools show images. Pure. */
import { readImageFile } from '../media/imageFile.ts';
import type { InputBlock } from '../session/content.ts';
import { toBase64 } from './base64.ts';

export type ImageBlock =
	/** `about` is a few words: its type, and what a model cannot see. */
	| { readonly kind: 'block'; readonly block: InputBlock; readonly about: string; readonly mediaType: string }
	/** Goes on behind “it ”. */
	| { readonly kind: 'problem'; readonly problem: string };

export function imageBlock(bytes: Uint8Array): ImageBlock {
	const image = readImageFile(bytes);
	if (!image) return { kind: 'problem', problem: 'is no PNG, JPEG, GIF or WebP image' };
	if (image.kind === 'bad') return { kind: 'problem', problem: image.problem };
	const { mediaType, isAnimated } = image;
	return {
		kind: 'block',
		block: { type: 'image', source: { type: 'base64', media_type: mediaType, data: toBase64(bytes) } },
		mediaType,
		about: isAnimated ? `${mediaType}, animated, of which only the first picture is seen` : mediaType,
	};
}
