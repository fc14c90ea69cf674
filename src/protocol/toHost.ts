/** What the panel says to the host. A closed union; the host parses every message with it. */
import * as z from 'zod';
import { agentActionSchema } from './agentLane.ts';
import { askAnswerSchema } from './asking.ts';
import { briefAnswerSchema } from './brief.ts';
import { inspectSchema } from './contextItems.ts';
import { commandActSchema } from './runningCommand.ts';
import { suggestionCauseSchema } from './suggestion.ts';
import { noticeActionSchema } from './transcriptItem.ts';

export const permissionModeSchema = z.enum(['plan', 'ask', 'acceptEdits', 'auto']);
export const rewindScopeSchema = z.enum(['both', 'conversation', 'code']);
export type RewindScope = z.infer<typeof rewindScopeSchema>;

export const keptHunksSchema = z.object({
	key: z.string(),
	/** Of the `rewind.file` that the numbers of the hunks come from. */
	version: z.string(),
	/** From 0. */
	hunks: z.array(z.number().int().nonnegative()),
});
export type KeptHunks = z.infer<typeof keptHunksSchema>;

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
	z.object({
		kind: z.literal('prompt.submit'),
		text: z.string(),
		attachments: promptAttachmentsSchema,
		/** A slash at its start means nothing. */
		isLiteral: z.boolean().optional(),
	}),
	/** Which slash commands there are besides the built-in ones: answered with `commands`. */
	z.object({ kind: z.literal('commands.list') }),
	z.object({ kind: z.literal('turn.stop') }),
	commandActSchema,
	z.object({ kind: z.literal('queue.change'), id: z.string(), action: z.enum(['drop', 'edit', 'moveUp', 'sendNow']) }),
	z.object({
		kind: z.literal('permission.answer'),
		id: z.string(),
		verdict: z.enum(['allowOnce', 'alwaysAllow', 'deny']),
		/** Of `alwaysAllow`: where the rules hold; default `session`. */
		scope: z.enum(['session', 'workspace', 'user']).optional(),
		reason: z.string().optional(),
		/** Saves the files with unsaved changes first. */
		savesFirst: z.boolean().optional(),
	}),
	/** Answers a question or a plan, by the row. */
	z.object({ kind: z.literal('ask.answer'), id: z.string(), answer: askAnswerSchema }),
	/** Opens a plan that waits in an editor. */
	z.object({ kind: z.literal('plan.edit'), id: z.string() }),
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
		/** Keys of files that are not restored unless the user ticks them: conflicts, and changes of an unknown author. */
		overwrite: z.array(z.string()),
		/** Keys of files that the user keeps as they are now. */
		keep: z.array(z.string()),
		/** Files of which some hunks stay as they are now. */
		keepHunks: z.array(keptHunksSchema),
	}),
	/** What would change in one file of the plan on the screen: answered with `rewind.file`. */
	z.object({ kind: z.literal('rewind.expand'), key: z.string() }),
	/** Show one file of the plan as a native diff, now and as it would be. */
	z.object({ kind: z.literal('rewind.diff'), key: z.string() }),
	z.object({ kind: z.literal('rewind.undo') }),
	z.object({ kind: z.literal('rewind.redo') }),
	/** Open the merge of a conflict that a rewind left. */
	z.object({ kind: z.literal('conflict.open'), restoreId: z.string(), key: z.string() }),
	z.object({ kind: z.literal('mode.set'), mode: permissionModeSchema }),
	z.object({ kind: z.literal('model.set'), model: z.string() }),
	z.object({
		kind: z.literal('session.act'),
		action: z.enum([
			'new',
			'rename',
			'menu',
			'export',
			'doctor',
			'branches',
			'origin',
			'memory',
			'effort',
			'permissions',
			'worktree',
		]),
	}),
	z.object({ kind: z.literal('session.fork'), entryId: z.string() }),
	/** Ask for the breakdown: answered with `context`. */
	z.object({ kind: z.literal('context.show') }),
	/** What the context dialog asks for. */
	z.object({ kind: z.literal('context.inspect'), act: inspectSchema }),
	/** Summarize the conversation, or the part of it from a prompt on or up to one. */
	z.object({
		kind: z.literal('context.compact'),
		focus: z.string(),
		part: z.object({ kind: z.enum(['from', 'upTo']), entryId: z.string() }).optional(),
	}),
	/** Go back to before the summary of this row. */
	z.object({ kind: z.literal('context.undoCompact'), id: z.string() }),
	/** What to do with the summary on the screen: use this text, or drop it (null). */
	z.object({ kind: z.literal('summary.answer'), id: z.string(), text: z.string().nullable() }),
	/** Start a fresh session with a brief of this one; `focus` is what it is for, or empty. */
	z.object({ kind: z.literal('context.clear'), focus: z.string() }),
	briefAnswerSchema,
	/** Change the brief before the first prompt. */
	z.object({ kind: z.literal('brief.edit') }),
	/** The suggestion above the input is not wanted, or taken. */
	z.object({ kind: z.literal('suggestion.dismiss'), cause: suggestionCauseSchema }),
	/** Show the session at the other end of a link. */
	z.object({ kind: z.literal('session.follow'), id: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/) }),
	/** Show it beside the one before as a native diff. */
	z.object({ kind: z.literal('summary.compare') }),
	/** The whole output of a tool row: answered with `expanded`. */
	z.object({ kind: z.literal('item.expand'), id: z.string() }),
	/** The lane of an agent is open: answered with `agent.rows`, now and while it works. Or it is closed. */
	z.object({ kind: z.literal('agent.show'), id: z.string(), isOpen: z.boolean() }),
	/** `id` is the row of the call that started it. */
	z.object({ kind: z.literal('agent.act'), id: z.string(), action: agentActionSchema }),
	/** Show what a call changed in one file as a native diff, or without `key` in all of them. */
	z.object({ kind: z.literal('change.open'), id: z.string(), key: z.string().optional() }),
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
		/** The row of the notice. */
		id: z.string().optional(),
	}),
	/** What fits behind an `@` that is being typed: answered with `mention.offers` of the same number. */
	z.object({ kind: z.literal('mention.find'), number: z.number().int(), query: z.string().max(500) }),
	/** Keep this for later sessions: the host asks in which memory file. */
	z.object({ kind: z.literal('memory.add'), text: z.string() }),
	/** The text in the input, kept over reloads. */
	/** `sessionId`: where it was typed, which may not be what is shown any more. */
	z.object({ kind: z.literal('draft.save'), text: z.string(), sessionId: z.string().max(100) }),
	/** A part of the page failed; logged. */
	z.object({ kind: z.literal('panel.error'), message: z.string() }),
]);
export type ToHost = z.infer<typeof toHostSchema>;
