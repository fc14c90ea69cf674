/**
 * The session object that everything stands on: the panel, the tree and, later, other extensions.
 * `session.ts` implements it; nothing else writes entries.
 */
import type { Event } from '../../base/emitter.ts';
import type { EntryId, SessionId } from '../../base/ids.ts';
import type { LineRange, ModelReply, ModelRequest } from '../ports.ts';
import type { Entry, EntryDraft, EntryOf, EntryType, PermissionMode } from './entry.ts';

/** created → ready → streaming → runningTool → (awaitingUser) → idle → closed. Errors come back to idle. */
export type SessionState = 'created' | 'ready' | 'streaming' | 'runningTool' | 'awaitingUser' | 'idle' | 'closed';

/** A line that could not be read as an entry; kept in the file, shown to the user. */
export type LogProblem = {
	readonly lineNumber: number;
	readonly range: LineRange;
	readonly kind: 'tornTail' | 'badLine' | 'duplicate' | 'missingHeader' | 'newerVersion' | 'late';
	readonly message: string;
};

export type SessionStateChange = {
	readonly from: SessionState;
	readonly to: SessionState;
	/** How long the session was in `from`. */
	readonly durationMs: number;
};

/** What the newest step sent and got; undefined before the first one of this process. */
export type LastExchange = { readonly request: ModelRequest; readonly reply: ModelReply | undefined };

export type Session = {
	readonly id: SessionId;
	/** Set when the log cannot be written, with the sentence to show. */
	readonly readOnlyReason: string | undefined;
	readonly problems: readonly LogProblem[];
	/** Every entry, in file order. */
	readonly entries: readonly Entry[];
	readonly leaf: EntryId | null;
	readonly state: SessionState;
	readonly mode: PermissionMode;
	/** Id of the chosen model. */
	readonly model: string;
	readonly cwd: string;
	readonly title: string;
	readonly costUsd: number;
	readonly lastExchange: LastExchange | undefined;
	/** Names of the tools the prefix froze, or would freeze now. */
	readonly toolNames: readonly string[];

	/** The conversation entries from the root to the leaf, in order. The same array until the branch changes. */
	branch(): readonly Entry[];
	/** The entry with this id, wherever it is. */
	find(id: EntryId): Entry | undefined;
	/** The newest ledger entry of this type that hangs on the branch (or, with `anywhere`, in the file). */
	newest<T extends EntryType>(type: T, anywhere?: 'anywhere'): EntryOf<T> | undefined;

	/**
	 * Appends the drafts as one write and then tells. Conversation drafts become the new leaf, each the child of the one before;
	 * ledger drafts hang on the leaf. The first append writes the header too. Throws UserError `session-read-only` or `lease-lost`.
	 */
	append<T extends EntryType>(...drafts: EntryDraft<T>[]): EntryOf<T>[];
	/** Flushed to the disk; await before a side effect starts. */
	sync(): Promise<void>;
	setState(state: SessionState): void;
	setMode(mode: PermissionMode): void;
	setModel(model: string): void;
	/** Not logged on its own: every entry carries the cwd. */
	setCwd(cwd: string): void;
	setLastExchange(exchange: LastExchange): void;
	close(): Promise<void>;

	/** After the append. Entries of one write come one by one, in order. */
	readonly onDidAppend: Event<Entry>;
	readonly onDidChangeState: Event<SessionStateChange>;
};
