/** The lazy bundle: gives the host's agent what only Node can do. Loaded by extension.ts when something is first needed. */
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { codeOf } from './base/errors.ts';
import type { Agent, OutsideWorld, Surfaces } from './host/agentTypes.ts';
import { createAgent } from './host/window/agent.ts';
import { proxySettings } from './host/window/proxySettings.ts';
import { tellReleaseNotes } from './host/window/releaseNotes.ts';
import { createDiskWorkspace } from './node/files/diskWorkspace.ts';
import { createSearch, findRipgrep } from './node/files/ripgrep.ts';
import { systemCode } from './node/files/systemErrors.ts';
import { createHookFiles } from './node/instructions/hookFiles.ts';
import { loadInstructionFiles } from './node/instructions/instructionFiles.ts';
import { loadNestedMemory } from './node/instructions/memoryFiles.ts';
import { loadProjectContext } from './node/instructions/projectContext.ts';
import { createMcpServers } from './node/mcp/mcpServers.ts';
import { createAnthropicModel } from './node/model/anthropicModel.ts';
import { createParams } from './node/model/requestBody.ts';
import { createHookRunner } from './node/process/hookProcess.ts';
import { createShellGrammar } from './node/process/lazyShellGrammar.ts';
import { createShell } from './node/process/shellProcess.ts';
import { createSandboxMaker } from './node/sandbox/sandboxMaker.ts';
import { findGit } from './node/scan/fileScanGit.ts';
import { createFileScanner } from './node/scan/fileScanner.ts';
import { readGitState } from './node/scan/gitState.ts';
import { readAgentFiles } from './node/store/agentFiles.ts';
import { createAgentLogs } from './node/store/agentLogs.ts';
import { sweepBlobs } from './node/store/blobSweeper.ts';
import { createFileBlobStore } from './node/store/fileBlobStore.ts';
import { createFileSessionStore } from './node/store/fileSessionStore.ts';
import { createMemoryAgentLogs } from './node/store/memoryAgentLogs.ts';
import { createMemoryBlobStore } from './node/store/memoryBlobStore.ts';
import { createMemorySessionStore } from './node/store/memorySessionStore.ts';
import { createSessionRegistry } from './node/store/sessionRegistry.ts';
import { createSessionSearch } from './node/store/sessionSearch.ts';
import { canonicalStorageFolder } from './node/store/storageFolder.ts';
import { createStoreBudget } from './node/store/storeBudget.ts';
import { createStoreDoctor } from './node/store/storeDoctor.ts';
import { createWatchLog } from './node/store/watchLog.ts';
import { createIdSource, systemClock } from './node/systemClock.ts';
import { createTransfer } from './node/transfer/transfer.ts';
import { createBrowsers } from './node/web/browsers.ts';
import { findBrowser } from './node/web/findBrowser.ts';
import { createProxyChoice } from './node/web/outboundProxy.ts';
import { createWebPages } from './node/web/webPages.ts';
import { createWorktrees } from './node/worktree/worktrees.ts';

