/**
 * The content blocks of the Messages API as the log stores them: exactly as received or sent.
 * Known kinds are typed; kinds we do not know pass through untouched, so an older version loses nothing.
 */
import * as z from 'zod';
import { asSha256, asToolUseId } from '../../base/ids.ts';

export const toolUseIdSchema = z.string().min(1).transform(asToolUseId);
export const sha256Schema = z
	.string()
	.regex(/^[0-9a-f]{64}$/)
	.transform(asSha256);

/** A reference to bytes in the blob store. `head` is the first ≤ 1 KB of text, for display without loading. */
export const blobRefSchema = z.object({
	$blob: sha256Schema,
	size: z.number().int().nonnegative(),
	mediaType: z.string(),
	head: z.string().default(''),
});
export type BlobRef = z.infer<typeof blobRefSchema>;

/** Under this key the text of a tool input that is not a JSON object is kept, so that the tool's schema rejects it. */
export const INVALID_JSON_KEY = '$invalidJson';

export const textBlockSchema = z.looseObject({ type: z.literal('text'), text: z.string() });
const thinkingBlockSchema = z.looseObject({
	type: z.literal('thinking'),
	thinking: z.string(),
	signature: z.string(),
});
const redactedThinkingBlockSchema = z.looseObject({ type: z.literal('redacted_thinking'), data: z.string() });
export const toolUseBlockSchema = z.looseObject({
	type: z.literal('tool_use'),
	id: toolUseIdSchema,
	name: z.string(),
	input: z.unknown(),
});
const imageBlockSchema = z.looseObject({
	type: z.literal('image'),
	source: z.looseObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
});
/** A PDF. Its title ends with the number of its pages, where that is known. */
const documentBlockSchema = z.looseObject({
	type: z.literal('document'),
	title: z.string().optional(),
	source: z.looseObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
});
/** A block of a kind this version does not know. Stored and replayed verbatim. */
export const otherBlockSchema = z.looseObject({ type: z.string() });

/** A block of an assistant message. */
export const assistantBlockSchema = z.union([
	textBlockSchema,
	thinkingBlockSchema,
	redactedThinkingBlockSchema,
	toolUseBlockSchema,
	otherBlockSchema,
]);
export type TextBlock = z.infer<typeof textBlockSchema>;
export type ToolUseBlock = z.infer<typeof toolUseBlockSchema>;
export type OtherBlock = z.infer<typeof otherBlockSchema>;
export type AssistantBlock = z.infer<typeof assistantBlockSchema>;

/** A block of a prompt or of a tool result: text, image or PDF. */
export const inputBlockSchema = z.union([textBlockSchema, imageBlockSchema, documentBlockSchema]);
export type InputBlock = z.infer<typeof inputBlockSchema>;

/** A block, or a blob that holds the block's JSON text (blocks over 32 KB are stored so). */
export const storedInputBlockSchema = z.union([blobRefSchema, inputBlockSchema]);
export type StoredInputBlock = z.infer<typeof storedInputBlockSchema>;

export const isTextBlock = (block: AssistantBlock | InputBlock): block is TextBlock => block.type === 'text';
export const isToolUseBlock = (block: AssistantBlock): block is ToolUseBlock => block.type === 'tool_use';
export const isThinkingBlock = (block: AssistantBlock): boolean =>
	block.type === 'thinking' || block.type === 'redacted_thinking';
export const isBlobRef = (value: StoredInputBlock): value is BlobRef => '$blob' in value;

/** What a reference shows of a block's text, its start; empty for a picture or a document. */
export function textOfHead({ head }: BlobRef): string {
	// The JSON of a block, cut anywhere.
	const start = /^\{"type":"(\w+)"(?:,"text":")?/.exec(head);
	if (!start) return head;
	if (start[1] !== 'text') return '';
	const body = head.slice(start[0].length).replace(/\\?$/, '');
	return body.replace(/\\[nrt]/g, '\n').replace(/\\(["\\/])/g, '$1');
}

const DOCUMENT_START = '{"type":"document"';
/** Of a document that does not say it: a paper of common length. */
const UNKNOWN_PAGES = 10;

export const isDocument = (block: StoredInputBlock): boolean =>
	isBlobRef(block) ? block.head.startsWith(DOCUMENT_START) : block.type === 'document';

/** How many pictures a block is to a model: a page of a document is one. */
export function pictureCount(block: StoredInputBlock): number {
	if (isBlobRef(block)) {
		if (block.head.startsWith(DOCUMENT_START)) return pagesOf(block.head);
		return block.head.includes('"type":"image"') ? 1 : 0;
	}
	if (block.type !== 'document') return block.type === 'image' ? 1 : 0;
	return pagesOf(typeof block.title === 'string' ? block.title : '');
}

function pagesOf(text: string): number {
	const pages = /, (\d+) pages?(?:"|$)/.exec(text)?.[1];
	return pages === undefined ? UNKNOWN_PAGES : Math.max(1, Number(pages));
}

/** Token counts of one request, as the API reports them. Total input = input + cache write + cache read. */
export const usageSchema = z.object({
	inputTokens: z.number().int().nonnegative(),
	outputTokens: z.number().int().nonnegative(),
	cacheReadTokens: z.number().int().nonnegative(),
	cacheWriteTokens: z.number().int().nonnegative(),
	/** The part of `cacheWriteTokens` written with the one-hour time to live. */
	cacheWrite1hTokens: z.number().int().nonnegative().default(0),
});
export type Usage = z.infer<typeof usageSchema>;

/** Tokens the request carried, cached or not. */
export const totalInputTokens = (usage: Usage): number =>
	usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
