/**
 * What the outside must supply to the agent. Implementations live in `node/` and `host/`; tests use `test/fakes/`.
 * Unless said otherwise, promises reject with UserError, CancelledError or BugError and nothing else.
 */
import type { SessionId, Sha256, UnixMs } from '../base/ids.ts';
import type { PermissionAnswer, PermissionRequest } from './permission/permissionRequest.ts';
import type { SandboxPolicy } from './sandbox/sandboxPort.ts';
import type { AssistantBlock, BlobRef, InputBlock, TextBlock, Usage } from './session/content.ts';
import type { ContentHash, FileMeta, FilePath } from './session/entry.ts';

/** Time and randomness, so that the core can be replayed. */
export type Clock = {
	now(): UnixMs;
	/** Resolves after `delayMs`; rejects with CancelledError when `signal` aborts first. */
	sleep(delayMs: number, signal: AbortSignal): Promise<void>;
};
/** `next`: a new UUIDv7, strictly greater (as text) than every one before it from this source. */
export type IdSource = { next(): string };

// ---- storage

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

// ---- files

export type WorkspaceRoot = { readonly name: string; readonly path: string };

/** Where a path given by the model points, links resolved. */
export type ResolvedPath =
	| { readonly kind: 'inside'; readonly file: FilePath; readonly absolute: string; readonly isLink: boolean }
	| { readonly kind: 'outside'; readonly absolute: string };

/** A file at a moment. Bytes are what would be on disk: for a document with unsaved changes, its text in the file's encoding. */
export type FileSnapshot =
	| {
			readonly kind: 'file';
			readonly bytes: Uint8Array<ArrayBuffer>;
			readonly meta: FileMeta;
			readonly isDirty: boolean;
	  }
	| { readonly kind: 'absent' }
	| { readonly kind: 'directory' }
	| { readonly kind: 'special'; readonly what: string }
	| { readonly kind: 'tooLarge'; readonly sizeBytes: number };

export type WriteOptions = {
	/** Permission bits to have after it; as they are (or as usual for a new file) when left out. */
	readonly mode?: number;
	readonly expected?: ContentHash;
	/** Makes a symbolic link that points where the bytes say. Nothing is written through it. */
	readonly link?: boolean;
	/** What is there is a symbolic link, to be replaced itself; `expected` is the hash of where it points. Without this a link is refused. */
	readonly wasLink?: boolean;
	/** The file is known to be read-only and may be written all the same. */
	readonly ignoresReadOnly?: boolean;
};
export type WriteOutcome = {
	/** Hash of the file's content after the write, as a reader would now get it. */
	readonly after: ContentHash;
	/** False when the document had unsaved changes before and was therefore edited but not saved. */
	readonly isSaved: boolean;
};

/** The user's files, seen through the editor: an open document with unsaved changes is the truth. */
export type Workspace = {
	readonly roots: readonly WorkspaceRoot[];
	readonly isTrusted: boolean;
	/** Relative paths are taken from `cwd`. The leaf's own link is not followed for `isLink`; every parent is resolved. */
	resolve(path: string, cwd: string): Promise<ResolvedPath>;
	/**
	 * Files over `maxBytes` (default 10 MB) come back as `tooLarge`. With `links`, a symbolic link comes as a file whose bytes are where it
	 * points and whose meta says `link`; without, as `special`. It is never followed.
	 */
	read(absolute: string, options?: { readonly maxBytes?: number; readonly links?: boolean }): Promise<FileSnapshot>;
	/**
	 * Writes the whole content; creates missing folders. Goes through the open document when there is one, and saves it
	 * unless it was dirty. Rejects with UserError `read-only` or `write-failed`, having changed nothing, or with `file-damaged` when it
	 * broke in the middle.
	 * When `expected` is given and the content is another one at the last moment, rejects with UserError `changed-meanwhile`.
	 */
	write(absolute: string, bytes: Uint8Array, options: WriteOptions): Promise<WriteOutcome>;
	/** Deletes a file (not a folder); a symbolic link only with `wasLink`. */
	delete(absolute: string, options: Pick<WriteOptions, 'expected' | 'wasLink'>): Promise<void>;
	/** Sets the permission bits of a file (not of a link). Rejects as `write` does. */
	setMode(absolute: string, mode: number, options: Pick<WriteOptions, 'expected'>): Promise<void>;
	/**
	 * Removes a folder that is empty and was made within one of these times (unix ms, both ends included), and says whether it did.
	 * What cannot be told, or is no folder below a root, stays. Never rejects for a reason that lies in the folder.
	 */
	removeEmptyFolder(
		absolute: string,
		made: readonly { readonly from: number; readonly until: number }[],
	): Promise<boolean>;
	/** Whether every name of the path below its root is written on the disk in just these letters. False when there is no such file. */
	isExactName(absolute: string): Promise<boolean>;
};

// ---- world

export type ShellRequest = {
	readonly command: string;
	readonly cwd: string;
	readonly timeoutMs: number;
	/** Receives stdout and stderr in the order they came, decoded. */
	readonly onOutput: (text: string) => void;
	/** Rejects with UserError `no-sandbox`, having run nothing, where no such sandbox can be made. */
	readonly sandbox?: SandboxPolicy;
};
export type ShellOutcome = {
	/** Null when killed. */
	readonly exitCode: number | null;
	readonly reason: 'exited' | 'timedOut' | 'cancelled';
	/** stdout and stderr merged; at most 1 MB, the middle left out and said so. */
	readonly output: string;
	/** The folder the shell ended in. */
	readonly cwd: string;
	readonly durationMs: number;
	/** Protected files and folders that are there now and were not before, where a sandbox could not hold them. */
	readonly madeProtected?: readonly string[];
};
/** Runs commands in a process group of their own, with no `ANTHROPIC_*` and no stored secret in the environment. */
export type Shell = { run(request: ShellRequest, signal: AbortSignal): Promise<ShellOutcome> };

