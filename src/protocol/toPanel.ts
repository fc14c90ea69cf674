/** What the host tells the panel. A closed union; the panel keeps `reduce(state, message)` and no truth of its own. */
import * as z from 'zod';
import { shownTaskSchema } from './asking.ts';
import { panelBriefSchema } from './brief.ts';
import { contextItemSchema, contextListSchema, contextPlanSchema } from './contextItems.ts';
import { contextMeterSchema } from './contextMeter.ts';
import { findMarkSchema } from './findMark.ts';
import { runningCommandSchema } from './runningCommand.ts';
import { shownCommandSchema } from './shownCommand.ts';
import { suggestionSchema } from './suggestion.ts';
import { permissionModeSchema, promptAttachmentsSchema } from './toHost.ts';
import { diffLineSchema, transcriptItemSchema } from './transcriptItem.ts';

const sessionStateSchema = z.enum(['created', 'ready', 'streaming', 'runningTool', 'awaitingUser', 'idle', 'closed']);

const queuedPrompt = z.object({ id: z.string(), text: z.string() });
const modelChoice = z.object({ id: z.string(), label: z.string(), detail: z.string() });

const panelSummarySchema = z.object({
	id: z.string(),
	text: z.string(),
	hasPrevious: z.boolean(),
	/** What it takes the place of: all, from a prompt on, or up to one. */
	scope: z.enum(['all', 'from', 'upTo']),
	tokensBefore: z.number().int(),
	/** What making it cost; null = not known. */
	costUsd: z.number().nullable(),
});
export type PanelSummary = z.infer<typeof panelSummarySchema>;

const mentionOfferSchema = z.object({
	/** As it stands in the input, with its `@`. */
	mention: z.string(),
	name: z.string(),
	detail: z.string(),
});
export type MentionOffer = z.infer<typeof mentionOfferSchema>;

/** What stands above and below the transcript. */
export const panelHeadSchema = z.object({
	sessionId: z.string().nullable(),
	title: z.string(),
	state: sessionStateSchema,
	/** Set while the whole session cannot be written to, e.g. it is open in another window. */
	readOnlyReason: z.string().nullable(),
	isPersisted: z.boolean(),
	/** It was forked from another session. */
	isFork: z.boolean(),
	/** It works in a copy of the workspace; absent = in the workspace itself. */
	worktree: z.object({ isGone: z.boolean(), path: z.string() }).optional(),
	mode: permissionModeSchema,
	model: z.string(),
	models: z.array(modelChoice),
	/** Effort and thinking, e.g. `Effort: high`; null when the model has none to choose. */
	tuning: z.string().nullable().optional(),
	/** `Anthropic API`, `Demo model` … */
	provider: z.string(),
	/** The demo model is on: it is labelled as such. */
	isDemo: z.boolean(),
	/** Nothing is configured yet: show the first-run card. */
	needsSetup: z.boolean(),
	isTrusted: z.boolean(),
	hasFolder: z.boolean(),
	queue: z.array(queuedPrompt),
	/** What runs in the background; absent = nothing. */
	commands: z.array(runningCommandSchema).optional(),
	/** While a retry waits: `Overloaded. Trying again in 4 s (2 of 8)`. */
	progress: z.string().nullable(),
	canUndoRewind: z.boolean(),
	/** A summary that waits to be looked at. */
	summary: panelSummarySchema.nullable(),
	/** A brief that waits to be looked at. */
	brief: panelBriefSchema.nullable(),
	/** Why something else than the next message may be due. */
	suggestion: suggestionSchema.nullable(),
	/** The steps of the work, in order. */
	tasks: z.array(shownTaskSchema),
});
export type PanelHead = z.infer<typeof panelHeadSchema>;

export const rewindFileSchema = z.object({
	/** Opaque; comes back in `overwrite`, `keep` and `keepHunks`. */
	key: z.string(),
	/** Workspace-relative. */
	path: z.string(),
	/** `mode`: only its permissions change. */
	action: z.enum(['restore', 'delete', 'create', 'mode', 'none']),
	/** What a command may have done, or the user: not restored unless ticked. */
	isUnknownAuthor: z.boolean(),
	/** The key of another file of the plan: what the session moved here, and what comes back there. Both go together. */
	movedFrom: z.string().optional(),
	/** Its lines can be shown and kept one hunk at a time. */
	hasHunks: z.boolean(),
	addedLines: z.number().int(),
	removedLines: z.number().int(),
	/** `ok`: the file is as the agent left it. `merge`: changed since, merges cleanly. `conflict`: asks. `blocked`: cannot. */
	status: z.enum(['ok', 'merge', 'conflict', 'blocked']),
	note: z.string(),
});
export type RewindFile = z.infer<typeof rewindFileSchema>;

export const rewindHunkSchema = z.object({
	/** 1-based, in the file as it is now. */
	startLine: z.number().int(),
	addedLines: z.number().int(),
	removedLines: z.number().int(),
	/** The first of them. */
	lines: z.array(diffLineSchema),
	isTruncated: z.boolean(),
});
export type RewindHunk = z.infer<typeof rewindHunkSchema>;

