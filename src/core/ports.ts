/**
 * What the outside must supply to the agent: time, the user's files, commands, the user. Two more have files of their own:
 * `session/storePort.ts` and `model/modelPort.ts`; each rarer tool brings its port along (`tools/services.ts`).
 * Implementations live in `node/` and `host/`; tests use `test/fakes/`.
 * Unless said otherwise, promises reject with UserError, CancelledError or BugError and nothing else.
 */
import type { UnixMs } from '../base/ids.ts';
import type { PermissionAnswer, PermissionRequest } from './permission/permissionRequest.ts';
import type { SandboxPolicy } from './sandbox/sandboxPort.ts';
import type { ContentHash, FileMeta, FilePath } from './session/fileFields.ts';

/** Time and randomness, so that the core can be replayed. */
export type Clock = {
	now(): UnixMs;
	/** Resolves after `delayMs`; rejects with CancelledError when `signal` aborts first. */
	sleep(delayMs: number, signal: AbortSignal): Promise<void>;
};
/** `next`: a new UUIDv7, strictly greater (as text) than every one before it from this source. */
export type IdSource = { next(): string };

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
	/** The path of the one file there whose name a model would write like this; the path itself when there is none. */
	asOnDisk?(absolute: string): string;
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
