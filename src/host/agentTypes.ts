/**
 * The seam between what loads at start (views, commands) and the agent, which loads when it is first needed.
 * Types only, so that importing this file loads nothing.
 */
import type * as vscode from 'vscode';
import type { SessionId } from '../base/ids.ts';
import type { Trace } from '../base/trace.ts';
import type { ProjectContext } from '../core/agent/turnTypes.ts';
import type {
	BlobStore,
	Clock,
	IdSource,
	Search,
	SessionStore,
	Shell,
	StreamModel,
	Workspace,
	WorkspaceRoot,
} from '../core/ports.ts';

/** A row of the sessions tree: a day group or a session. */
export type SessionNode =
	| { readonly kind: 'group'; readonly label: string; readonly sessionIds: readonly SessionId[] }
	| { readonly kind: 'session'; readonly sessionId: SessionId };

/** The lazy half of the extension. */
export type Agent = {
	attachChat(view: vscode.WebviewView): void;
	readonly sessions: vscode.TreeDataProvider<SessionNode>;
	/** Runs a command of the table; errors are shown to the user, not thrown. */
	run(command: string, args: readonly unknown[]): Promise<void>;
	/** Stops running turns, closes every session and waits for it. */
	close(): Promise<void>;
};

/** What the eager half made and the agent fills. */
export type Surfaces = {
	readonly tree: vscode.TreeView<SessionNode>;
	/** Ids of the commands that `run` must know. */
	readonly commands: readonly string[];
	/** When the agent was first needed, by `performance.now()`. */
	readonly neededAtMs: number;
};

/** Where a workspace's sessions and blobs are kept. */
export type Stores = { readonly sessions: SessionStore; readonly blobs: BlobStore };

/** What only Node can do, made by the composition root. */
export type OutsideWorld = {
	readonly clock: Clock;
	readonly ids: IdSource;
	/** `storagePath` as VS Code gave it. */
	openStores(storagePath: string, trace: Trace): Stores;
	memoryStores(): Stores;
	anthropicModel(options: {
		readonly baseUrl: string;
		readonly apiKeyHeader: 'authorization' | 'x-api-key' | 'none';
		readonly apiKey: () => Promise<string | undefined>;
	}): StreamModel;
	readonly shell: Shell;
	readonly search: Search;
	diskWorkspace(options: { roots: () => readonly WorkspaceRoot[]; isTrusted: () => boolean }): Workspace;
	/** Where a session without a folder works. */
	readonly homeFolder: string;
	loadProjectContext(roots: readonly WorkspaceRoot[], cwd: string): Promise<ProjectContext>;
};
