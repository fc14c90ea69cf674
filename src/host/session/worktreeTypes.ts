/** What the window's other parts know of worktrees: the ports of a session that works in one. Implemented in sessionWorktrees.ts. */
import type { Disposable } from '../../base/disposable.ts';
import type { GitState } from '../../core/agent/briefText.ts';
import type { TurnPorts } from '../../core/agent/turnTypes.ts';
import type { Workspace, WorkspaceRoot } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { WorktreeRef } from '../../core/session/worktreeFields.ts';
import type { Worktrees } from '../../core/worktree/worktreePort.ts';
import type { WindowHooks } from '../hooks/hooks.ts';
import type { WorktreeState } from '../list/sessionRow.ts';

/** What a turn in a worktree has in the place of what it has in the workspace. */
export type WorktreePorts = Pick<
	TurnPorts,
	'workspace' | 'scanner' | 'loadProjectContext' | 'loadNestedMemory' | 'unsavedFiles'
> & {
	readonly gitState: () => Promise<readonly GitState[]>;
	readonly windowHooks: WindowHooks;
};

export type SessionWorktrees = Disposable & {
	/** Undefined where none can be kept: no session is on the disk. */
	readonly port: Worktrees | undefined;
	/** The same disk, with the worktrees of open sessions beside the workspace. Its roots are the workspace's alone. */
	routed(disk: Workspace): Workspace;
	/** Undefined for a session that works in the workspace. */
	portsOf(session: Session): WorktreePorts | undefined;
	isGone(session: Session): boolean;
	/** Of the one with this id; undefined: there is none to ask about. */
	stateOf(id: string | undefined): WorktreeState;
	/** For a file in a worktree: as it is called there. */
	relativePath(absolute: string): string | undefined;
	/** Of the workspace, and of the session's own worktree. */
	rootsOf(session: Session): readonly WorkspaceRoot[];
	/** Lets go of what was held for it: it is removed, or its session is closed. */
	leave(ref: WorktreeRef): Promise<void>;
	/** The session is open as long as this is not disposed. */
	attach(session: Session): Disposable;
};

/** The world of a session: with the ports of its worktree, when it has one. */
export function inWorktree<W extends { readonly worktrees?: Pick<SessionWorktrees, 'portsOf'> }>(
	session: Session,
	world: W,
): W {
	const ports = world.worktrees?.portsOf(session);
	return ports ? { ...world, ...ports } : world;
}