export function startAgent(context: vscode.ExtensionContext, surfaces: Surfaces): Promise<Agent> {
	const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
	const { storageUri } = context;
	const ripgrepPath = findRipgrep(vscode.env.appRoot, folders);
	const proxy = createProxyChoice(proxySettings, process.env);
	const sandbox = createSandboxMaker({
		homeFolder: homedir(),
		// What the editor keeps: sessions, state and stored secrets of all extensions.
		hidden: [dirname(context.globalStorageUri.fsPath), ...(storageUri ? [dirname(dirname(storageUri.fsPath))] : [])],
		workspaceFolders: () => folders,
		network: { proxy },
	});
	void sandbox.removeLeft();
	const outside: OutsideWorld = {
		clock: systemClock,
		ids: createIdSource(),
		homeFolder: homedir(),
		openStores(storagePath, trace) {
			const folder = canonicalStorageFolder(storagePath);
			const window = vscode.workspace.name ?? 'no folder';
			const sessions = createFileSessionStore({ folder, window, trace });
			const blobs = createFileBlobStore(folder);
			const { clock, ids } = outside;
			const failed = (event: string) => (error: unknown) =>
				trace({ event: `${event}.failed`, code: systemCode(error) ?? codeOf(error) });
			const extensionVersion = String(context.extension.packageJSON.version);
			return {
				sessions,
				blobs,
				agentLogs: createAgentLogs(folder),
				search: createSessionSearch({ folder, ripgrepPath }),
				doctor: createStoreDoctor({ folder, window, sessions, blobs, clock, ids, extensionVersion }),
				budget: createStoreBudget({ folder, window, onBeatFailed: failed('lease') }),
				watchLog: createWatchLog({ folder, window, onError: failed('watchLog') }),
				registry: createSessionRegistry({ folder, window, onError: failed('registry') }),
				async sweepBlobs(signal) {
					const startedAt = performance.now();
					const swept = await sweepBlobs({ folder, window, onBeatFailed: failed('lease') }, signal);
					trace({ event: 'blobs.sweep', durationMs: Math.round(performance.now() - startedAt), detail: { ...swept } });
				},
			};
		},
		memoryStores: () => ({
			sessions: createMemorySessionStore(),
			blobs: createMemoryBlobStore(),
			agentLogs: createMemoryAgentLogs(),
		}),
		transfer: (storagePath) =>
			createTransfer({
				folder: storagePath === undefined ? undefined : canonicalStorageFolder(storagePath),
				window: vscode.workspace.name ?? 'no folder',
				home: homedir(),
			}),
		anthropicModel: (options) => createAnthropicModel({ ...options, clock: systemClock }),
		requestBody: createParams,
		shell: createShell({ hiddenEnvironment: [], sandbox }),
		sandbox,
		fileScanner: ({ storagePath, ...options }) =>
			createFileScanner({
				...options,
				blobFolder: storagePath === undefined ? undefined : canonicalStorageFolder(storagePath),
				gitPath: () => findGit(process.env, folders),
				workerFile: context.asAbsolutePath('dist/fileScanWorker.cjs'),
			}),
		hookFiles: createHookFiles(homedir()),
		runHook: createHookRunner({ hiddenEnvironment: [] }),
		gitState: (roots) => readGitState(roots, findGit(process.env, folders)),
		search: createSearch(ripgrepPath),
		shellGrammar: createShellGrammar({
			runtime: context.asAbsolutePath('dist/web-tree-sitter.wasm'),
			grammar: context.asAbsolutePath('dist/tree-sitter-bash.wasm'),
		}),
		browsers: ({ storagePath, path }) =>
			createBrowsers({
				folder: join(canonicalStorageFolder(storagePath), 'browser'),
				executablePath: () => path() || findBrowser(process.env, process.platform),
				proxy,
			}),
		agentFiles: (roots) => readAgentFiles(roots, homedir()),
		web: createWebPages({ workerFile: context.asAbsolutePath('dist/pageTextWorker.cjs'), proxy }),
		mcpServers: (window) =>
			createMcpServers(window, { version: String(context.extension.packageJSON.version), hiddenEnvironment: [] }),
		diskWorkspace: createDiskWorkspace,
		worktrees: ({ storagePath, isTrusted }) =>
			createWorktrees({
				storageFolder: canonicalStorageFolder(storagePath),
				gitPath: () => findGit(process.env, folders),
				isTrusted,
			}),
		loadInstructionFiles,
		loadProjectContext: (roots, cwd, mayImport) => loadProjectContext(roots, cwd, { homeFolder: homedir(), mayImport }),
		loadNestedMemory: (roots, touched, mayImport) =>
			loadNestedMemory(roots, touched, { homeFolder: homedir(), mayImport }),
	};
	void tellReleaseNotes({
		state: context.globalState,
		version: String(context.extension.packageJSON.version),
		changelog: vscode.Uri.joinPath(context.extensionUri, 'CHANGELOG.md'),
	});
	return createAgent(context, surfaces, outside);
}
