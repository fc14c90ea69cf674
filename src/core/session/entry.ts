/**
 * The entries of a session log: one zod schema per type. This file is the format (see `parseEntry` for the door); fields that belong together, such as
 * those about files, stand in the `…Fields.ts` files beside it. Conversation types form the tree by `parentId`; ledger types hang on a conversation entry
 * and are never a parent.
 */
import * as z from 'zod';
import { asUnixMs } from '../../base/ids.ts';
import { callLimitsSchema } from './callLimits.ts';
import { commandSchema, ranSchema } from './commandFields.ts';
import { compactionFields, contextRefSchema, factEditFields } from './compactionFields.ts';
import {
	assistantBlockSchema,
	blobRefSchema,
	storedInputBlockSchema,
	toolUseIdSchema,
	usageSchema,
} from './content.ts';
import { continuationFields } from './continuationFields.ts';
import { fileFields } from './fileFields.ts';
import { hookFields } from './hookFields.ts';
import { noticeFields } from './noticeFields.ts';
import { prefixFields } from './prefixFields.ts';
import { subagentFields } from './subagentFields.ts';
import { entryIdSchema, sessionIdSchema, tailFields } from './tailFields.ts';
import { worktreeRefSchema } from './worktreeFields.ts';

/** The version of the line format this build writes. A line with a higher `v` opens read-only. */
export const ENTRY_VERSION = 1;

export const permissionModeSchema = z.enum(['plan', 'ask', 'acceptEdits', 'auto']);
export type PermissionMode = z.infer<typeof permissionModeSchema>;

/** What every line carries, whatever its type. */
export const entryBaseSchema = z.object({
	v: z.number().int().positive(),
	id: entryIdSchema,
	parentId: entryIdSchema.nullable(),
	sessionId: sessionIdSchema,
	agentId: z.string().min(1),
	/** Generation of the writer (its lease). */
	gen: z.number().int().nonnegative(),
	timestamp: z.number().transform(asUnixMs),
	cwd: z.string(),
	mode: permissionModeSchema,
	type: z.string().min(1),
});
export type EntryBase = z.infer<typeof entryBaseSchema>;

const timingSchema = z.object({ queuedMs: z.number(), firstTokenMs: z.number(), totalMs: z.number() });

/** The fields of each conversation type, besides the base. */
const conversationFields = {
	user: {
		content: z.array(storedInputBlockSchema),
		/** The slash command that it was made by. */
		command: commandSchema.optional(),
	},
	/** Content added to the prompt it follows; sent in the same API message. */
	attachment: {
		name: z.string(),
		content: z.array(storedInputBlockSchema),
		/** It is a memory file that came in after the start: `hash` of what was sent, `cause` is the file that brought it in by being touched. */
		memory: z.object({ path: z.string(), hash: z.string(), cause: z.string().optional() }).optional(),
		/** It is a list of what files offer, which was not as the model knew it: `hash` of what it lists. */
		list: z.object({ name: z.string(), hash: z.string() }).optional(),
		/** It is the output of a command of the prompt, and is sent where the prompt has its mark. */
		ran: ranSchema.optional(),
	},
	assistant: {
		messageId: z.string(),
		index: z.number().int().nonnegative(),
		block: assistantBlockSchema,
		/** True for a text block cut by Stop. */
		partial: z.boolean().optional(),
	},
	assistantEnded: {
		messageId: z.string(),
		requestId: z.string().nullable(),
		model: z.string(),
		stopReason: z.string(),
		stopDetails: z.unknown().optional(),
		usage: usageSchema,
		costUsd: z.number().nullable(),
		diagnostics: z.unknown().optional(),
		timing: timingSchema,
	},
	toolResult: {
		toolUseId: toolUseIdSchema,
		isError: z.boolean(),
		content: z.array(storedInputBlockSchema),
		/** Wall time of the run, without waiting for permission. */
		durationMs: z.number(),
		/** A few words for the transcript row, e.g. `3 lines`. Never sent to the model. */
		summary: z.string().optional(),
		/** The whole output where `content` is a shortened form of it. */
		output: blobRefSchema.optional(),
		/** What the call itself cost beside the conversation, e.g. a search of the web. */
		costUsd: z.number().nullable().optional(),
	},
	/** Our own words to the model, sent at the end of the next user message. */
	reminder: {
		text: z.string(),
		/** It has words that are not ours, such as the name of a file, so it never goes as a system message. */
		hasOtherWords: z.boolean().optional(),
	},
	compaction: compactionFields,
	contextEdit: {
		edits: z.array(
			z.object({
				ref: contextRefSchema,
				op: z.enum(['fold', 'unfold', 'drop', 'pin', 'unpin', 'stripThinking']),
				/** The literal replacement. */
				text: z.string().optional(),
			}),
		),
		cause: z.string(),
	},
	factEdit: factEditFields,
	/** What a subagent that ran in the background gave back. */
	subagentReturned: {
		subagentId: z.string().min(1),
		isError: z.boolean(),
		content: z.array(storedInputBlockSchema),
	},
	interrupted: { reason: z.enum(['stop', 'crash', 'takeover']) },
	turnEnded: {
		reason: z.enum(['endTurn', 'stopped', 'error', 'maxTokens', 'refusal', 'contextFull', 'stepLimit']),
		/** Set when `reason` is `error`: a stable code and what the user was told. */
		code: z.string().optional(),
		message: z.string().optional(),
		durationMs: z.number(),
	},
} as const;

