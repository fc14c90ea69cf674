/**
 * The seam between what loads at start (views, commands) and the agent, which loads when it is first needed.
 * Types only, so that importing this file loads nothing.
 */
import type * as vscode from 'vscode';
import type { EntryId, SessionId } from '../base/ids.ts';
import type { Trace } from '../base/trace.ts';
import type { GitState } from '../core/agent/briefText.ts';
import type { ProjectContext } from '../core/agent/turnTypes.ts';
import type { BackgroundShell } from '../core/background/backgroundShell.ts';
import type { FileScanner, WriteNotes } from '../core/checkpoint/fileScanner.ts';
import type { StoreBudget } from '../core/checkpoint/storeUse.ts';
import type { Search } from '../core/fileSearchPort.ts';
import type { HookText } from '../core/hooks/hookSets.ts';
import type { RunHook } from '../core/hooks/hookTypes.ts';
import type { McpServers, McpWindow } from '../core/mcp/mcpPorts.ts';
import type { MemoryLoad } from '../core/memory/memoryFile.ts';
import type { ModelRequest, StreamModel } from '../core/model/modelPort.ts';
import type { ShellGrammar } from '../core/permission/shellParts.ts';
import type { Clock, IdSource, Shell, Workspace, WorkspaceRoot } from '../core/ports.ts';
import type { SandboxPolicy } from '../core/sandbox/sandboxPort.ts';
import type { SessionSearch } from '../core/search/searchPort.ts';
import type { AgentLogs } from '../core/session/agentLog.ts';
import type { SessionRegistry, WatchLog } from '../core/session/registry.ts';
import type { StoreDoctor } from '../core/session/storeExamination.ts';
import type { BlobStore, SessionStore } from '../core/session/storePort.ts';
import type { InstructionFile } from '../core/skills/instructionFile.ts';
import type { FoundAgents } from '../core/subagents/agentDefinition.ts';
import type { Transfer } from '../core/transfer/transferPorts.ts';
import type { Browsers } from '../core/web/browserPort.ts';
import type { WebPages } from '../core/web/webPort.ts';
import type { Worktrees } from '../core/worktree/worktreePort.ts';
import type { RetraceApi } from './api/retraceApi.ts';
import type { ContextFiles } from './context/contextFiles.ts';

/** A row of the sessions tree. The tree gives out one object for each. */
export type SessionNode =
	| { readonly kind: 'group'; readonly key: string }
	| { readonly kind: 'session'; readonly sessionId: SessionId }
	/** In the trash, under the name it has there. */
	| { readonly kind: 'trashed'; readonly name: string }
	/** Shows the next rows of a group. */
	| { readonly kind: 'more'; readonly key: string };

/** A row of the branches tree, by the first entry of the branch. */
export type BranchNode = { readonly kind: 'branch'; readonly sessionId: string; readonly first: EntryId };

/** A row of the time line: a point, a file changed there, or the way to earlier points. */
export type TimelineNode =
	| { readonly kind: 'point'; readonly sessionId: string; readonly point: EntryId }
	| { readonly kind: 'pointFile'; readonly sessionId: string; readonly point: EntryId; readonly key: string }
	| { readonly kind: 'morePoints'; readonly sessionId: string };

/** A row of the changes tree. A row of a file within a turn stands for what that turn changed. */
export type ChangeNode =
	| { readonly kind: 'session'; readonly sessionId: string }
	| { readonly kind: 'turn'; readonly sessionId: string; readonly prompt: string }
	| { readonly kind: 'file'; readonly sessionId: string; readonly uri: string; readonly prompt?: string };

/** A row of the MCP servers tree. */
export type McpNode =
	| { readonly kind: 'server'; readonly server: string }
	| { readonly kind: 'group'; readonly server: string; readonly group: 'tools' | 'resources' | 'prompts' }
	/** `name` is what the server calls it: a tool, a prompt, or the address of a resource. */
	| {
			readonly kind: 'offer';
			readonly server: string;
			readonly group: 'tools' | 'resources' | 'prompts';
			readonly name: string;
	  }
	/** Something in a file that declares servers. */
	| { readonly kind: 'problem'; readonly file: string; readonly line: number; readonly message: string };

/** The lazy half of the extension. */
export type Agent = {
	attachChat(view: vscode.WebviewView): void;
	attachSearch(view: vscode.WebviewView): void;
	/** Fills an editor tab that was open before the window was loaded again; `state` is what its page kept. */
	restoreTab(panel: vscode.WebviewPanel, state: unknown): Promise<void>;
	/** Opens what a link into the extension names; errors are shown to the user, not thrown. */
	openLink(uri: vscode.Uri): Promise<void>;
	readonly sessions: vscode.TreeDataProvider<SessionNode>;
	readonly branches: vscode.TreeDataProvider<BranchNode>;
	readonly timeline: vscode.TreeDataProvider<TimelineNode>;
	readonly changes: vscode.TreeDataProvider<ChangeNode>;
	readonly mcp: vscode.TreeDataProvider<McpNode>;
	/** For other extensions; see api/retraceApi.ts. */
	readonly requestAccess: RetraceApi['requestAccess'];
	/** Runs a command of the table; errors are shown to the user, not thrown. */
	run(command: string, args: readonly unknown[]): Promise<void>;
	/** Stops running turns, closes every session and waits for it. */
	close(): Promise<void>;
};

