/** The commands of a window, put together: those of commands.ts, and those that its parts and views bring along. */
import { createBranchCommands } from '../branch/branchCommands.ts';
import { showRequest } from '../context/requestViews.ts';
import { createSessionCommands } from '../list/sessionCommands.ts';
import { freeTitle } from '../session/runningSessions.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { createTransferCommands } from '../transfer/transferCommands.ts';
import { codeReason } from '../workspaceFacts.ts';
import { createWorktreeCommands } from '../worktree/worktreeCommands.ts';
import { type Command, createCommands } from './commands.ts';
import type { WindowParts } from './windowParts.ts';
import type { WindowStart } from './windowStart.ts';
import type { WindowViews } from './windowViews.ts';

export function createWindowCommands(
	{ surfaces, outside, channel }: WindowStart,
	parts: WindowParts,
	shown: WindowViews,
	host: SessionHost,
	apiCommands: Readonly<Record<string, Command>>,
): ReadonlyMap<string, Command> {
	const {
		world,
		stores,
		storagePath,
		roots,
		reader,
		choice,
		keys,
		review,
		edits,
		hooks,
		memory,
		mcp,
		workspace,
		worktrees,
		onError,
	} = parts;
	const { views, tree, unread, branches, timeline, inspector, documents, merges, doctor, search, showContext } = shown;
	const { registry } = stores;
	const worktreeCommands = createWorktreeCommands({
		...{ host, worktrees, workspace, blobs: stores.blobs, ids: outside.ids, codeReason },
		storeFolder: stores.sessions.folder,
		focus: () => views.focus(),
		hasWorktree: (id) => (host.sessions.find(id)?.session.worktree ?? tree.session(id)?.worktreeId) !== undefined,
		refresh: () => tree.refresh(),
	});
	const brought: Readonly<Record<string, Command>> = {
		...createBranchCommands({
			...world,
			...{ branches: reader, sessions: host.sessions, shown: () => host.current, show: (id) => views.open(id) },
			async fork(options) {
				await host.fork(options);
				await views.focus();
			},
			say: (text, level) => views.say({ kind: 'toast', level, text }),
			reload: () => branches.reload(),
		}),
		...timeline.commands,
		reviewHooks: () => hooks.review(),
		...mcp.commands,
		...apiCommands,
		...memory.commands({ host, inspector, say: (message) => views.say(message) }),
		...doctor.commands,
		searchSessions: (text: unknown) => search.focus(typeof text === 'string' ? text : undefined),
		...createTransferCommands({
			...world,
			...{ sessions: stores.sessions, transfer: outside.transfer(storagePath), homeFolder: outside.homeFolder, roots },
			knownSecrets: () => keys.all(),
			shownId: () => host.current.session.id,
			show: async (id) => await views.open(id),
			refresh: () => tree.refresh(),
		}),
		...createSessionCommands({
			...{ store: stores.sessions, tree, sessions: host.sessions, selection: () => surfaces.tree.selection },
			shownId: () => host.current.session.id,
			isInUse: (id) => host.views.some((view) => view.sessionId === id),
			rename: (id, title) => host.rename(id, title),
			freeTitle: (id, title) => freeTitle(id, title, host.sessions, registry),
			deletionNote: worktreeCommands.deletionNote,
			async remove(id) {
				await worktreeCommands.beforeDelete(id);
				await host.remove(id);
				unread.clear(id);
			},
			addToInput: (text) => views.addToInput(text),
			onError,
		}),
		acceptEdit: () => edits.accept(),
		rejectEdit: () => edits.reject(),
		...review.commands,
		...worktreeCommands.commands,
	};
	return createCommands({
		host,
		views,
		sessions: stores.sessions,
		choice,
		keys,
		channel,
		showContext,
		showRequest: (what) => showRequest(what, host.current, { ...world, documents, requestBody: outside.requestBody }),
		merges,
		brought,
	});
}
