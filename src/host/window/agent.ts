/**
 * The lazy half of the extension, put together: sessions, panel, tree, meter, review and commands of one window.
 * Decides nothing; every piece is in its own file.
 */
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable.ts';
import { asSessionId, asToolUseId } from '../../base/ids.ts';
import { loadProposal } from '../../core/edit/proposals.ts';
import { createBranchReader } from '../../core/session/branchReader.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import { createApiAdditions } from '../api/apiAdditions.ts';
import { createExtensionApi } from '../api/extensionApi.ts';
import { createBranchCommands } from '../branch/branchCommands.ts';
import { registerBranchDocuments } from '../branch/branchDocuments.ts';
import { BranchesTree } from '../branch/branchesTree.ts';
import { attachSummaries } from '../branch/branchSummaries.ts';
import { ContextInspector } from '../context/contextInspector.ts';
import { ContextMeters } from '../context/contextMeters.ts';
import { tellMemoryWeights } from '../context/contextWeights.ts';
import { RequestDocuments } from '../context/requestDocuments.ts';
import { showRequest } from '../context/requestViews.ts';
import { createDiagnostics } from '../editor/diagnosticsPort.ts';
import { createWindowTraffic } from '../editor/fileTraffic.ts';
import { createSavedEdits } from '../editor/savedEdits.ts';
import { createWindowFiles } from '../editor/windowFiles.ts';
import { attachHooks, endHooks, tellHooksOfAsks } from '../hooks/hookEvents.ts';
import { createHooks } from '../hooks/hooks.ts';
import { startRetention } from '../list/retention.ts';
import { createSessionCommands } from '../list/sessionCommands.ts';
import { SessionsTree } from '../list/sessionsTree.ts';
import { UnreadSessions } from '../list/unreadSessions.ts';
import { createMcp } from '../mcp/mcp.ts';
import { createMemory } from '../memory/memory.ts';
import { createModelChoice } from '../model/modelChoice.ts';
import { tellOfAsks } from '../panel/asks.ts';
import { ChatViews } from '../panel/chatViews.ts';
import { askArgument, withSkills } from '../panel/commandInput.ts';
import { createCustomCommands } from '../panel/customCommands.ts';
import { panelHead, shownItems } from '../panel/panelHead.ts';
import { handlePanelMessage } from '../panel/panelMessages.ts';
import { PlanDocuments } from '../panel/planDocuments.ts';
import { Suggestions } from '../panel/suggestions.ts';
import { createPermissionScopes } from '../permission/permissionScopes.ts';
import { sandboxProblem } from '../permission/sandbox.ts';
import { createDiffEditor } from '../review/diffEditor.ts';
import { createReview } from '../review/review.ts';
import { createMergeEditor } from '../rewind/mergeEditor.ts';
import { revealHitIn } from '../search/revealHit.ts';
import { SearchView } from '../search/searchView.ts';
import { freeTitle, publishRunning } from '../session/runningSessions.ts';
import { SessionHost } from '../session/sessionHost.ts';
import { openSessionLink } from '../session/sessionLink.ts';
import type { SessionHostWorld } from '../session/sessionView.ts';
import { Timeline } from '../timeline/timeline.ts';
import { createTransferCommands } from '../transfer/transferCommands.ts';
import { createWorktreeCommands } from '../worktree/worktreeCommands.ts';
import type { Agent, OutsideWorld, Surfaces } from './agentTypes.ts';
import { createCommands, runCommand, runGuarded } from './commands.ts';
import { DoctorCommand } from './doctorCommand.ts';
import { createApiKeys } from './secrets.ts';
import { setting } from './settings.ts';
import { createTraceChannel } from './traceChannel.ts';
import { codeReason, sessionDefaults, workspaceRoots } from './workspaceFacts.ts';