const ledgerFields = {
	header: {
		roots: z.array(z.string()),
		extensionVersion: z.string(),
		gitBranch: z.string().optional(),
		origin: z.object({ sessionId: sessionIdSchema, entryId: entryIdSchema.nullable() }).optional(),
		/** The copy of the workspace that it works in, instead of the roots. */
		worktree: worktreeRefSchema.optional(),
		/** In a fork: where the way up goes on for what stayed in the origin. */
		links: z.array(z.tuple([entryIdSchema, entryIdSchema.nullable()])).optional(),
	},
	prefix: prefixFields,
	toolStarted: {
		toolUseId: toolUseIdSchema,
		/** Of a call whose effects on files are looked for. Absent: nobody looked. */
		limits: callLimitsSchema.optional(),
		/** What it ran with, where that is not the input of the call: a hook or another extension changed it. */
		input: z.unknown().optional(),
	},
	permission: {
		toolUseId: toolUseIdSchema,
		tool: z.string(),
		verdict: z.enum(['allowOnce', 'alwaysAllow', 'deny']),
		/** Of `alwaysAllow`. */
		rule: z.string().optional(),
		/** Instead of `rule`, where it took several. */
		rules: z.array(z.string()).optional(),
		/** The site that a command in a sandbox wanted to reach, where it was not the call that was asked about. */
		site: z.string().optional(),
		/** Where they hold; absent = in this session. */
		scope: z.enum(['workspace', 'user']).optional(),
		/** Why it was asked. */
		cause: z.string(),
		/** The user's words when denying. */
		reason: z.string().optional(),
	},
	...fileFields,
	rewind: {
		to: entryIdSchema.nullable(),
		from: entryIdSchema.nullable(),
		why: z.enum(['rewind', 'switch', 'undo', 'undoCompaction', 'clear']),
		/** The restore that was made with it: both are undone together. */
		restore: entryIdSchema.optional(),
	},
	/** Names the branch that starts at `first` (its first own entry); a null label takes the name away. The newest of each counts. */
	branchLabel: { first: entryIdSchema, label: z.string().nullable(), summary: z.string().optional() },
	title: {
		title: z.string(),
		by: z.enum(['prompt', 'model', 'user']),
		/** What asking a model for it cost; null = its price is not known. */
		costUsd: z.number().nullable().optional(),
	},
	model: { model: z.string() },
	mode: { to: permissionModeSchema },
	hook: hookFields,
	/** The whole list as it is from here on. */
	taskList: {
		tasks: z.array(z.object({ text: z.string(), state: z.enum(['pending', 'inProgress', 'completed']) })),
	},
	/** A run of a subagent began or is over; its conversation is in a log of its own. */
	subagent: subagentFields,
	/** How the list shows the session; what is left out stays as it was. Or rules of the session that the user took back. */
	state: {
		isPinned: z.boolean().optional(),
		isArchived: z.boolean().optional(),
		removedRules: z.array(z.string()).optional(),
	},
	notice: noticeFields,
	/** What the endpoint counted, without a reply, for the request at the entry this hangs on. */
	count: { tokens: z.number().int().nonnegative(), model: z.string() },
	...continuationFields,
	tail: tailFields,
} as const;

