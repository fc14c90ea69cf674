/** The files of a window, put together: the disk, what sees changes in it, the worktrees of its sessions, and the open documents over all. */
import type * as vscode from 'vscode';
import type { DisposableStore } from '../../base/disposable.ts';
import type { Trace } from '../../base/trace.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { OutsideWorld, Stores } from '../agentTypes.ts';
import { createEditorWorkspace, type EditorWorkspace } from '../editor/editorWorkspace.ts';
import { notedWorkspace, noteEditorWrites } from '../editor/writeNotes.ts';
import type { WindowHooks } from '../hooks/hooks.ts';
import type { Memory } from '../memory/memory.ts';
import type { SessionWorktrees, WorktreePorts } from '../session/worktreeTypes.ts';
import { createSessionWorktrees } from '../worktree/sessionWorktrees.ts';

export type WindowFiles = {
	readonly workspace: EditorWorkspace;
	readonly scanner: ReturnType<OutsideWorld['fileScanner']>;
	readonly worktrees: SessionWorktrees;
};

export function createWindowFiles(world: {
	readonly store: DisposableStore;
	readonly outside: OutsideWorld;
	readonly stores: Stores;
	readonly storage: vscode.Uri;
	readonly isPersisted: boolean;
	roots(): readonly WorkspaceRoot[];
	isTrusted(): boolean;
	/** What is made later and stands on the files. */
	memory(): Pick<Memory, 'portsOf'>;
	hooks(): WindowHooks;
	withSkills(load: WorktreePorts['loadProjectContext']): WorktreePorts['loadProjectContext'];
	readonly trace: Trace;
	onError(event: string, error: unknown): void;
}): WindowFiles {
	const { store, outside, roots, isTrusted, trace, isPersisted } = world;
	const { blobs } = world.stores;
	const storagePath = isPersisted ? world.storage.fsPath : undefined;
	const scanner = outside.fileScanner({ roots, isTrusted, blobs, storagePath, trace });
	store.add(noteEditorWrites(scanner));
	const worktrees: SessionWorktrees = store.add(
		createSessionWorktrees({
			...{ ...world, blobs, storagePath },
			port: storagePath === undefined ? undefined : outside.worktrees({ storagePath, isTrusted }),
			workspace: () => workspace,
		}),
	);
	const disk = worktrees.routed(notedWorkspace(outside.diskWorkspace({ roots, isTrusted }), scanner));
	const workspace = store.add(createEditorWorkspace({ disk, hash: (bytes) => blobs.hash(bytes) }));
	return { workspace, scanner, worktrees };
}