/** What the eager half made and the agent fills. */
export type Surfaces = {
	readonly tree: vscode.TreeView<SessionNode>;
	readonly branches: vscode.TreeView<BranchNode>;
	readonly timeline: vscode.TreeView<TimelineNode>;
	readonly changes: vscode.TreeView<ChangeNode>;
	readonly mcp: vscode.TreeView<McpNode>;
	/** Shows what memory files weigh, in their documents. */
	readonly contextFiles: Pick<ContextFiles, 'isRunning' | 'onDidStart' | 'setWeights'>;
	/** Ids of the commands that `run` must know. */
	readonly commands: readonly string[];
	/** When the agent was first needed, by `performance.now()`. */
	readonly neededAtMs: number;
};

/** Where a workspace's sessions and blobs are kept. */
export type Stores = {
	readonly sessions: SessionStore;
	readonly blobs: BlobStore;
	/** What the agents said that work for a session. */
	readonly agentLogs?: AgentLogs;
	/** Not there for sessions in memory. */
	readonly doctor?: StoreDoctor;
	/** Not there for sessions in memory. */
	readonly search?: SessionSearch;
	/** What is stored and what may go; likewise. */
	readonly budget?: StoreBudget;
	/** What other windows do here; likewise. */
	readonly watchLog?: WatchLog;
	readonly registry?: SessionRegistry;
	/** Removes blobs that no log names any more; likewise. */
	sweepBlobs?(signal: AbortSignal): Promise<void>;
};

/** What only Node can do, made by the composition root. */
export type OutsideWorld = {
	readonly clock: Clock;
	readonly ids: IdSource;
	/** `storagePath` as VS Code gave it. */
	openStores(storagePath: string, trace: Trace): Stores;
	memoryStores(): Stores;
	/** What export, import and adoption need; without a path nothing is kept on disk. */
	transfer(storagePath: string | undefined): Transfer;
	anthropicModel(options: {
		readonly baseUrl: string;
		readonly apiKeyHeader: 'authorization' | 'x-api-key' | 'none';
		readonly apiKey: () => Promise<string | undefined>;
	}): StreamModel;
	/** The body of a request as the endpoint gets it. */
	requestBody(request: ModelRequest): unknown;
	readonly shell: Shell & BackgroundShell;
	/** Whether this machine can hold commands in a sandbox. Rejects with UserError when it cannot. */
	readonly sandbox: { ready(policy: SandboxPolicy): Promise<void> };
	/** Finds what commands change in files. `storagePath` is where `blobs` are kept; undefined = in memory. */
	fileScanner(options: {
		readonly roots: () => readonly WorkspaceRoot[];
		readonly isTrusted: () => boolean;
		readonly blobs: BlobStore;
		readonly storagePath: string | undefined;
		readonly trace: Trace;
	}): FileScanner & WriteNotes & { dispose(): Promise<void> };
	/** Which branch the folders are on and what is not committed; trusted workspaces only. */
	gitState(roots: readonly WorkspaceRoot[]): Promise<readonly GitState[]>;
	/** Settings files that may hold hooks, the user's own first. Never rejects. */
	hookFiles(roots: readonly string[]): Promise<readonly HookText[]>;
	readonly runHook: RunHook;
	readonly search: Search;
	readonly shellGrammar: ShellGrammar;
	readonly web: WebPages;
	/** The browsers of a window. `storagePath` as VS Code gave it; `path` is the user's own choice. */
	browsers(options: { readonly storagePath: string; readonly path: () => string }): Browsers;
	/** Agents that files of the folders and of the user describe. */
	agentFiles?(roots: readonly WorkspaceRoot[]): Promise<FoundAgents>;
	/** The MCP client. Loads and starts nothing before a server is configured that may start. */
	mcpServers?(window: McpWindow): McpServers;
	/** Copies of the repositories for sessions to work in. `storagePath` as VS Code gave it. */
	worktrees(options: { readonly storagePath: string; readonly isTrusted: () => boolean }): Worktrees;
	diskWorkspace(options: { roots: () => readonly WorkspaceRoot[]; isTrusted: () => boolean }): Workspace;
	/** Where a session without a folder works. */
	readonly homeFolder: string;
	/** Skills and custom commands: of these folders, then the user's own. Trusted workspaces only. */
	loadInstructionFiles(roots: readonly WorkspaceRoot[], homeFolder: string): Promise<readonly InstructionFile[]>;
	/** `mayImport` says of a real path outside the workspace whether a memory file may import it. */
	loadProjectContext(
		roots: readonly WorkspaceRoot[],
		cwd: string,
		mayImport: (realPath: string) => 'yes' | 'no' | undefined,
	): Promise<ProjectContext>;
	/** Memory files that come in when these files (absolute) are touched. */
	loadNestedMemory(
		roots: readonly WorkspaceRoot[],
		touched: readonly string[],
		mayImport: (realPath: string) => 'yes' | 'no' | undefined,
	): Promise<MemoryLoad>;
};
