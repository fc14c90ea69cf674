/** The lazy bundle: gives the host's agent what only Node can do. Loaded by extension.ts when something is first needed. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { createAgent } from './host/agent.ts';
import type { Agent, OutsideWorld, Surfaces } from './host/agentTypes.ts';
import { createAnthropicModel } from './node/anthropicModel.ts';
import { createDiskWorkspace } from './node/diskWorkspace.ts';
import { createFileBlobStore } from './node/fileBlobStore.ts';
import { createFileSessionStore } from './node/fileSessionStore.ts';
import { createMemoryBlobStore } from './node/memoryBlobStore.ts';
import { createMemorySessionStore } from './node/memorySessionStore.ts';
import { loadProjectContext } from './node/projectContext.ts';
import { createSearch, findRipgrep } from './node/ripgrep.ts';
import { createShell } from './node/shellProcess.ts';
import { canonicalStorageFolder } from './node/storageFolder.ts';
import { createIdSource, systemClock } from './node/systemClock.ts';

export function startAgent(context: vscode.ExtensionContext, surfaces: Surfaces): Promise<Agent> {
	const outside: OutsideWorld = {
		clock: systemClock,
		ids: createIdSource(),
		homeFolder: homedir(),
		openStores(storagePath, trace) {
			const folder = canonicalStorageFolder(storagePath);
			const window = vscode.workspace.name ?? 'no folder';
			return {
				sessions: createFileSessionStore({ folder, window, trace }),
				blobs: createFileBlobStore(folder),
			};
		},
		memoryStores: () => ({ sessions: createMemorySessionStore(), blobs: createMemoryBlobStore() }),
		anthropicModel: (options) => createAnthropicModel({ ...options, clock: systemClock }),
		shell: createShell({ hiddenEnvironment: [] }),
		search: createSearch(
			findRipgrep(
				vscode.env.appRoot,
				(vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
			),
		),
		diskWorkspace: createDiskWorkspace,
		loadProjectContext,
	};
	return createAgent(context, surfaces, outside);
}