type FieldsOf<F> = { readonly [K in keyof F]: F[K] extends z.ZodType ? z.infer<F[K]> : never };
type UndefinedKeys<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type Optionalised<T> = { readonly [K in Exclude<keyof T, UndefinedKeys<T>>]: T[K] } & {
	readonly [K in UndefinedKeys<T>]?: T[K];
};
type AllFields = typeof conversationFields & typeof ledgerFields;
export type ConversationType = keyof typeof conversationFields;
export type LedgerType = keyof typeof ledgerFields;
export type EntryType = ConversationType | LedgerType;

/** The fields an entry of type `T` has besides the base; what `append` is given. */
export type EntryFields<T extends EntryType> = Optionalised<FieldsOf<AllFields[T]>>;
type BaseFields = Readonly<Omit<EntryBase, 'type'>>;
export type EntryOf<T extends EntryType> = { readonly [K in T]: BaseFields & { readonly type: K } & EntryFields<K> }[T];
/** An entry of a type this build does not know: kept in the file and skipped. */
export type UnknownEntry = BaseFields & {
	readonly type: 'unknown';
	readonly originalType: string;
	readonly conversation: boolean;
};
export type Entry = EntryOf<EntryType> | UnknownEntry;
export type EntryDraft<T extends EntryType = EntryType> = {
	readonly [K in T]: { readonly type: K } & EntryFields<K>;
}[T];

const fieldSchemas = new Map<string, z.ZodType>(
	Object.entries({ ...conversationFields, ...ledgerFields }).map(([type, fields]) => [type, z.object(fields)]),
);
const conversationTypes: ReadonlySet<string> = new Set(Object.keys(conversationFields));

/** Parses one JSON value as an entry. Throws ZodError when the base or the fields of a known type are wrong. */
export function parseEntry(value: unknown): Entry {
	const base = entryBaseSchema.parse(value);
	const fields = fieldSchemas.get(base.type);
	if (fields) return { ...base, ...(fields.parse(value) as object) } as Entry;
	const marked = z.object({ conversation: z.boolean().default(false) }).safeParse(value);
	const conversation = conversationTypes.has(base.type) || (marked.success && marked.data.conversation);
	return { ...base, type: 'unknown', originalType: base.type, conversation };
}

/**
 * An entry made here, as reading its line back would give it: parsing fixes the order of keys, so the bytes that a later
 * request is built from are the same before and after a reload. Throws ZodError for a draft that could not be read back.
 */
export function makeEntry<T extends EntryType>(
	base: Omit<EntryBase, 'type'>,
	draft: EntryDraft<T>,
): Entry & EntryOf<T> {
	return parseEntry({ ...base, ...draft }) as Entry & EntryOf<T>;
}

/** Whether an entry is part of the conversation tree. An unknown type is ledger unless it says `conversation: true`. */
export function isConversation(entry: Entry): boolean {
	return entry.type === 'unknown' ? entry.conversation : conversationTypes.has(entry.type);
}

/** Whether this build knows the type. */
export const isKnownType = (type: string): boolean => fieldSchemas.has(type);
/** Whether a type that this build knows is part of the conversation tree. */
export const isConversationType = (type: string): boolean => conversationTypes.has(type);

export function isType<T extends EntryType>(entry: Entry, type: T): entry is Extract<Entry, { type: T }> {
	return entry.type === type;
}
