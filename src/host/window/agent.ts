/**
 * The lazy half of the extension, put together: what sessions stand on (windowParts.ts), what shows them (windowViews.ts), the commands
 * (windowCommands.ts), and what each tells the others. Decides nothing.
 */
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable.ts';
import type { Agent, OutsideWorld, Surfaces } from '../agentTypes.ts';
import { createExtensionApi } from '../api/extensionApi.ts';
import { registerBranchDocuments } from '../branch/branchDocuments.ts';
import { tellHooksOfAsks } from '../hooks/hookEvents.ts';
import { startRetention } from '../list/retention.ts';
import { publishRunning } from '../session/runningSessions.ts';
import { SessionHost } from '../session/sessionHost.ts';
import { openSessionLink } from '../session/sessionLink.ts';
import { tellOfAsks } from './asks.ts';
import { runCommand, runGuarded } from './commands.ts';
import { createTraceChannel } from './traceChannel.ts';
import { createWindowCommands } from './windowCommands.ts';
import { createWindowParts } from './windowParts.ts';
import { createWindowViews } from './windowViews.ts';

export async function createAgent(
	context: vscode.ExtensionContext,
	surfaces: Surfaces,
	outside: OutsideWorld,
): Promise<Agent> {
	const store = new DisposableStore();
	const channel = store.add(createTraceChannel());
	const start = { context, surfaces, outside, store, channel };
	const parts = createWindowParts(start, { host: () => host, addToInput: (text) => views.addToInput(text) });
	const { world, stores, traffic, choice, review, hookEvents, mcp, worktrees, reader, onError } = parts;
	const { registry, agentLogs } = stores;
	const host = store.add(await SessionHost.start(world));
	const shown = createWindowViews(start, parts, host);
	const { views, tree, unread, meters, branches, timeline, search } = shown;

	store.add(host.onDidSee((id) => unread.clear(id)));
	store.add(host.onDidChange(({ open, change }) => change.kind === 'head' && unread.watch(open)));
	store.add(meters.onDidChange((open) => views.meterChanged(open)));
	const headsChanged = () => {
		for (const open of host.sessions.all) open.headChanged();
	};
	store.add(choice.onDidChange(headsChanged));
	store.add(vscode.workspace.onDidGrantWorkspaceTrust(headsChanged));
	store.add(vscode.workspace.onDidChangeWorkspaceFolders(headsChanged));
	store.add(tellOfAsks(host, views));
	store.add(tellHooksOfAsks(host, hookEvents));
	store.add(registerBranchDocuments({ sessions: host.sessions, blobs: stores.blobs, branches: reader, agentLogs }));
	if (registry) {
		store.add(publishRunning(host.sessions, registry, outside.clock.now, traffic));
		store.add(registry.onDidChange(() => tree.refresh()));
	}

	const api = store.add(
		createExtensionApi({
			...{
				host,
				store: stores.sessions,
				additions: parts.additions,
				state: context.globalState,
				onDidTrace: channel.onDidTrace,
				onError,
			},
			show: (id) => views.open(id),
		}),
	);
	const commands = createWindowCommands(start, parts, shown, host, api.commands);
	store.add(
		startRetention({
			stores,
			state: context.workspaceState,
			clock: outside.clock,
			openIds: () =>
				new Set([...host.sessions.all.map(({ session }) => session.id), ...host.views.map((view) => view.sessionId)]),
			hasWorktree: (id) => worktrees.stateOf(id) === 'there',
			isBusy: () => host.sessions.all.some((open) => open.isRunning),
			refresh: () => tree.refresh(),
			trace: channel.trace,
			onError,
			guard: (event, run) => runGuarded(event, run, channel),
		}),
	);
	channel.trace({ event: 'agent', durationMs: Math.round(performance.now() - surfaces.neededAtMs) });
	return {
		sessions: tree,
		branches,
		timeline: timeline.tree,
		changes: review.tree,
		mcp: mcp.tree,
		attachChat: (view) => views.side.attach(view),
		attachSearch: (view) => search.attach(view),
		restoreTab: (panel, state) => views.restoreTab(panel, state),
		requestAccess: api.requestAccess,
		openLink: (uri) =>
			runGuarded(
				'link',
				async () => {
					if (!mcp.takeRedirect(uri)) await openSessionLink(uri, { host, views, sessions: stores.sessions });
				},
				channel,
			),
		run: (command, args) => runCommand(commands, command, args, channel),
		async close() {
			await Promise.all([host.sessions.closeAll(), mcp.close(), parts.browsers.closeAll()]);
			await outside.shell.endLeft();
			await registry?.close();
			await parts.scanner.dispose();
			store.dispose();
		},
	};
}
