/**
 * What keeps sessions: their logs line by line, the list of them, the trash, and the blobs they refer to.
 * Implementations live in `node/store`. Unless said otherwise, promises reject with UserError, CancelledError or BugError and nothing else.
 */
import type { SessionId, Sha256, UnixMs } from '../../base/ids.ts';
import type { BlobRef } from './content.ts';

/** Byte range `[start, end)` of one line in a log, its newline included. */
export type LineRange = { readonly start: number; readonly end: number };

/** One line as read back. `text` has no newline; of a line that is too long to be an entry it is only the start. */
export type LogLine = {
	readonly text: string;
	readonly range: LineRange;
	/** Blank lines that were left out right before it; default 0. */
	readonly blankLinesBefore?: number;
};

/** The append-only file of one session. One object per open session. */
export type LogFile = {
	/**
	 * Appends the lines as one write and returns each one's range. Synchronous: when it returns, the bytes are the kernel's.
	 * Creates the file and takes the lease on first use; an empty list only takes the lease. Starts with a newline when the file does not end with one.
	 * Throws UserError `lease-lost` when another window owns the session now, and `log-write-failed` when the disk does not take it: as
	 * a `CutWriteError` when some of the lines are in the file nevertheless.
	 */
	append(lines: readonly string[]): readonly LineRange[];
	/** Flushes to the disk, off the main thread. Resolves at once when nothing was appended since the last call. */
	sync(): Promise<void>;
	/** Generation of our lease; 0 before the first append. */
	readonly generation: number;
	/** Releases the descriptor and the lease. May be called twice. */
	close(): Promise<void>;
};

/** Who holds a session's lease. */
export type LeaseOwner = {
	readonly isOurs: boolean;
	readonly isAlive: boolean;
	readonly window: string;
	readonly pid: number;
};

/** A part of a log. */
export type LogLines = {
	/** Complete lines in file order, blank ones left out, as bytes decoded from UTF-8. */
	readonly lines: readonly LogLine[];
	/** A last line without a newline; undefined when the part ends well. Never removed from the file. */
	readonly tornTail: LogLine | undefined;
	/** Blank lines that were left out behind all of these; default 0. */
	readonly blankLinesAfter?: number;
};

/** Reads one log, changes nothing. A log that is not there is empty. Rejects with UserError `log-unreadable`. */
export type LogReader = {
	/** Size of the file now. */
	size(): Promise<number>;
	/** The lines in the range, which starts and ends at line boundaries or where the file does. */
	read(range: LineRange): Promise<LogLines>;
	/**
	 * Calls `onLine` for each line from `start` to `end` with its range and its first `headBytes` bytes decoded as latin1 (all of it when shorter),
	 * without holding more than a few MB. `isClosed` says whether the line ends as an object does, which a torn one hardly ever does. Blank
	 * lines are left out; a last line without a newline counts.
	 */
	scan(
		range: LineRange,
		headBytes: number,
		onLine: (head: string, range: LineRange, isClosed: boolean) => void,
		signal?: AbortSignal,
	): Promise<void>;
};

/** A log as found on disk. */
export type OpenedLog = {
	readonly file: LogFile;
	readonly reader: LogReader;
	/** Size of the file when it was opened; 0 for a session that has no file yet. */
	readonly sizeBytes: number;
	/** Undefined when nobody holds it. */
	readonly owner: LeaseOwner | undefined;
	/** It is read where it lies in the trash; nothing is appended to it there. */
	readonly isInTrash?: boolean;
};

/** A row of the session list, read from the end of the log alone. */
export type SessionSummary = {
	readonly id: SessionId;
	readonly title: string;
	readonly lastPrompt: string;
	/** State at the last tail; a running state of a dead owner reads `interrupted`. */
	readonly state: string;
	readonly prompts: number;
	readonly costUsd: number;
	readonly isPinned: boolean;
	readonly isArchived: boolean;
	/** It was forked from this session. */
	readonly originId: SessionId | undefined;
	readonly createdAt: UnixMs;
	readonly updatedAt: UnixMs;
	readonly sizeBytes: number;
	readonly isOpenElsewhere: boolean;
	/** The end of the log could not be read as entries. */
	readonly isDamaged: boolean;
	/** It works in this copy of the workspace. */
	readonly worktreeId?: string;
};

/** A session in the trash. */
export type TrashedSession = {
	/** Names this one in the trash; the id of the session, with a number when it was trashed more than once. */
	readonly name: string;
	readonly session: SessionSummary;
	readonly trashedAt: UnixMs;
};

/** All sessions of a workspace. */
export type SessionStore = {
	/**
	 * Opens an existing or a new session, or reads one in the trash; creates no file. Rejects with UserError `log-unreadable`.
	 * `takeOver` takes the lease at once, also from a window that is alive and holds it: that one can write no more.
	 */
	open(id: SessionId, options?: { readonly takeOver?: boolean }): Promise<OpenedLog>;
	/** Reads a session that need not be open, in the trash as well. Empty when there is none. */
	reader(id: SessionId): LogReader;
	/**
	 * Newest first. `onDisk` counts the log files, so that a list that shows fewer can say so. With `newest`, at most so many rows are read:
	 * those of the files that changed last.
	 */
	list(options?: {
		readonly newest?: number;
	}): Promise<{ readonly sessions: readonly SessionSummary[]; readonly onDisk: number }>;
	/** Moves the log (and its folder) to `trash/` as it is. Rejects with UserError `session-in-use` while another window owns it. */
	trash(id: SessionId): Promise<void>;
	/** What is in the trash, trashed last first. */
	listTrash(): Promise<readonly TrashedSession[]>;
	/** Moves one back as it was. Rejects with UserError `session-exists` when its place is taken. */
	restore(name: string): Promise<void>;
	/** Deletes for good what is in the trash, but what forks still read. Rejects with UserError when something could not be deleted. */
	emptyTrash(): Promise<{ readonly deleted: number; readonly kept: number }>;
	/** Where the logs are, for a person; undefined when nothing is persisted. */
	readonly folder: string | undefined;
};

/** Bytes stored once under their hash. */
export type BlobStore = {
	hash(bytes: Uint8Array): Sha256;
	/** Stores (or finds) the bytes and returns their reference. `searchable` keeps them uncompressed. */
	put(bytes: Uint8Array, mediaType: string, options?: { readonly searchable?: boolean }): Promise<BlobRef>;
	/** Rejects with UserError `blob-missing` or `blob-damaged` (hash checked). */
	get(ref: { readonly $blob: Sha256 }): Promise<Uint8Array<ArrayBuffer>>;
};
