/**
 * What export, import and adoption need from outside, besides the ports of the agent. Implementations live in `node/`.
 * Promises reject with UserError or CancelledError.
 */
import type { SessionId } from '../../base/ids.ts';

/** The logs of a session's subagents, one file each. */
export type AgentLines = {
	/** Ids of the subagents that have a log, sorted. */
	list(sessionId: SessionId): Promise<readonly string[]>;
	/** Lines in file order; a last line without a newline counts. Empty when there is no such log. */
	read(sessionId: SessionId, agentId: string): Promise<readonly string[]>;
	/** Appends the lines as one write and flushes them. Creates the file. Rejects with UserError `log-write-failed`. */
	append(sessionId: SessionId, agentId: string, lines: readonly string[]): Promise<void>;
	/** Removes the logs of a session whose import failed half-way. */
	discard(sessionId: SessionId): Promise<void>;
};

/** One file of an archive, in pieces. */
export type ExportPart = { readonly name: string; readonly chunks: AsyncIterable<Uint8Array | string> };
export type PartSum = { readonly name: string; readonly sizeBytes: number; readonly sha256: string };

/** What an archive may hold at most. Checked while it is unpacked, against what it says and against what comes out. */
export type ArchiveLimits = {
	readonly maxParts: number;
	readonly maxPartBytes: number;
	readonly maxTotalBytes: number;
	/** Whether a part of this name belongs in the archive. */
	isKnownName(name: string): boolean;
};

/** A file to import, as far as its kind is known. */
export type ImportFile =
	| { readonly kind: 'archive'; readonly parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>> }
	| { readonly kind: 'text'; readonly text: string };

/** Files the user chose in a dialog. */
export type TransferFiles = {
	/** Replaces the file as a whole, or leaves it as it was. Rejects with UserError `export-failed`. */
	writeText(path: string, chunks: AsyncIterable<string>, signal: AbortSignal): Promise<void>;
	/** As `writeText`, for a zip archive. `last` makes the last part from the sums of the others. */
	writeArchive(
		path: string,
		parts: AsyncIterable<ExportPart>,
		last: (sums: readonly PartSum[]) => { readonly name: string; readonly text: string },
		signal: AbortSignal,
	): Promise<void>;
	/** Rejects with UserError `import-unreadable` or `bad-bundle`. */
	readImport(path: string, limits: ArchiveLimits, signal: AbortSignal): Promise<ImportFile>;
};

/** A session of Claude Code, as its list shows it. */
export type ClaudeCodeSession = {
	readonly path: string;
	/** Empty when it has neither a name nor a prompt in the part that was read. */
	readonly title: string;
	/** The working folder of its first line; undefined when no line that was read says. */
	readonly cwd: string | undefined;
	readonly sizeBytes: number;
	readonly modifiedMs: number;
	/** Lies in the folder of one of our roots. */
	readonly isOfWorkspace: boolean;
};
export type ClaudeCodeFiles = {
	readonly lines: readonly string[];
	/** Logs of its subagents that lie beside it. */
	readonly agents: readonly { readonly name: string; readonly lines: readonly string[] }[];
};
/** Claude Code's own logs. Reads only. */
export type ClaudeCodeLogs = {
	/** Those of the workspace first, then newest first. */
	list(roots: readonly string[], signal: AbortSignal): Promise<readonly ClaudeCodeSession[]>;
	read(path: string, signal: AbortSignal): Promise<ClaudeCodeFiles>;
};

/** The store of another workspace folder that has sessions. */
export type MovedFolder = {
	/** The storage folder of Retrace in it. */
	readonly storage: string;
	/** The folder or workspace file it was for; undefined when nothing says. */
	readonly folder: string | undefined;
	/** `gone`: that folder is not there any more. `similar`: it has the name or the git history of one of ours. */
	readonly fit: 'gone' | 'similar';
	readonly sessionIds: readonly SessionId[];
	readonly newestMs: number;
};
export type AdoptOutcome = {
	readonly adopted: readonly SessionId[];
	/** With the reason, as a sentence part. */
	readonly skipped: readonly { readonly id: SessionId; readonly why: string }[];
};
/** Sessions that lie in the store of a folder that was moved or renamed. */
export type MovedFolders = {
	/** Best fit first. Reads only. */
	find(roots: readonly string[], signal: AbortSignal): Promise<readonly MovedFolder[]>;
	/** Copies the sessions and what they name into our store; the originals stay. Never replaces a session that is here. */
	adopt(folder: MovedFolder, ids: readonly SessionId[], signal: AbortSignal): Promise<AdoptOutcome>;
};

/** All of it, made by the composition root for one store. Undefined parts are not to be had when nothing is persisted. */
export type Transfer = {
	readonly files: TransferFiles;
	readonly claudeCode: ClaudeCodeLogs;
	readonly agentLogs: AgentLines;
	readonly moved: MovedFolders | undefined;
};
