/**
 * The worktrees of the sessions of this window: what such a session works with in the place of the workspace's files. A path is led to the
 * worktree that it lies in, and a relative one by the folder it is taken from, so whatever a session's log names is found, and no session
 * takes a file of another one's worktree for its own. Makes and removes none (worktreeCommands.ts).
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Trace } from '../../base/trace.ts';
import type { FileScanner } from '../../core/checkpoint/fileScanner.ts';
import type { Workspace } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { WorktreeRef } from '../../core/session/worktreeFields.ts';
import { displayPath, isInRoots } from '../../core/tools/paths.ts';
import type { Worktrees } from '../../core/worktree/worktreePort.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import { unsavedFilesBelow } from '../editor/unsavedFiles.ts';
import { notedWorkspace, noteEditorWrites } from '../editor/writeNotes.ts';
import type { WindowHooks } from '../hooks/hooks.ts';
import type { Memory } from '../memory/memory.ts';
import type { SessionWorktrees, WorktreePorts } from '../session/worktreeTypes.ts';

type Place = {
	readonly ref: WorktreeRef;
	readonly disk: Workspace;
	readonly scanner: FileScanner & { dispose(): Promise<void> };
	readonly notes: Disposable;
};

export function createSessionWorktrees(world: {
	readonly outside: Pick<OutsideWorld, 'diskWorkspace' | 'fileScanner' | 'gitState'>;
	readonly port: Worktrees | undefined;
	readonly blobs: BlobStore;
	readonly storagePath: string | undefined;
	/** With open documents, over `routed`. */
	workspace(): Workspace;
	memory(): Pick<Memory, 'portsOf'>;
	/** With what a session is told of skills, which are those of the workspace. */
	withSkills(load: WorktreePorts['loadProjectContext']): WorktreePorts['loadProjectContext'];
	hooks(): WindowHooks;
	isTrusted(): boolean;
	readonly trace: Trace;
	onError(event: string, error: unknown): void;
}): SessionWorktrees {
	const { outside, port, isTrusted } = world;
	const places = new Map<string, Place>();
	const used = new Map<string, number>();

	const placeOf = (ref: WorktreeRef): Place => {
		const known = places.get(ref.id);
		if (known) return known;
		const roots = () => ref.roots;
		const { blobs, storagePath, trace } = world;
		const scanner = outside.fileScanner({ roots, isTrusted, blobs, storagePath, trace });
		const disk = notedWorkspace(outside.diskWorkspace({ roots, isTrusted }), scanner);
		const place: Place = { ref, disk, scanner, notes: noteEditorWrites(scanner) };
		places.set(ref.id, place);
		return place;
	};
	const placeAt = (path: string): Place | undefined =>
		places.size === 0 ? undefined : [...places.values()].find(({ ref }) => isInRoots(path, ref.roots));
	const leave = async (ref: WorktreeRef): Promise<void> => {
		const place = places.get(ref.id);
		places.delete(ref.id);
		place?.notes.dispose();
		await place?.scanner.dispose();
	};

	return {
		port,
		routed(disk) {
			const at = (absolute: string) => placeAt(absolute)?.disk ?? disk;
			return {
				get roots() {
					return disk.roots;
				},
				get isTrusted() {
					return disk.isTrusted;
				},
				resolve: (path, cwd) => at(cwd).resolve(path, cwd),
				read: (absolute, options) => at(absolute).read(absolute, options),
				write: (absolute, bytes, options) => at(absolute).write(absolute, bytes, options),
				delete: (absolute, options) => at(absolute).delete(absolute, options),
				setMode: (absolute, mode, options) => at(absolute).setMode(absolute, mode, options),
				removeEmptyFolder: (absolute, made) => at(absolute).removeEmptyFolder(absolute, made),
				isExactName: (absolute) => at(absolute).isExactName(absolute),
			};
		},
		portsOf(session) {
			const ref = session.worktree;
			if (!ref) return undefined;
			const { disk, scanner } = placeOf(ref);
			const memory = world.memory().portsOf(
				() => ref.roots,
				() => ref.roots[0]?.path ?? '',
			);
			const hooks = world.hooks();
			return {
				workspace: confined(world.workspace(), disk),
				scanner,
				loadProjectContext: world.withSkills(memory.loadProjectContext),
				loadNestedMemory: memory.loadNestedMemory,
				gitState: () => outside.gitState(ref.roots),
				unsavedFiles: () => unsavedFilesBelow(ref.roots),
				windowHooks: { ...hooks, portOf: (one) => hooksIn(ref, hooks.portOf(one)) },
			};
		},
		isGone: ({ worktree }) => worktree !== undefined && !(port?.isThere(worktree) ?? false),
		stateOf: (id) => (id === undefined ? undefined : port?.isThere({ id, roots: [] }) ? 'there' : 'gone'),
		relativePath(absolute) {
			const roots = placeAt(absolute)?.ref.roots;
			const root = roots?.find((one) => isInRoots(absolute, [one]));
			if (!roots || !root) return undefined;
			const rel = displayPath(absolute, root.path);
			return roots.length > 1 ? `${root.name}/${rel}` : rel;
		},
		rootsOf: ({ worktree }) => [...world.workspace().roots, ...(worktree?.roots ?? [])],
		leave,
		attach({ worktree }) {
			if (!worktree) return new DisposableStore();
			placeOf(worktree);
			used.set(worktree.id, (used.get(worktree.id) ?? 0) + 1);
			return {
				dispose() {
					// A session that is read again is opened before the old object is closed.
					const rest = (used.get(worktree.id) ?? 1) - 1;
					used.set(worktree.id, rest);
					if (rest <= 0) leave(worktree).catch((error: unknown) => world.onError('worktree', error));
				},
			};
		},
		dispose() {
			for (const { ref } of [...places.values()])
				leave(ref).catch((error: unknown) => world.onError('worktree', error));
		},
	};
}

/** Only what lies in the worktree is inside, whatever folder a path is taken from. */
function confined(workspace: Workspace, disk: Workspace): Workspace {
	return {
		get roots() {
			return disk.roots;
		},
		get isTrusted() {
			return workspace.isTrusted;
		},
		resolve: (path, cwd) => disk.resolve(path, cwd),
		read: (absolute, options) => workspace.read(absolute, options),
		write: (absolute, bytes, options) => workspace.write(absolute, bytes, options),
		delete: (absolute, options) => workspace.delete(absolute, options),
		setMode: (absolute, mode, options) => workspace.setMode(absolute, mode, options),
		removeEmptyFolder: (absolute, made) => workspace.removeEmptyFolder(absolute, made),
		isExactName: (absolute) => workspace.isExactName(absolute),
	};
}

/** A hook of the project is told the worktree as the folder of its project. */
function hooksIn(ref: WorktreeRef, hooks: ReturnType<WindowHooks['portOf']>): ReturnType<WindowHooks['portOf']> {
	if (!hooks) return undefined;
	const folderOf = (projectDir: string) => ref.roots.find(({ from }) => from === projectDir)?.path ?? projectDir;
	return {
		...hooks,
		list: () => hooks.list().map((hook) => ({ ...hook, projectDir: folderOf(hook.projectDir) })),
	};
}