export type Diagnostic = {
	readonly path: string;
	readonly lineNumber: number;
	readonly severity: 'error' | 'warning' | 'info' | 'hint';
	readonly source: string;
	readonly message: string;
};
/** What the editor's language services report now; for one file or for all. */
export type Diagnostics = { list(absolute: string | undefined): Promise<readonly Diagnostic[]> };

// ---- the user

export type EditProposal = {
	readonly toolUseId: string;
	readonly file: FilePath;
	readonly absolute: string;
	/** Undefined for a new file. */
	readonly before: string | undefined;
	readonly proposed: string;
};
export type EditDecision =
	| { readonly verdict: 'accept'; readonly text: string }
	| { readonly verdict: 'reject'; readonly reason?: string };
/** Asks the user. Rejects with CancelledError when the turn is stopped first. */
export type Approver = {
	askPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer>;
	/** Opens a native diff whose right side can be edited; resolves with the text the user accepted. */
	proposeEdit(proposal: EditProposal, signal: AbortSignal): Promise<EditDecision>;
};

// ---- the model

export type ToolDefinition = {
	readonly name: string;
	readonly description: string;
	readonly input_schema: { readonly type: 'object'; readonly [key: string]: unknown };
	readonly [key: string]: unknown;
};
type CacheMark = { readonly cache_control?: { readonly type: 'ephemeral'; readonly ttl?: '5m' | '1h' } };
export type ToolResultBlock = {
	readonly type: 'tool_result';
	readonly tool_use_id: string;
	readonly content: readonly InputBlock[];
	readonly is_error?: true;
};
export type ApiMessage =
	| { readonly role: 'user'; readonly content: readonly ((InputBlock | ToolResultBlock) & CacheMark)[] }
	| { readonly role: 'assistant'; readonly content: readonly AssistantBlock[] }
	| { readonly role: 'system'; readonly content: string };

/** One request, in the field names of the API where they are sent as they are. Built by `buildContext` only. */
export type ModelRequest = {
	readonly model: string;
	readonly maxTokens: number;
	readonly system: readonly (TextBlock & CacheMark)[];
	readonly tools: readonly ToolDefinition[];
	/** Tools that the endpoint itself runs, as they are sent. Only in requests beside a conversation. */
	readonly serverTools?: readonly { readonly type: string; readonly name: string; readonly [key: string]: unknown }[];
	readonly messages: readonly ApiMessage[];
	readonly thinking: unknown;
	readonly effort: string | null;
	readonly betas: readonly string[];
	/** Undefined = cache diagnostics are not asked for; null = first turn. */
	readonly previousMessageId: string | null | undefined;
};

/** What arrives while a reply streams. Ephemeral: never logged. */
export type ModelEvent =
	| { readonly kind: 'started'; readonly messageId: string; readonly model: string; readonly usage: Usage }
	| {
			readonly kind: 'blockStarted';
			readonly index: number;
			readonly type: string;
			readonly toolName?: string;
			readonly toolUseId?: string;
	  }
	| { readonly kind: 'text'; readonly index: number; readonly text: string }
	| { readonly kind: 'thinking'; readonly index: number; readonly text: string }
	| { readonly kind: 'toolInput'; readonly index: number; readonly partialJson: string }
	/** The block is complete and will not change. */
	| { readonly kind: 'blockEnded'; readonly index: number; readonly block: AssistantBlock };

/** How a reply ended. Its blocks came as `blockEnded` events. */
export type ModelReply = {
	readonly messageId: string;
	readonly requestId: string | null;
	readonly model: string;
	readonly stopReason: string;
	readonly stopDetails: unknown;
	readonly usage: Usage;
	readonly diagnostics: unknown;
	readonly firstTokenMs: number;
	readonly totalMs: number;
};

export type ModelInfo = {
	readonly id: string;
	readonly displayName: string;
	/** The context window, in tokens. */
	readonly windowTokens: number;
	readonly maxOutputTokens: number;
	readonly isAdaptiveThinking: boolean;
	/** Effort levels it takes; left out = none are known. */
	readonly efforts?: readonly string[];
	/** Thinking can be turned off. */
	readonly canDisableThinking?: boolean;
	/** The endpoint searches the web for it. */
	readonly searchesWeb?: boolean;
	readonly takesPdf?: boolean;
	readonly isDeprecated: boolean;
};

/** How our reminders are sent: as `system` messages behind the user's, or as text of the user's turn. */
export type ReminderForm = 'system' | 'user';
/** What is known of the endpoint that is configured. */
export type ReminderForms = {
	/** Undefined = it was not asked yet. */
	known(model: string): ReminderForm | undefined;
	remember(model: string, form: ReminderForm): void;
};

/** A model endpoint. One call is one attempt: retrying is the caller's. */
export type StreamModel = {
	/** What the user sees as provider: `Anthropic API`, `demo`, … */
	readonly label: string;
	/** Calls `onEvent` in order, then resolves. Rejects with ModelError (see model/modelError.ts) or CancelledError. */
	stream(request: ModelRequest, onEvent: (event: ModelEvent) => void, signal: AbortSignal): Promise<ModelReply>;
	/** Rejects with ModelError; the caller falls back to the built-in table. */
	listModels(signal: AbortSignal): Promise<readonly ModelInfo[]>;
	/** Input tokens the request would have, or undefined when the endpoint cannot say. */
	countTokens(request: ModelRequest, signal: AbortSignal): Promise<number | undefined>;
};
