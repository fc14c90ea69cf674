/** One row of the transcript as the panel receives it. Made by `host/transcript/transcript.ts` only; the panel knows no entries. */
import * as z from 'zod';
import { agentLaneSchema } from './agentLane.ts';
import { questionSchema } from './asking.ts';
import { shownChangesSchema, shownLimitsSchema } from './callEffects.ts';

/**
 * A line of a card's small diff. `lineNumber` is 1-based: in the new file for `+` and ` `, in the old one for `-`; 0 when the line's place
 * in the file is not known yet.
 */
export const diffLineSchema = z.object({
	kind: z.enum(['+', '-', ' ']),
	lineNumber: z.number().int(),
	text: z.string(),
});
export type DiffLine = z.infer<typeof diffLineSchema>;

/** What a button of a notice does. */
export const noticeActionSchema = z.enum([
	'retry',
	'setApiKey',
	'openSettings',
	'showLog',
	'useDemo',
	/** Language models that other extensions bring to VS Code. */
	'useVscodeLm',
	'trustWorkspace',
	'rewind',
	'openFolder',
	'takeOver',
	/** Puts the result of the merge that the notice is about into its file. */
	'useMerged',
	/** Opens the shown session again, to be written. */
	'goOn',
	'fork',
	/** Takes the shown session out of the trash. */
	'restore',
	/** Makes the worktree of the shown session again, from what was kept of it. */
	'restoreWorktree',
	/** Lists what the next request carries, where what was folded can be brought back. */
	'showContext',
]);

const base = {
	/** Stable over reloads: the id of the entry (or of the tool call) that the row stands for. */
	id: z.string(),
};

