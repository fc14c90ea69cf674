/**
 * Fields of the entries about files: how a file is told, what was proposed and decided, what was written, points to go back to,
 * what went back, and verdicts of the review. All are ledger types.
 */
import * as z from 'zod';
import { blobRefSchema, sha256Schema, toolUseIdSchema } from './content.ts';
import { entryIdSchema } from './tailFields.ts';

/** A path inside a workspace root: the root's own absolute path and the `/`-separated rest. */
export const filePathSchema = z.object({ root: z.string(), rel: z.string() });
export type FilePath = z.infer<typeof filePathSchema>;

export const fileMetaSchema = z.object({
	/** POSIX permission bits, e.g. 0o644. */
	mode: z.number().int().optional(),
	eol: z.enum(['\n', '\r\n']).optional(),
	bom: z.boolean().optional(),
	encoding: z.string().optional(),
	link: z.boolean().optional(),
});
export type FileMeta = z.infer<typeof fileMetaSchema>;

/** A file's content at a moment: bytes in the blob store, or no file. */
export const contentRefSchema = z.union([z.literal('absent'), blobRefSchema]);
export type ContentRef = z.infer<typeof contentRefSchema>;
/** The hash of a file's content, or `absent`. */
export const contentHashSchema = z.union([z.literal('absent'), sha256Schema]);
export type ContentHash = z.infer<typeof contentHashSchema>;

/** As the two above, for files that something else than a tool changed: of those there may be no copy. */
const recordedRefSchema = z.union([z.literal('notCaptured'), contentRefSchema]);
export type RecordedRef = z.infer<typeof recordedRefSchema>;
const recordedHashSchema = z.union([z.literal('notCaptured'), contentHashSchema]);
export type RecordedHash = z.infer<typeof recordedHashSchema>;

export const authorSchema = z.enum(['agent', 'subagent', 'editor', 'save', 'disk', 'shell', 'otherSession', 'unknown']);
export type Author = z.infer<typeof authorSchema>;

/** 0-based, end-exclusive. */
const lineRangeSchema = z.object({ start: z.number().int(), end: z.number().int() });

export const fileFields = {
	editProposed: {
		toolUseId: toolUseIdSchema,
		path: filePathSchema,
		before: contentRefSchema,
		proposed: blobRefSchema,
		/** What the user was told with it, e.g. that another session has just changed the file. */
		warning: z.string().optional(),
	},
	editDecided: {
		toolUseId: toolUseIdSchema,
		verdict: z.enum(['accept', 'reject']),
		/** The text the user accepted, when it differs from the proposal. */
		final: blobRefSchema.optional(),
		reason: z.string().optional(),
	},
	fileOperation: {
		epoch: z.number().int().positive(),
		op: z.enum(['create', 'change', 'delete', 'rename', 'chmod']),
		path: filePathSchema,
		before: recordedRefSchema,
		after: recordedHashSchema,
		/** As the file was before, or as a new one is to be. The bytes of a link (`meta.link`) are where it points. */
		meta: fileMetaSchema,
		/** As the file is after, where that differs from `meta`. */
		metaAfter: fileMetaSchema.optional(),
		/** Of a `rename`, which makes the file `path`: where it was. Another operation deletes that one. */
		from: filePathSchema.optional(),
		/** Why a side is `notCaptured`, as a sentence part. */
		reason: z.string().optional(),
		author: authorSchema,
		toolUseId: toolUseIdSchema.optional(),
		/** `done`: found after it happened, so no `fileOperationDone` follows. */
		state: z.enum(['intended', 'done']),
	},
	fileOperationDone: {
		epoch: z.number().int().positive(),
		/** What the operation left. The bytes are in the blob store. Equal to `before`: it did not happen. */
		after: contentHashSchema,
		/** The permissions it left, where they are others than announced. */
		metaAfter: fileMetaSchema.optional(),
		/** Settled on open, and the file was neither as before nor as intended. */
		isUncertain: z.boolean().optional(),
	},
	checkpoint: {
		/** Files as they were after this epoch; 0 = before the session's first operation. */
		epoch: z.number().int().nonnegative(),
		label: z.string().optional(),
		/** The prompt this checkpoint precedes. */
		prompt: entryIdSchema.optional(),
		/** What it is for; old logs do not say it. */
		by: z.enum(['prompt', 'user', 'safety']).optional(),
	},
	restore: {
		plan: blobRefSchema,
		/** `reason` of what was not restored, as a sentence part. `taken` is what the session's worktree had, in a merge of it. */
		files: z.array(
			z.object({
				path: filePathSchema,
				outcome: z.string(),
				reason: z.string().optional(),
				taken: contentHashSchema.optional(),
			}),
		),
		/** The epoch that undoes this restore. */
		safety: z.number().int().nonnegative(),
		undoOf: entryIdSchema.optional(),
		/** The prompt whose turn alone was taken back. */
		turn: entryIdSchema.optional(),
		/** The subagent whose changes alone were taken back. */
		agent: z.string().optional(),
		/** The restore that left the conflict which this one settles. */
		resolves: entryIdSchema.optional(),
		/** Nothing went back: the changes of the session's worktree were brought into the workspace. */
		mergeBack: z.boolean().optional(),
	},
	restoreDone: {
		restore: entryIdSchema,
		failed: z.number().int().nonnegative(),
		failures: z.array(z.object({ path: filePathSchema, reason: z.string() })).optional(),
	},
	review: {
		path: filePathSchema,
		hunk: z.object({
			epochs: z.array(z.number().int()),
			anchorHash: z.string(),
			/** In the file as it is after the verdict. */
			range: lineRangeSchema,
		}),
		verdict: z.enum(['keep', 'undo', 'edited']),
		/** The whole reviewed text after the verdict, with every still pending hunk undone. */
		after: contentRefSchema,
		/** The whole text of the file at the verdict: what the user changes later is measured from it. */
		text: contentRefSchema.optional(),
		/** What is still pending between the two, in line ranges as above; absent in old logs: whatever differs. */
		pending: z
			.array(z.object({ base: lineRangeSchema, range: lineRangeSchema, epochs: z.array(z.number().int()) }))
			.optional(),
	},
} as const;
