/** What a call may change that cannot be taken back, and what it did change, as rows show it. */
import * as z from 'zod';

export const shownLimitsSchema = z.object({
	/** The first ones. Of a folder with a `/` at its end; the reason is a sentence part. */
	items: z.array(z.object({ path: z.string(), reason: z.string() })),
	/** How many there are besides. */
	more: z.number().int(),
	/** Nothing at all is recorded, and why. */
	unavailable: z.string().optional(),
});
export type ShownLimits = z.infer<typeof shownLimitsSchema>;

export const shownChangeSchema = z.object({
	/** Opaque; comes back in `change.open`. */
	key: z.string(),
	/** Workspace-relative. */
	path: z.string(),
	/** Of a rename: where it was. */
	from: z.string().optional(),
	op: z.enum(['create', 'change', 'delete', 'rename', 'chmod']),
	/** Absent when they were not counted. */
	addedLines: z.number().int().optional(),
	removedLines: z.number().int().optional(),
	/** Why it cannot be taken back, or what else is to be known of it. */
	note: z.string(),
	/** Both sides are stored, so a diff can be shown. */
	hasDiff: z.boolean(),
});
export type ShownChange = z.infer<typeof shownChangeSchema>;

export const shownChangesSchema = z.object({
	fileCount: z.number().int(),
	/** Of them: cannot be taken back. */
	lostCount: z.number().int(),
	/** Of all files; absent when some were not counted. */
	addedLines: z.number().int().optional(),
	removedLines: z.number().int().optional(),
	/** At most 50. */
	items: z.array(shownChangeSchema),
});
export type ShownChanges = z.infer<typeof shownChangesSchema>;