export const transcriptItemSchema = z.discriminatedUnion('kind', [
	z.object({
		...base,
		kind: z.literal('prompt'),
		/** The entry to rewind to. */
		entryId: z.string(),
		text: z.string(),
		/** The slash command that made `text`, as it was typed. */
		command: z.string().optional(),
		attachments: z.array(z.object({ name: z.string(), sizeBytes: z.number() })),
		/** Unix ms. */
		timestamp: z.number(),
	}),
	z.object({
		...base,
		kind: z.literal('answer'),
		/** The entry to fork from; absent while it streams. */
		entryId: z.string().optional(),
		/** Markdown. */
		text: z.string(),
		/** True while it streams. */
		isStreaming: z.boolean(),
		/** True when Stop cut it. */
		isPartial: z.boolean(),
	}),
	z.object({ ...base, kind: z.literal('thinking'), text: z.string(), isStreaming: z.boolean() }),
	z.object({
		...base,
		kind: z.literal('tool'),
		/** `Read`, `Searched`, `Run` … */
		verb: z.string(),
		target: z.string(),
		/** Workspace-relative path to open, when the call is about one file. */
		path: z.string().optional(),
		/** `interrupted`: stopped, or cut off by a closed window, before its end. */
		state: z.enum(['waiting', 'running', 'done', 'failed', 'interrupted']),
		/** `3 lines`, `exit 1` … */
		summary: z.string(),
		durationMs: z.number().optional(),
		/** The first part of the output (≤ 4 KB), shown when expanded; `item.expand` brings the rest. */
		preview: z.string(),
		isTruncated: z.boolean(),
		/** Why it failed or was held up, where that is longer than a word: read without opening the row. */
		note: z.string().optional(),
		/** How many pictures came of it: `item.expand` brings them. */
		pictures: z.number().int().optional(),
		/** `preview` is Markdown. */
		isMarkdown: z.boolean().optional(),
		/** The agent that the call started. */
		agent: agentLaneSchema.optional(),
		/** What of its effects on files could not be taken back; absent when it can have none. */
		limits: shownLimitsSchema.optional(),
		/** What it changed in files, once it is over; absent when nothing. */
		changes: shownChangesSchema.optional(),
	}),
	z.object({
		...base,
		kind: z.literal('edit'),
		/** Workspace-relative. */
		path: z.string(),
		/** `proposed`: waits for the user. `writing`: the call still streams. `applied`: on disk (reviewable). */
		state: z.enum(['writing', 'proposed', 'applied', 'rejected', 'failed', 'interrupted']),
		isNewFile: z.boolean(),
		addedLines: z.number().int(),
		removedLines: z.number().int(),
		/** At most 12 lines. */
		lines: z.array(diffLineSchema),
		isDiffTruncated: z.boolean(),
		/** The model still writes the call: `lines` are the newest ones, and what is left out stands above them. */
		isGrowing: z.boolean().optional(),
		/** The agent of the session's that made it; absent = the session itself. */
		agent: z.string().optional(),
		/** Why it failed or was rejected; or that it was edited by the user or left unsaved. */
		note: z.string(),
	}),
	z.object({
		...base,
		kind: z.literal('permission'),
		tool: z.string(),
		/** The exact command or path. */
		target: z.string(),
		cause: z.string(),
		/** What the user said when denying. */
		reason: z.string().optional(),
		/** The rule that *Always allow* adds; absent when it may not be offered. */
		rule: z.string().optional(),
		/** Instead of `rule`, where it takes several. */
		rules: z.array(z.string()).optional(),
		/** Of a compound command: each part, and what was found out about it. */
		parts: z
			.array(z.object({ text: z.string(), kind: z.enum(['allow', 'ask', 'deny']), cause: z.string() }))
			.optional(),
		/** What could not be taken back; comes a moment later than the question. */
		limits: shownLimitsSchema.optional(),
		/** The agent of the session's that wants it; absent = the session itself. */
		agent: z.string().optional(),
		/** Files whose unsaved changes it would not see. */
		unsaved: z.array(z.string()).optional(),
		/** A command in a sandbox wants to reach this site. */
		site: z.string().optional(),
		/** It is the turn that asks whether to go on, not a tool: what the button says. */
		goOn: z.string().optional(),
		/** A file asks for the rules in `target`, a line each: which file. */
		grant: z.string().optional(),
		state: z.enum(['asking', 'allowed', 'alwaysAllowed', 'denied', 'withdrawn']),
	}),
	/** Waits for answers; what came of it is in the row of the call. */
	z.object({ ...base, kind: z.literal('question'), questions: z.array(questionSchema) }),
	/** Waits to be accepted. `text` is Markdown; `isChanged`: by the user. */
	z.object({ ...base, kind: z.literal('plan'), text: z.string(), isChanged: z.boolean() }),
	z.object({
		...base,
		kind: z.literal('notice'),
		level: z.enum(['info', 'warning', 'error']),
		/** What happened, what is safe, what to do next. */
		text: z.string(),
		actions: z.array(
			z.object({
				label: z.string(),
				action: noticeActionSchema,
			}),
		),
	}),
	z.object({
		...base,
		kind: z.literal('rewound'),
		/** `Rewound to the start: 2 files restored, 1 kept, 1 conflict`. */
		text: z.string(),
		canUndo: z.boolean(),
		/** Nothing went back: a worktree was merged into the workspace. */
		isMerge: z.boolean().optional(),
		/** It was undone and can be made again. */
		canRedo: z.boolean(),
		/** The restore that it tells of. */
		restoreId: z.string().optional(),
		/** Files that are not as they were then, each with why. */
		details: z.array(z.object({ path: z.string(), what: z.enum(['kept', 'conflict', 'blocked']), note: z.string() })),
		moreDetails: z.number().int().nonnegative(),
		/** Conflicts that wait to be merged. */
		conflicts: z.array(z.object({ restoreId: z.string(), key: z.string(), path: z.string() })),
	}),
	/** A part of the conversation was summarized or left out here. */
	z.object({
		...base,
		kind: z.literal('compacted'),
		strategy: z.enum(['summarize', 'rollingWindow', 'selective']),
		/** `Summarized to make room`. */
		title: z.string(),
		/** `the line at 167k was reached`. */
		cause: z.string(),
		/** Markdown. */
		summary: z.string(),
		/** Those that are known from here on. */
		facts: z.array(z.string()),
		tokensBefore: z.number().int(),
		tokensAfter: z.number().int(),
	}),
	/** This session continues another one. */
	z.object({
		...base,
		kind: z.literal('brief'),
		/** Of the other one. */
		sessionId: z.string(),
		title: z.string(),
		/** What the first prompt takes along; empty = nothing. */
		text: z.string(),
		/** No prompt was sent yet. */
		canEdit: z.boolean(),
	}),
	/** A fresh session was started from here. */
	z.object({ ...base, kind: z.literal('continued'), sessionId: z.string() }),
	/** The user marked this moment; its files can be restored from the time line. */
	z.object({ ...base, kind: z.literal('checkpoint'), label: z.string() }),
	z.object({
		...base,
		kind: z.literal('turnEnd'),
		/** `Stopped`, `Done` … */
		text: z.string(),
		durationMs: z.number(),
		costUsd: z.number().nullable(),
		/** How the cost came about: requests, share of the cache, day and source of the prices. */
		costNote: z.string().optional(),
		/** Why the prompt cache did not hold what it should. */
		cacheNote: z.string().optional(),
	}),
]);
export type TranscriptItem = z.infer<typeof transcriptItemSchema>;