export async function createAgent(
	context: vscode.ExtensionContext,
	surfaces: Surfaces,
	outside: OutsideWorld,
): Promise<Agent> {
	const store = new DisposableStore();
	const channel = store.add(createTraceChannel());
	const onError = channel.failed;
	const roots = () => workspaceRoots();
	const isTrusted = () => vscode.workspace.isTrusted;

	const storage = context.storageUri ?? context.globalStorageUri;
	const isPersisted = setting('sessions.persist');
	const stores = isPersisted ? outside.openStores(storage.fsPath, channel.trace) : outside.memoryStores();
	const storagePath = isPersisted ? storage.fsPath : undefined;
	const { workspace, scanner, worktrees } = createWindowFiles({
		...{ store, outside, stores, storage, isPersisted, roots, isTrusted, trace: channel.trace, onError },
		...{ memory: () => memory, hooks: () => hooks, withSkills: (load) => withSkills(load, customCommands.skills) },
	});
	const traffic = createWindowTraffic(outside.clock.now, stores.registry);
	const keys = store.add(createApiKeys(context.secrets));
	const choice = store.add(createModelChoice(outside, keys, context.globalState, onError));
	const review = store.add(
		createReview({
			...{ blobs: stores.blobs, workspace, view: surfaces.changes, state: context.workspaceState },
			...{ shownId: () => host.current.session.id, onError: (error) => onError('review', error) },
		}),
	);
	const edits = store.add(
		createDiffEditor({
			loadProposal: async (sessionId, toolUseId) => {
				const open = await host.sessions.open(asSessionId(sessionId));
				return await loadProposal(open.session.entries, stores.blobs, asToolUseId(toolUseId));
			},
			onError: (error) => onError('diff', error),
		}),
	);

	const saved = store.add(createSavedEdits({ blobs: stores.blobs, onError: (error) => onError('save', error) }));
	const relativePath = (absolute: string) =>
		worktrees.relativePath(absolute) ?? vscode.workspace.asRelativePath(absolute, roots().length > 1);
	const reader = createBranchReader();
	const browsers = outside.browsers({ storagePath: storage.fsPath, path: () => setting('browser.path') });
	const cwd = () => roots()[0]?.path ?? outside.homeFolder;
	const { workspaceState } = context;
	const memory = createMemory({ outside, blobs: stores.blobs, state: workspaceState, roots, cwd, isTrusted, onError });
	const { folder: sessionsFolder } = stores.sessions;
	const hooks = createHooks({
		...{ workspaceState, globalState: context.globalState },
		...{ blobs: stores.blobs, outside, sessionsFolder, roots, isTrusted, onError },
		relativePath,
	});
	const permissions = createPermissionScopes({
		...{ workspaceState, globalState: context.globalState, blobs: stores.blobs },
		...{ outside, roots, isTrusted, onError, relativePath },
	});
	const hookEvents = { clock: outside.clock, trace: channel.trace, hooks, onError };
	const mcp = createMcp({
		...{ outside, view: surfaces.mcp, state: workspaceState, secrets: context.secrets, blobs: stores.blobs },
		...{ roots, cwd, isTrusted, onError, addToInput: (text) => views.addToInput(text) },
	});
	const customCommands = createCustomCommands({
		...{ outside, roots, isTrusted, askArgument, secretFiles: () => setting('secretFiles'), mcp: mcp.awake },
		...{ blobs: stores.blobs, workspaceState, globalState: context.globalState },
	});
	const additions = createApiAdditions(onError);
	const world: SessionHostWorld = {
		stores,
		blobs: stores.blobs,
		outside,
		permissions,
		browsers,
		clock: outside.clock,
		ids: outside.ids,
		shell: outside.shell,
		search: outside.search,
		scanner,
		workspace,
		worktrees,
		diagnostics: createDiagnostics(),
		choice,
		decider: edits,
		traffic,
		state: context.workspaceState,
		trace: channel.trace,
		defaults: () => sessionDefaults(context, roots(), cwd(), choice.modelFor(undefined)),
		relativePath,
		attach(session) {
			const attached = new DisposableStore();
			attached.add(worktrees.attach(session));
			attached.add(attachHooks(session, hookEvents));
			attached.add(review.attach(session));
			attached.add(traffic.attach(session));
			attached.add(saved.attach(session));
			attached.add({ dispose: () => void browsers.close(session.id).catch((error) => onError('browser', error)) });
			attached.add(attachSummaries(session, { choice, branches: reader, onError }));
			return attached;
		},
		...memory.ports,
		...mcp.ports,
		lateToolSources: [...mcp.ports.lateToolSources, additions.lateTools],
		additions,
		windowHooks: hooks,
		sessionEnds: (session) => endHooks(session, hookEvents),
		customCommands,
		loadProjectContext: withSkills(memory.ports.loadProjectContext, customCommands.skills),
		codeReason,
		gitState: () => outside.gitState(roots()),
		hasReview: (session) => review.hasPending(session),
		recordEdits: (session) => review.recordEdits(session).catch((error) => onError('review', error)),
		onBug: (error, sessionId) => onError('turn', error, sessionId),
		onError,
	};
	const host = store.add(await SessionHost.start(world));
	const openById = (id: string) => host.sessions.open(asSessionId(id));
	const merges = store.add(createMergeEditor({ world, state: context.workspaceState, openSession: openById }));

	const plans = store.add(new PlanDocuments((error) => onError('plan', error)));
	const meters = store.add(new ContextMeters({ ...world, host, onError }));
	const documents = store.add(new RequestDocuments());
	const inspector = new ContextInspector({ ...world, meters, documents, requestBody: outside.requestBody });
	store.add(tellMemoryWeights({ files: surfaces.contextFiles, inspector, meters, host, onError }));
	const suggestions = store.add(new Suggestions({ ...world, host, setting, meterOf: (open) => meters.meterOf(open) }));
	const views = store.add(
		new ChatViews({
			extensionUri: context.extensionUri,
			host,
			isPersisted,
			source: (view) => ({
				head: () => panelHead(view.current, choice, isPersisted, suggestions.of(view.current), worktrees),
				items: () => shownItems(view.current),
				meter: () => meters.meterOf(view.current),
				draft: () => view.draft,
			}),
			onMessage: (message, panel) => {
				const { view } = panel;
				const say = (answer: ToPanel) => panel.say(answer);
				return handlePanelMessage(message, {
					...{ host, view, edits, merges, plans, suggestions, workspace, say, inspector, onError },
					blobs: stores.blobs,
				});
			},
			onError,
		}),
	);
	const showContext = () => inspector.show(host.current, (message) => views.say(message));

	const unread = store.add(
		new UnreadSessions(context.workspaceState, (id) => {
			const open = host.sessions.find(id);
			return open !== undefined && host.isSeen(open);
		}),
	);
	const tree = store.add(
		new SessionsTree({
			store: stores.sessions,
			view: surfaces.tree,
			unread,
			openSessions: () => host.sessions.all,
			shown: () => host.current,
			worktreeState: ({ worktreeId }) => worktrees.stateOf(worktreeId),
			onDidShow: host.onDidShow,
			onDidChange: host.onDidChange,
			onDidChangeList: host.onDidChangeList,
			onError,
		}),
	);
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
	const branches = store.add(
		new BranchesTree({
			view: surfaces.branches,
			reader,
			shown: () => host.current,
			onDidShow: host.onDidShow,
			onDidChange: host.onDidChange,
			onError,
		}),
	);
	const timeline = store.add(new Timeline({ ...world, stores, host, views, view: surfaces.timeline }));
	const { agentLogs } = stores;
	store.add(registerBranchDocuments({ sessions: host.sessions, blobs: stores.blobs, branches: reader, agentLogs }));
	const { registry } = stores;
	if (registry) {
		store.add(publishRunning(host.sessions, registry, outside.clock.now, traffic));
		store.add(registry.onDidChange(() => tree.refresh()));
	}

	const doctor = store.add(
		new DoctorCommand({
			doctor: stores.doctor,
			machineProblem: () => sandboxProblem({ outside }),
			openSession: async (id) => await views.open(id),
			remove: async (id) => await host.remove(id),
			refresh: () => tree.refresh(),
		}),
	);
	const search = store.add(
		new SearchView({
			extensionUri: context.extensionUri,
			search: stores.search,
			reveal: revealHitIn(host, views),
			now: () => outside.clock.now(),
			onError,
		}),
	);
	const api = store.add(
		createExtensionApi({
			...{
				host,
				store: stores.sessions,
				additions,
				state: context.globalState,
				onDidTrace: channel.onDidTrace,
				onError,
			},
			show: (id) => views.open(id),
		}),
	);
	const worktreeCommands = createWorktreeCommands({
		...{ host, worktrees, workspace, blobs: stores.blobs, ids: outside.ids, codeReason },
		storeFolder: stores.sessions.folder,
		focus: () => views.focus(),
		hasWorktree: (id) => (host.sessions.find(id)?.session.worktree ?? tree.session(id)?.worktreeId) !== undefined,
		refresh: () => tree.refresh(),
	});
	const commands = createCommands({
		worktreeCommands: worktreeCommands.commands,
		host,
		views,
		sessions: stores.sessions,
		choice,
		keys,
		channel,
		showContext,
		showRequest: (what) => showRequest(what, host.current, { ...world, documents, requestBody: outside.requestBody }),
		merges,
		branchCommands: createBranchCommands({
			...world,
			...{ branches: reader, sessions: host.sessions, shown: () => host.current, show: (id) => views.open(id) },
			async fork(options) {
				await host.fork(options);
				await views.focus();
			},
			say: (text, level) => views.say({ kind: 'toast', level, text }),
			reload: () => branches.reload(),
		}),
		timelineCommands: timeline.commands,
		hookCommands: { reviewHooks: () => hooks.review() },
		mcpCommands: mcp.commands,
		apiCommands: api.commands,
		memoryCommands: memory.commands({ host, inspector, say: (message) => views.say(message) }),
		doctorCommands: doctor.commands,
		searchCommands: { searchSessions: (text) => search.focus(typeof text === 'string' ? text : undefined) },
		transferCommands: createTransferCommands({
			...world,
			...{ sessions: stores.sessions, transfer: outside.transfer(storagePath), homeFolder: outside.homeFolder, roots },
			knownSecrets: () => keys.all(),
			shownId: () => host.current.session.id,
			show: async (id) => await views.open(id),
			refresh: () => tree.refresh(),
		}),
		sessionCommands: createSessionCommands({
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
		review: {
			acceptEdit: () => edits.accept(),
			rejectEdit: () => edits.reject(),
			...review.commands,
		},
	});
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
			await Promise.all([host.sessions.closeAll(), mcp.close(), browsers.closeAll()]);
			await outside.shell.endLeft();
			await registry?.close();
			await scanner.dispose();
			store.dispose();
		},
	};
}
