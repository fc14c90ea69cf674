/** What was pasted and becomes a chip instead of text: images, and text too long to be read in an input. */
import type { PromptAttachment } from '../src/protocol/toHost.ts';

/** Pasted text above this becomes an attachment. */
export const LONG_TEXT_CHARS = 100_000;
/** What the Messages API takes per image, before base64. */
const MAX_IMAGE_BYTES = 3_750_000;

export type PasteResult =
	| { readonly kind: 'attach'; readonly attachment: PromptAttachment }
	| { readonly kind: 'refuse'; readonly reason: string };

/** Null: nothing special, let the input have it. */
export function readPaste(data: DataTransfer, index: number): Promise<PasteResult> | null {
	const text = data.getData('text/plain');
	// Cells of a table come as text and as a picture of it; the text is meant.
	const image = text === '' ? [...data.files].find((file) => file.type.startsWith('image/')) : undefined;
	if (image !== undefined) return readImage(image, index);
	return text.length > LONG_TEXT_CHARS
		? Promise.resolve({ kind: 'attach', attachment: textAttachment(text, index) })
		: null;
}

export function textAttachment(text: string, index: number): PromptAttachment {
	return { kind: 'text', name: `Pasted text ${index}.txt`, text };
}

async function readImage(file: File, index: number): Promise<PasteResult> {
	const mediaType = imageType(file.type);
	if (mediaType === null) {
		return {
			kind: 'refuse',
			reason: `A ${file.type} image cannot be sent. Nothing was added; PNG, JPEG, GIF and WebP work.`,
		};
	}
	if (file.size > MAX_IMAGE_BYTES) {
		return {
			kind: 'refuse',
			reason: 'The image is larger than 3.75 MB. Nothing was added; make it smaller and paste it again.',
		};
	}
	const name = file.name === '' || file.name === 'image.png' ? `Image ${index}.${mediaType.slice(6)}` : file.name;
	return { kind: 'attach', attachment: { kind: 'image', name, mediaType, base64: await readBase64(file) } };
}

function imageType(type: string): 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | null {
	return type === 'image/png' || type === 'image/jpeg' || type === 'image/gif' || type === 'image/webp' ? type : null;
}

function readBase64(file: File): Promise<string> {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
		reader.onerror = () => reject(new Error('The pasted image could not be read.', { cause: reader.error }));
		reader.readAsDataURL(file);
	});
}
