/**
 * The session object that everything stands on: the panel, the tree and, later, other extensions.
 * `loggedSession.ts` implements it; nothing else writes entries.
 */
import type { Event } from '../../base/emitter.ts';
import type { EntryId, SessionId } from '../../base/ids.ts';
import type { ModelReply, ModelRequest } from '../model/modelPort.ts';
import type { BranchLinks } from './branch.ts';
import type { Entry, EntryDraft, EntryOf, EntryType, LedgerType, PermissionMode } from './entry.ts';
import type { LineRange, LogFile } from './storePort.ts';
import type { WorktreeRef } from './worktreeFields.ts';

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

/** What a new session starts with; a log that exists says otherwise for what it knows. */
export type SessionDefaults = {
	readonly cwd: string;
	readonly mode: PermissionMode;
	readonly model: string;
	readonly roots: readonly string[];
	readonly extensionVersion: string;
	readonly gitBranch?: string;
	/** A new session works there, instead of in the roots. Of no meaning for one that exists. */
	readonly worktree?: WorktreeRef;
	/** Names of the tools that a prefix would freeze now. */
	readonly toolNames?: readonly string[];
};

export type Session = {
	readonly id: SessionId;
	/** Set when the log cannot be written, with the sentence to show. */
	readonly readOnlyReason: string | undefined;
	readonly problems: readonly LogProblem[];
	/**
	 * The entries that are loaded, in file order: all of them (`isWhole`), or those that the active context needs with their ledger,
	 * what came after, and what was loaded since.
	 */
	readonly entries: readonly Entry[];
	/** Whether `entries` is the whole log. */
	readonly isWhole: boolean;
	/** Whether the branch goes on before its first loaded entry, here or in the session this one was forked from. */
	readonly hasOlder: boolean;
	/** The highest epoch of a file operation, loaded or not; 0 = none yet. */
	readonly newestEpoch: number;
	/** Where the log ends, as far as this object knows it. */
	readonly sizeBytes: number;
	readonly isPinned: boolean;
	readonly isArchived: boolean;
	/** Where it was forked from. */
	readonly origin: { readonly sessionId: SessionId; readonly entryId: EntryId | null } | undefined;
	/** The copy of the workspace that it works in; undefined when it works in the workspace itself. */
	readonly worktree: WorktreeRef | undefined;
	/** Where the branch goes on above its first entry that is not loaded. */
	readonly links: BranchLinks;
	readonly leaf: EntryId | null;
	readonly state: SessionState;
	readonly mode: PermissionMode;
	/** Id of the chosen model. */
	readonly model: string;
	readonly cwd: string;
	readonly title: string;
	/** Who named it; undefined while nobody did. */
	readonly titleBy: 'prompt' | 'model' | 'user' | undefined;
	readonly costUsd: number;
	readonly lastExchange: LastExchange | undefined;
	/** Names of the tools the prefix froze, or would freeze now. */
	readonly toolNames: readonly string[];

	/** The conversation entries from the root to the leaf, in order. The same array until the branch changes. */
	branch(): readonly Entry[];
	/** The entry with this id, wherever it is. */
	find(id: EntryId): Entry | undefined;
	/** Every entry of these types in the whole log, in file order, late ones included. Reads the file when it is not loaded. */
	history<T extends EntryType>(types: readonly T[], signal?: AbortSignal): Promise<readonly EntryOf<T>[]>;
	/** Where every entry of the log is, without its content. */
	outline(signal?: AbortSignal): Promise<LogOutline>;
	/** The entries with these ids in file order, loaded for the caller only. Ids that are not there are left out. */
	read(ids: Iterable<EntryId>, signal?: AbortSignal): Promise<readonly Entry[]>;
	/** Loads the next older part of the branch (about 1 MB). False when nothing is older. `onDidLoad` fires before it resolves. */
	loadOlder(signal?: AbortSignal): Promise<boolean>;
	/** Loads the way to this entry. Needed before a `rewind` to what may not be loaded. False when it is not in the log. */
	loadTo(id: EntryId, signal?: AbortSignal): Promise<boolean>;
	/** Takes in what another window has written since; for a session that can only be read. True when something was new. */
	follow(): Promise<boolean>;
	/** The newest ledger entry of this type that hangs on the branch (or, with `anywhere`, in the file). */
	newest<T extends EntryType>(type: T, anywhere?: 'anywhere'): EntryOf<T> | undefined;

	/**
	 * Appends the drafts as one write and then tells. Conversation drafts become the new leaf, each the child of the one before;
	 * ledger drafts hang on the leaf. The first append writes the header too. Throws UserError `session-read-only` or `lease-lost`.
	 */
	append<T extends EntryType>(...drafts: EntryDraft<T>[]): EntryOf<T>[];
	/** As `append`, for what a subagent did to the world. Its conversation stands in a log of its own. */
	appendFor<T extends LedgerType>(agentId: string, ...drafts: EntryDraft<T>[]): EntryOf<T>[];
	/** The logs of its subagents are written under its own lease. */
	readonly lease: Pick<LogFile, 'append' | 'generation'>;
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
	/** `entries` and `branch()` grew by older entries. */
	readonly onDidLoad: Event<void>;
	readonly onDidChangeState: Event<SessionStateChange>;
};

/** One entry of a log without its content, read from the start of its line. */
export type OutlineEntry = {
	readonly id: EntryId;
	readonly parentId: EntryId | null;
	readonly type: string;
	readonly isConversation: boolean;
	readonly timestamp: number;
	/** Written by a window that no longer owned the session. */
	readonly isLate: boolean;
	readonly range: LineRange;
};
/** In file order; each id once. */
export type LogOutline = {
	readonly entries: readonly OutlineEntry[];
	readonly byId: ReadonlyMap<EntryId, OutlineEntry>;
};
