/**
 * The memory files of the window: what a session starts with and what comes in later, and the commands that show and change them.
 * Puts the parts together; reads and writes through what it is given.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import type { MemoryLoad } from '../../core/memory/memoryFile.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import type { ContextInspector } from '../context/contextInspector.ts';
import { createEditorWorkspace } from '../editor/editorWorkspace.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { editMemory } from './memoryCommand.ts';
import { createMemoryImports } from './memoryImports.ts';
import { keepNote } from './memoryNote.ts';

export type MemoryWorld = {
	readonly outside: Pick<OutsideWorld, 'loadProjectContext' | 'loadNestedMemory' | 'diskWorkspace' | 'homeFolder'>;
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly state: vscode.Memento;
	roots(): readonly WorkspaceRoot[];
	cwd(): string;
	isTrusted(): boolean;
	onError(event: string, error: unknown): void;
};

type Commands = Readonly<Record<'editMemory' | 'addMemory', (...args: readonly unknown[]) => unknown>>;

export type Memory = {
	/** For the ports of a turn, and for the meter. */
	readonly ports: {
		loadProjectContext(): Promise<ProjectContext>;
		loadNestedMemory(touched: readonly string[]): Promise<MemoryLoad>;
	};
	/** The same for other folders: a session's worktree. */
	portsOf(roots: () => readonly WorkspaceRoot[], cwd: () => string): Memory['ports'];
	commands(shown: {
		readonly host: Pick<SessionHost, 'current'>;
		readonly inspector: Pick<ContextInspector, 'memoryWeights'>;
		say(message: ToPanel): void;
	}): Commands;
};

export function createMemory(world: MemoryWorld): Memory {
	const { outside, roots, cwd, isTrusted, state, blobs } = world;
	const { homeFolder } = outside;
	const relativePath = (absolute: string): string => shownPath(absolute, roots(), homeFolder);
	const imports = createMemoryImports(state, relativePath);
	/** Beside what goes on: what is allowed comes in with the next prompt. */
	const ask = (asked: MemoryLoad['asked'] | undefined) => {
		void imports.ask(asked ?? []).catch((error) => world.onError('memory.imports', error));
	};
	const portsOf: Memory['portsOf'] = (folders, folder) => ({
		// A project's own words are not even read before the user trusts it.
		async loadProjectContext() {
			if (!isTrusted()) return { memory: [], environment: [] };
			const project = await outside.loadProjectContext(folders(), folder(), imports.mayImport);
			ask(project.asked);
			return project;
		},
		async loadNestedMemory(touched) {
			if (!isTrusted()) return { files: [], notices: [], asked: [] };
			const loaded = await outside.loadNestedMemory(folders(), touched, imports.mayImport);
			ask(loaded.asked);
			return loaded;
		},
	});
	const ports = portsOf(roots, cwd);
	// Apart from the workspace of the tools: what is kept here is the user's own edit, and their own memory file is outside of the roots.
	const home: WorkspaceRoot = { name: 'home', path: homeFolder };
	const workspace = createEditorWorkspace({
		disk: outside.diskWorkspace({ roots: () => [...roots(), home], isTrusted }),
		hash: (bytes) => blobs.hash(bytes),
	});
	const noteWorld = { workspace, blobs, state, homeFolder, roots, relativePath, onError: world.onError };
	return {
		ports,
		portsOf,
		commands: ({ host, inspector, say }) => ({
			async editMemory() {
				requireTrust(isTrusted());
				const session = () => host.current.session;
				const weights = () => inspector.memoryWeights(host.current);
				await editMemory({ ports, imports, homeFolder, roots, session, weights, relativePath });
			},
			async addMemory(words) {
				const given = typeof words === 'string' ? words : undefined;
				requireTrust(isTrusted());
				const note = given ?? (await askNote());
				if (note === undefined || note.trim() === '') return;
				let isKept = false;
				try {
					isKept = await keepNote(note, noteWorld);
				} finally {
					// What was typed is not lost.
					if (!isKept && given !== undefined) say({ kind: 'input', text: `# ${given}`, how: 'replace' });
				}
			},
		}),
	};
}

async function askNote(): Promise<string | undefined> {
	return await vscode.window.showInputBox({ title: 'Add to Memory', prompt: 'What to keep for later sessions' });
}

function requireTrust(isTrusted: boolean): void {
	if (!isTrusted)
		throw new UserError('untrusted', 'This folder is not trusted, so its memory files are not read. Trust it first.');
}

/** Below a folder of the workspace without its name (unless there are several), below the home folder with `~`. */
function shownPath(absolute: string, roots: readonly WorkspaceRoot[], homeFolder: string): string {
	const inside = vscode.workspace.asRelativePath(absolute, roots.length > 1);
	if (inside !== absolute) return inside;
	const home = homeFolder.endsWith('/') ? homeFolder : `${homeFolder}/`;
	return absolute.startsWith(home) ? `~/${absolute.slice(home.length)}` : absolute;
}
