/** All that came of a call, for its row when it is opened: the whole text, and the pictures that the model got. */
import { loadBlobText } from '../../core/context/loadBlobs.ts';
import {
	inputBlockSchema,
	isBlobRef,
	isDocument,
	pictureCount,
	type StoredInputBlock,
} from '../../core/session/content.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { textOfBlocks } from './transcriptRows.ts';

/** A server can send many, and each crosses to the page as text. */
const MAX_PICTURES = 8;
const MAX_PICTURE_CHARS = 20_000_000;

type ResultWorld = { readonly entries: readonly Entry[]; readonly blobs: BlobStore };
type WholeResult = { readonly text: string; readonly pictures?: string[] };

export async function wholeResult(toolUseId: string, { entries, blobs }: ResultWorld): Promise<WholeResult> {
	const ended = entries.findLast((entry) => entry.type === 'notice' && entry.background?.toolUseId === toolUseId);
	const inBackground = ended?.type === 'notice' ? ended.background?.output : undefined;
	if (inBackground) return { text: await loadBlobText(inBackground, blobs) };
	const results = entries.filter((entry) => entry.type === 'toolResult');
	const ran = entries.findLast((entry) => entry.type === 'attachment' && entry.ran?.toolUseId === toolUseId);
	const beforehand = ran?.type === 'attachment' && ran.ran ? { ...ran.ran, content: ran.content } : undefined;
	const result = results.findLast((entry) => entry.toolUseId === toolUseId) ?? beforehand;
	if (!result) return { text: '' };
	const pictures = await picturesOf(result.content, blobs);
	const text = result.output ? await loadBlobText(result.output, blobs) : await textOf(result.content, blobs);
	return { text, ...(pictures.length === 0 ? {} : { pictures }) };
}

async function textOf(content: readonly StoredInputBlock[], blobs: BlobStore): Promise<string> {
	const texts = new Map<string, string>();
	for (const block of content)
		if (isBlobRef(block) && pictureCount(block) === 0) texts.set(block.$blob, await loadBlobText(block, blobs));
	return textOfBlocks(content, { blobText: (ref) => texts.get(ref.$blob) });
}

async function picturesOf(content: readonly StoredInputBlock[], blobs: BlobStore): Promise<string[]> {
	const pictures: string[] = [];
	let chars = 0;
	for (const block of content) {
		if (isDocument(block) || pictureCount(block) === 0 || pictures.length === MAX_PICTURES) continue;
		const whole = isBlobRef(block) ? inputBlockSchema.parse(JSON.parse(await loadBlobText(block, blobs))) : block;
		const address = addressOf(whole);
		chars += address?.length ?? 0;
		if (address !== undefined && chars <= MAX_PICTURE_CHARS) pictures.push(address);
	}
	return pictures;
}

/** Only of the kinds that a model takes: the page shows nothing else. */
function addressOf(block: unknown): string | undefined {
	const parsed = inputBlockSchema.safeParse(block);
	if (!parsed.success || parsed.data.type !== 'image') return undefined;
	const source: unknown = 'source' in parsed.data ? parsed.data.source : undefined;
	if (typeof source !== 'object' || source === null || !('data' in source) || !('media_type' in source))
		return undefined;
	const { data, media_type: type } = source;
	const isPicture = typeof type === 'string' && /^image\/(?:png|jpeg|gif|webp)$/.test(type);
	return isPicture && typeof data === 'string' ? `data:${type};base64,${data}` : undefined;
}
