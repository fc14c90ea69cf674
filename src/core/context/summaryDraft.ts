/** What is asked of a compaction, and its summary before it stands in the log. Types only. */
import type { EntryId } from '../../base/ids.ts';
import type { EntryOf } from '../session/entry.ts';
import type { CompactionRange, CompactionScope } from './compactionRange.ts';
import type { DrawnFact } from './facts.ts';

export type CompactionWish = {
	readonly scope: CompactionScope;
	readonly by: EntryOf<'compaction'>['by'];
	/** What the summary is to keep above all. */
	readonly focus?: string;
	/** The line that was reached, when that is why. */
	readonly lineTokens?: number;
	/** The branch ends here for the summary: what is behind it stays as it is. Default: the leaf. */
	readonly upToEntry?: EntryId;
};

/** A summary that is not in the log yet: it can be shown and changed first. */
export type SummaryDraft = {
	readonly wish: CompactionWish;
	readonly range: CompactionRange;
	/** Where the session's leaf was: the draft does not fit another place. */
	readonly leaf: EntryId | null;
	readonly summary: string;
	/** What the model drew beside it; and the ids of known facts that hold no longer. */
	readonly facts: readonly DrawnFact[];
	readonly goneFacts: readonly string[];
	/** The summary that the range held before, if any. */
	readonly previous: string | undefined;
	readonly tokensBefore: number;
	/** Null when the price is not known. */
	readonly costUsd: number | null;
	/** Share of the request that was read from the cache, 0 to 1. */
	readonly cacheShare: number;
};