export const toPanelSchema = z.discriminatedUnion('kind', [
	/** Everything, on attach and after the branch changed. `seq` restarts here. */
	z.object({
		kind: z.literal('snapshot'),
		seq: z.number().int(),
		head: panelHeadSchema,
		items: z.array(transcriptItemSchema),
		/** Older rows exist and were not sent. */
		hasOlder: z.boolean(),
		meter: contextMeterSchema,
		draft: z.string(),
	}),
	/** A row is new or has changed: replace by id, else append. */
	z.object({ kind: z.literal('item'), seq: z.number().int(), item: transcriptItemSchema }),
	z.object({ kind: z.literal('itemRemoved'), seq: z.number().int(), id: z.string() }),
	/** Text to append to a streaming `answer`, `thinking` or running `tool` row. */
	z.object({ kind: z.literal('delta'), seq: z.number().int(), id: z.string(), text: z.string() }),
	z.object({ kind: z.literal('head'), seq: z.number().int(), head: panelHeadSchema }),
	z.object({ kind: z.literal('meter'), seq: z.number().int(), meter: contextMeterSchema }),
	/** Open the rewind dialog with this plan (or with the list of prompts to choose from, when `entryId` is null). */
	z.object({
		kind: z.literal('rewind.plan'),
		entryId: z.string().nullable(),
		promptText: z.string(),
		prompts: z.array(z.object({ entryId: z.string(), text: z.string(), timestamp: z.number() })),
		files: z.array(rewindFileSchema),
		/** Messages that leave the conversation. */
		messageCount: z.number().int(),
		/** Named things that cannot be taken back, e.g. shell commands. */
		warnings: z.array(z.string()),
		/** Why code cannot be restored; null = it can. */
		codeReason: z.string().nullable(),
	}),
	/** What would change in one file of the plan on the screen. */
	z.object({
		kind: z.literal('rewind.file'),
		key: z.string(),
		/** Names the two texts that were compared; comes back with the hunks to keep. */
		version: z.string(),
		hunks: z.array(rewindHunkSchema),
		/** Hunks behind these, which only the native diff shows. */
		moreHunks: z.number().int().nonnegative(),
		/** Why there is nothing to show; empty when there is. */
		note: z.string(),
	}),
	/** Open the context dialog. */
	z.object({
		kind: z.literal('context'),
		meter: contextMeterSchema,
		model: z.string(),
		list: contextListSchema,
	}),
	/** The items as they are now, for the dialog that is open. */
	z.object({ kind: z.literal('context.list'), list: contextListSchema }),
	/** Which of the files in the list are other ones on the disk; those that are not named are not. */
	z.object({
		kind: z.literal('context.stale'),
		items: z.array(contextItemSchema.pick({ id: true, stale: true })),
	}),
	/** What the edit that was asked about would change. */
	z.object({ kind: z.literal('context.plan'), plan: contextPlanSchema }),
	/** What fits behind an `@`, best first. */
	z.object({ kind: z.literal('mention.offers'), number: z.number().int(), offers: z.array(mentionOfferSchema) }),
	z.object({ kind: z.literal('commands'), commands: z.array(shownCommandSchema) }),
	z.object({
		kind: z.literal('expanded'),
		id: z.string(),
		text: z.string(),
		/** As `data:` addresses. Fewer than the row says when they are too much to send. */
		pictures: z.array(z.string()).optional(),
	}),
	/** What an agent said and did, for the lane of this row that is open. */
	z.object({
		kind: z.literal('agent.rows'),
		id: z.string(),
		items: z.array(transcriptItemSchema),
		/** Rows before these, which its transcript shows. */
		olderRows: z.number().int().nonnegative(),
	}),
	/** Rows that stand right before the row `beforeId`. */
	z.object({
		kind: z.literal('older'),
		beforeId: z.string(),
		items: z.array(transcriptItemSchema),
		hasOlder: z.boolean(),
	}),
	/** Put text into the input, replacing or after what is there, and focus it. */
	z.object({
		kind: z.literal('input'),
		text: z.string(),
		how: z.enum(['replace', 'append']),
		/** What was attached to a prompt that comes back. */
		attachments: promptAttachmentsSchema.optional(),
	}),
	/** Something to say that is no part of the transcript. Spoken by a screen reader. */
	z.object({ kind: z.literal('toast'), level: z.enum(['info', 'warning', 'error']), text: z.string() }),
	z.object({ kind: z.literal('focus') }),
	/** Scroll to this row, open it, mark what was searched for, and put the focus on its message. */
	z.object({ kind: z.literal('reveal'), id: z.string(), mark: findMarkSchema.optional() }),
	/** Rows that have what was looked for, from the oldest to the newest, loaded or not. */
	z.object({
		kind: z.literal('find.results'),
		number: z.number().int(),
		ids: z.array(z.string()),
		/** False: a part of the conversation could not be searched. */
		isComplete: z.boolean(),
		mark: findMarkSchema,
	}),
]);
export type ToPanel = z.infer<typeof toPanelSchema>;
