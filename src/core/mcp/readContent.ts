/**
 * Reads what a server gave: results of tools, contents of resources, messages of prompts. Untrusted: what cannot be shown to a model is
 * named in its place, and an image counts only when its bytes are one, since one bad block would make every later request fail. Pure.
 */
import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import { readImageFile } from '../media/imageFile.ts';
import { fromBase64 } from '../transfer/base64.ts';
import type { McpCallResult, McpContent, McpPromptMessage } from './mcpPorts.ts';
import { plainLine } from './readOffers.ts';

const MAX_BLOCKS = 200;
const MAX_TEXT_CHARS = 2_000_000;
/** What the API takes of one image, as base64. */
const MAX_IMAGE_CHARS = 5_000_000;
const MAX_IMAGES = 20;
const MAX_URI_CHARS = 4_000;
/** Base64 of the first bytes of PNG, JPEG, GIF and WebP. */
const START_OF_IMAGE = /^(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR.{7}RUJQ)/;
const NO_IMAGE = 'an image that is none, or of a kind that models do not take';

const resourceShape = z.looseObject({
	uri: z.string(),
	mimeType: z.string().optional().catch(undefined),
	text: z.string().optional(),
	blob: z.string().optional(),
});
const blockShape = z.union([
	z.looseObject({ type: z.literal('text'), text: z.string() }),
	z.looseObject({ type: z.literal('image'), data: z.string(), mimeType: z.string().optional().catch(undefined) }),
	z.looseObject({ type: z.literal('audio'), data: z.string(), mimeType: z.string().optional().catch(undefined) }),
	z.looseObject({ type: z.literal('resource'), resource: resourceShape }),
	z.looseObject({
		type: z.literal('resource_link'),
		uri: z.string(),
		name: z.string().optional().catch(undefined),
		description: z.string().optional().catch(undefined),
	}),
]);

/** Undefined when it is no result at all. */
export function readCallResult(raw: unknown): McpCallResult | undefined {
	const parsed = z
		.looseObject({
			content: z.array(z.unknown()).optional(),
			isError: z.boolean().optional().catch(undefined),
			structuredContent: z.unknown().optional(),
		})
		.safeParse(raw);
	if (!parsed.success) return undefined;
	const { content, isError, structuredContent } = parsed.data;
	if (content === undefined && structuredContent === undefined) return undefined;
	return {
		isError: isError === true,
		content: readBlocks(content ?? []),
		...(structuredContent === undefined ? {} : { structured: structuredContent }),
	};
}

/** Undefined when they are no contents. */
export function readResourceContents(raw: unknown): readonly McpContent[] | undefined {
	const parsed = z.looseObject({ contents: z.array(z.unknown()) }).safeParse(raw);
	if (!parsed.success) return undefined;
	return bounded(parsed.data.contents, (one) => {
		const contents = resourceShape.safeParse(one);
		return contents.success ? resourceContent(contents.data) : { kind: 'leftOut', what: 'something unreadable' };
	});
}

/** Undefined when they are no messages. */
export function readPromptMessages(raw: unknown): readonly McpPromptMessage[] | undefined {
	const parsed = z
		.looseObject({ messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: z.unknown() })) })
		.safeParse(raw);
	if (!parsed.success) return undefined;
	const { messages } = parsed.data;
	const contents = readBlocks(messages.map(({ content }) => content));
	return contents.map((content, index) => ({ role: messages[index]?.role ?? 'user', content }));
}

function readBlocks(raw: readonly unknown[]): readonly McpContent[] {
	return bounded(raw, (one) => {
		const parsed = blockShape.safeParse(one);
		if (!parsed.success) return { kind: 'leftOut', what: `something unreadable (${typeOf(one)})` };
		const block = parsed.data;
		switch (block.type) {
			case 'text':
				return { kind: 'text', text: boundedText(block.text) };
			case 'image':
				return image(block.data) ?? { kind: 'leftOut', what: NO_IMAGE };
			case 'audio':
				return { kind: 'leftOut', what: `a sound of ${kilobytes(block.data)}` };
			case 'resource':
				return resourceContent(block.resource);
			case 'resource_link':
				return {
					kind: 'link',
					uri: plainLine(block.uri, MAX_URI_CHARS),
					name: plainLine(block.name ?? block.uri, 200),
					...(block.description === undefined ? {} : { description: plainLine(block.description, 500) }),
				};
		}
	});
}

function resourceContent(resource: z.infer<typeof resourceShape>): McpContent {
	const uri = plainLine(resource.uri, MAX_URI_CHARS);
	const mediaType = resource.mimeType === undefined ? undefined : plainLine(resource.mimeType, 200);
	if (resource.text !== undefined)
		return {
			kind: 'resource',
			uri,
			...(mediaType === undefined ? {} : { mediaType }),
			text: boundedText(resource.text),
		};
	if (resource.blob === undefined) return { kind: 'leftOut', what: `the resource ${uri}, which has no content` };
	return (
		image(resource.blob) ?? {
			kind: 'leftOut',
			what: `the resource ${uri}, ${kilobytes(resource.blob)} of ${mediaType ?? 'unknown data'}`,
		}
	);
}

function bounded(raw: readonly unknown[], read: (one: unknown) => McpContent): readonly McpContent[] {
	let images = 0;
	const contents = raw.slice(0, MAX_BLOCKS).map((one): McpContent => {
		const content = read(one);
		if (content.kind === 'image' && ++images > MAX_IMAGES)
			return { kind: 'leftOut', what: `an image, since ${MAX_IMAGES} came before it` };
		return content;
	});
	if (raw.length <= MAX_BLOCKS) return contents;
	return [...contents, { kind: 'leftOut', what: `${raw.length - MAX_BLOCKS} more parts` }];
}

/** Goes by the bytes, never by what the server calls them. Undefined when it is not even the start of an image. */
function image(base64: string): Extract<McpContent, { kind: 'image' | 'leftOut' }> | undefined {
	if (base64.length > MAX_IMAGE_CHARS)
		return START_OF_IMAGE.test(base64)
			? { kind: 'leftOut', what: `an image of ${kilobytes(base64)}, which is too large` }
			: undefined;
	const bytes = base64 === '' ? undefined : fromBase64(base64);
	const file = bytes && readImageFile(bytes);
	if (!file) return undefined;
	if (file.kind === 'bad') return { kind: 'leftOut', what: `an image that cannot be shown, since it ${file.problem}` };
	return { kind: 'image', mediaType: file.mediaType, base64 };
}

function boundedText(text: string): string {
	if (text.length <= MAX_TEXT_CHARS) return text;
	const start = cutText(text, MAX_TEXT_CHARS);
	return `${start}\n[… ${text.length - start.length} characters left out here …]`;
}

function typeOf(one: unknown): string {
	if (typeof one !== 'object' || one === null || !('type' in one)) return 'no type';
	return typeof one.type === 'string' ? plainLine(one.type, 40) : 'no type';
}

const kilobytes = (base64: string): string => `${Math.ceil((base64.length * 3) / 4 / 1024).toLocaleString('en-US')} KB`;
