/**
 * A worktree: a copy of the workspace's repositories that one session works in, so that it writes into no file of the user or of another
 * session. What makes, compares, keeps and brings back such copies. Types only; `node/` implements it.
 */
import type { FileMeta, FilePath } from '../session/fileFields.ts';
import type { WorktreeRef } from '../session/worktreeFields.ts';

/** An open document with unsaved changes: its bytes stand in the worktree instead of the file's. */
export type UnsavedFile = { readonly absolute: string; readonly bytes: Uint8Array };

export type MadeWorktree = { readonly ref: WorktreeRef; readonly files: number };

/** One side of a change. `bytes` are where a link points when `meta.link` is set; they are read when they are asked for. */
export type WorktreeSide =
	| { readonly kind: 'absent' }
	| {
			readonly kind: 'file';
			readonly meta: FileMeta;
			/** Undefined when they are not there any more. */
			bytes(): Promise<Uint8Array<ArrayBuffer> | undefined>;
	  };

/** A file that is another one than at the start; `file` is the one of the workspace that it stands for. */
export type WorktreeChange = { readonly file: FilePath; readonly base: WorktreeSide; readonly now: WorktreeSide };

export type WorktreeChanges = {
	readonly files: readonly WorktreeChange[];
	/** What changed and has no place in a workspace folder, or is a repository of its own: paths from the top of the repository. */
	readonly outside: readonly string[];
};

export type KeptWorktree = {
	/** The folder that holds all of it. */
	readonly folder: string;
	/** The bundle of its files, for a person. */
	readonly bundle: string;
	readonly sizeBytes: number;
};

/** Promises reject with UserError or CancelledError. Nothing here writes below the `.git` of the user's repositories, or runs a program of theirs. */
export type Worktrees = {
	/**
	 * Copies the repositories of the folders as they are now: tracked, changed and new files, byte for byte, but none that git ignores.
	 * When it rejects, nothing is left of it. Codes: `no-repository`, `has-submodules`, `no-git`, `worktree-failed`.
	 */
	create(
		request: {
			readonly id: string;
			readonly roots: readonly { readonly name: string; readonly path: string }[];
			readonly unsaved: readonly UnsavedFile[];
		},
		onProgress: (files: number, of: number) => void,
		signal: AbortSignal,
	): Promise<MadeWorktree>;
	/** Whether its folder is there. */
	isThere(ref: WorktreeRef): boolean;
	/** What is another one than at the start. Rejects with `worktree-gone` when there is no such worktree. */
	changes(ref: WorktreeRef, signal: AbortSignal): Promise<WorktreeChanges>;
	/**
	 * Puts all files and commits of it into a bundle below `folder`, checks that, and removes the worktree then. When it rejects, the worktree
	 * is as it was.
	 */
	discard(ref: WorktreeRef, folder: string, signal: AbortSignal): Promise<KeptWorktree>;
	/** Makes it again, as it was when it was discarded last. What was kept stays. Rejects with `nothing-kept` when there is none. */
	restore(ref: WorktreeRef, folder: string, signal: AbortSignal): Promise<void>;
};
