/**
 * The rows of rewinds and restores: a restore is told alone or in the row of the rewind that it was made with, what failed when it is known,
 * and whether it can still be undone. Keeps no rows.
 */
import type { EntryId } from '../../base/ids.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import { plainName } from '../../core/session/titles.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { rewoundRow, undoneRow } from './rewoundRow.ts';

export class RewindRows {
	readonly #row: (id: string) => TranscriptItem | undefined;
	#lastConversation: EntryId | null = null;
	/** Of the restore or rewind that the conversation stands at. */
	#rowId: string | undefined;
	#pendingRestore: EntryOf<'restore'> | undefined;
	/** An undo that left conflicts. */
	#undone: EntryOf<'restore'> | undefined;
	readonly #failures = new Map<string, NonNullable<EntryOf<'restoreDone'>['failures']>>();

	constructor(row: (id: string) => TranscriptItem | undefined) {
		this.#row = row;
	}

	/** The conversation went on: returns the rows that are other ones by that, since nothing before it can be undone any more. */
	conversationWentOn(last: EntryId): readonly TranscriptItem[] {
		const changed: TranscriptItem[] = [];
		this.#lastConversation = last;
		this.#pendingRestore = undefined;
		const rewound = this.#rowId === undefined ? undefined : this.#row(this.#rowId);
		if (rewound?.kind === 'rewound' && rewound.canUndo) changed.push({ ...rewound, canUndo: false });
		this.#rowId = undefined;
		if (this.#undone) changed.push(undoneRow(this.#undone, this.#failures.get(this.#undone.id) ?? []));
		this.#undone = undefined;
		return changed;
	}

	/** An undo has no row of its own; one that left conflicts gets one when the conversation goes on, where they can be found. */
	undone(restore: EntryOf<'restore'>): void {
		this.#undone = restore;
	}

	/** A restore of files alone; with a rewind after it, it is told in that row. */
	restored(entry: EntryOf<'restore'>): TranscriptItem | undefined {
		this.#pendingRestore = entry;
		if (entry.parentId !== this.#lastConversation) return undefined;
		this.#rowId = entry.id;
		return rewoundRow(entry.id, whatOf(entry), entry, []);
	}

	/** What failed is known now; a rewind that comes after it tells it. */
	restoreEnded({ restore, failures = [] }: EntryOf<'restoreDone'>): TranscriptItem | undefined {
		this.#failures.set(restore, failures);
		const entry = this.#pendingRestore;
		if (entry?.id !== restore || failures.length === 0 || !this.#row(restore)) return undefined;
		return rewoundRow(entry.id, whatOf(entry), entry, failures);
	}

	rewound(entry: EntryOf<'rewind'>): TranscriptItem | undefined {
		const restore = this.#pendingRestore;
		this.#pendingRestore = undefined;
		if (entry.why !== 'rewind' || entry.to !== this.#lastConversation) return undefined;
		this.#rowId = entry.id;
		const where = entry.to === null ? 'Rewound to the start' : 'Conversation rewound';
		const own = restore?.id === entry.restore ? restore : undefined;
		return rewoundRow(entry.id, where, own, own ? (this.#failures.get(own.id) ?? []) : []);
	}
}

function whatOf({ turn, agent, mergeBack }: EntryOf<'restore'>): string {
	if (mergeBack) return 'Worktree merged back';
	if (agent !== undefined) return `Taken back: what ${plainName(agent)} changed`;
	return turn === undefined ? 'Files rewound' : 'One turn taken back';
}
