/**
 * Content blocks of a foreign conversation, cut down to what the Messages API takes again: known kinds, known fields.
 * Thinking is kept to be read and never sent: it is bound to the conversation it was thought in, and a request with it would be refused.
 */
import * as z from 'zod';
import { asToolUseId } from '../../base/ids.ts';
import type { AssistantBlock, InputBlock } from '../session/content.ts';

const TOOL_USE_ID = /^[A-Za-z0-9_-]{1,128}$/;
const TOOL_NAME = /^[A-Za-z0-9_-]{1,128}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const textSchema = z.object({ type: z.literal('text'), text: z.string() });
const imageSchema = z.object({
	type: z.literal('image'),
	source: z.object({
		type: z.literal('base64'),
		media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
		data: z.string().regex(BASE64),
	}),
});
const documentSchema = z.object({
	type: z.literal('document'),
	title: z.string().max(500).optional(),
	source: z.object({
		type: z.literal('base64'),
		media_type: z.literal('application/pdf'),
		data: z.string().regex(BASE64),
	}),
});
const safeInputSchema = z.union([textSchema, imageSchema, documentSchema]);

const safeAssistantSchema = z.union([
	textSchema,
	z.object({ type: z.literal('thinking'), thinking: z.string() }).transform((block) => ({ ...block, signature: '' })),
	z.object({
		type: z.literal('tool_use'),
		id: z.string().regex(TOOL_USE_ID).transform(asToolUseId),
		name: z.string().regex(TOOL_NAME),
		input: z.record(z.string(), z.unknown()),
	}),
]);

/** Undefined when the block is of another kind or not well formed. */
export function safeInputBlock(value: unknown): InputBlock | undefined {
	const parsed = safeInputSchema.safeParse(value);
	return parsed.success ? parsed.data : undefined;
}

/** The fields of an `assistant` entry for the block, or undefined when it cannot be sent again nor be read. */
export function safeAssistantBlock(
	value: unknown,
): { readonly block: AssistantBlock; readonly partial?: true } | undefined {
	const parsed = safeAssistantSchema.safeParse(value);
	if (!parsed.success) return undefined;
	const block = parsed.data;
	// A thinking block that is marked as cut is shown and never sent.
	return block.type === 'thinking' ? { block, partial: true } : { block };
}
