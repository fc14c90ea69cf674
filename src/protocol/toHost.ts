/** What the panel says to the host. A closed union; the host parses every message with it. */
import * as z from 'zod';
import { noticeActionSchema } from './transcriptItem.ts';

export const permissionModeSchema = z.enum(['plan', 'ask', 'acceptEdits', 'auto']);
export const rewindScopeSchema = z.enum(['both', 'conversation', 'code']);
export type RewindScope = z.infer<typeof rewindScopeSchema>;

const attachment = z.discriminatedUnion('kind', [
	/** A workspace file or range, 1-based inclusive lines; the host reads it. */
	z.object({
		kind: z.literal('file'),
		path: z.string(),
		startLine: z.number().int().optional(),
		endLine: z.number().int().optional(),
	}),
	z.object({ kind: z.literal('text'), name: z.string(), text: z.string() }),
	z.object({
		kind: z.literal('image'),
		name: z.string(),
		mediaType: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
		base64: z.string(),
	}),
]);
export type PromptAttachment = z.infer<typeof attachment>;
export const promptAttachmentsSchema = z.array(attachment);

export const toHostSchema = z.discriminatedUnion('kind', [
	/** The page has loaded: answer with `snapshot`. */
	z.object({ kind: z.literal('panel.ready') }),
	/** The user is in this page now: commands mean its session. */
	z.object({ kind: z.literal('panel.focused') }),
	/** Sent, or queued when a turn runs. */
	z.object({ kind: z.literal('prompt.submit'), text: z.string(), attachments: promptAttachmentsSchema }),
	z.object({ kind: z.literal('turn.stop') }),
	z.object({ kind: z.literal('queue.change'), id: z.string(), action: z.enum(['drop', 'edit', 'sendNow']) }),
	z.object({
		kind: z.literal('permission.answer'),
		id: z.string(),
		verdict: z.enum(['allowOnce', 'alwaysAllow', 'deny']),
		reason: z.string().optional(),
	}),
	z.object({
		kind: z.literal('edit.act'),
		id: z.string(),
		action: z.enum(['openDiff', 'accept', 'reject']),
		reason: z.string().optional(),
	}),
	/** Ask for a plan: answered with `rewind.plan`. */
	z.object({ kind: z.literal('rewind.preview'), entryId: z.string() }),
	z.object({
		kind: z.literal('rewind.apply'),
		entryId: z.string(),
		scope: rewindScopeSchema,
		/** Keys of conflicting files that the user ticked to be overwritten. */
		overwrite: z.array(z.string()),
	}),
	z.object({ kind: z.literal('rewind.undo') }),
	z.object({ kind: z.literal('mode.set'), mode: permissionModeSchema }),
	z.object({ kind: z.literal('model.set'), model: z.string() }),
	z.object({
		kind: z.literal('session.act'),
		action: z.enum(['new', 'rename', 'menu', 'export', 'doctor', 'branches']),
	}),
	z.object({ kind: z.literal('session.fork'), entryId: z.string() }),
	/** Ask for the breakdown: answered with `context`. */
	z.object({ kind: z.literal('context.show') }),
	/** The whole output of a tool row: answered with `expanded`. */
	z.object({ kind: z.literal('item.expand'), id: z.string() }),
	/** The rows before this one: answered with `older`. */
	z.object({
		kind: z.literal('transcript.older'),
		beforeId: z.string(),
		/** As far back as this row, however many rows that are. */
		untilId: z.string().optional(),
	}),
	/** Find in the whole transcript: answered with `find.results` of the same number. An empty query only cancels. */
	z.object({ kind: z.literal('find'), number: z.number().int(), query: z.string() }),
	z.object({ kind: z.literal('link.open'), href: z.string() }),
	z.object({
		kind: z.literal('notice.act'),
		action: noticeActionSchema,
	}),
	/** The text in the input, kept over reloads. */
	z.object({ kind: z.literal('draft.save'), text: z.string() }),
	/** A part of the page failed; logged. */
	z.object({ kind: z.literal('panel.error'), message: z.string() }),
]);
export type ToHost = z.infer<typeof toHostSchema>;
