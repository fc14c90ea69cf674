/** The port of the search over all sessions: what it is asked and what it tells. Implemented in `node/store/sessionSearch.ts`. */
import type { EntryId, SessionId, UnixMs } from '../../base/ids.ts';
import type { HitKind } from './entryText.ts';
import type { SearchQuery } from './query.ts';
import type { Snippet } from './snippet.ts';

/** A session in which something was found. */
export type FoundSession = {
	/** Names this one in a search: a session and its copy in the trash are two. */
	readonly key: string;
	readonly id: SessionId;
	readonly title: string;
	readonly updatedAt: UnixMs;
	/** Its name in the trash; undefined for a session that is not there. */
	readonly trashName: string | undefined;
};

/** One message of a session that matches. */
export type SearchHit = {
	/** Key of its session. */
	readonly session: string;
	readonly entryId: EntryId;
	/** `main`, or the subagent in whose log it stands. */
	readonly agentId: string;
	readonly kind: HitKind;
	/** Of a call, the tool's name. */
	readonly tool: string | undefined;
	readonly isError: boolean;
	readonly timestamp: UnixMs;
	readonly snippet: Snippet;
};

export type SearchFound =
	/** Comes before the first hit in it. */
	{ readonly kind: 'session'; readonly session: FoundSession } | { readonly kind: 'hit'; readonly hit: SearchHit };

export type SearchEnd = {
	/** False: more was there than is ever shown. */
	readonly isComplete: boolean;
	/** Keys of sessions with more hits than are shown of one session. */
	readonly cutSessions: readonly string[];
	/** Outputs that are stored compressed and could have matched. */
	readonly unsearchedOutputs: number;
};

export type SessionSearch = {
	/**
	 * Tells what it finds as it finds it: sessions that changed last first, then the others as they come. Changes nothing on disk.
	 * Rejects with CancelledError, or UserError `no-ripgrep` or `search-failed`.
	 */
	search(query: SearchQuery, onFound: (found: SearchFound) => void, signal: AbortSignal): Promise<SearchEnd>;
};
