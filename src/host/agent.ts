/**
 * The lazy half of the extension, put together: sessions, panel, tree, meter, review and commands of one window.
 * Decides nothing; every piece is in its own file.
 */
import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable.ts';
import { asSessionId, asToolUseId } from '../base/ids.ts';
import { loadProposal } from '../core/edit/proposals.ts';
import type { WorkspaceRoot } from '../core/ports.ts';
import type { SessionDefaults } from '../core/session/session.ts';
import { builtInTools } from '../core/tools/registry.ts';
import type { Agent, OutsideWorld, Surfaces } from './agentTypes.ts';
import { tellOfAsks } from './asks.ts';
import { ChatPanel } from './chatPanel.ts';
import { createCommands, runCommand } from './commands.ts';
import { ContextMeters } from './contextMeters.ts';
import { createDiagnostics } from './diagnosticsPort.ts';
import { createDiffEditor } from './diffEditor.ts';
import { createEditorWorkspace } from './editorWorkspace.ts';
import { createHunkReview } from './hunkReview.ts';
import { createModelChoice } from './modelChoice.ts';
import { panelHead, shownItems } from './panelHead.ts';
import { handlePanelMessage } from './panelMessages.ts';
import { createApiKeys } from './secrets.ts';
import { SessionHost, type SessionHostWorld } from './sessionHost.ts';
import { SessionsTree } from './sessionsTree.ts';
import { setting } from './settings.ts';
import { createTraceChannel } from './traceChannel.ts';

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
	const disk = outside.diskWorkspace({ roots, isTrusted });
	const workspace = store.add(createEditorWorkspace({ disk, hash: (bytes) => stores.blobs.hash(bytes) }));
	const keys = store.add(createApiKeys(context.secrets));
	const choice = store.add(createModelChoice(outside, keys, onError));
	const review = store.add(createHunkReview({ blobs: stores.blobs, onError: (error) => onError('review', error) }));
	const edits = store.add(
		createDiffEditor({
			loadProposal: async (sessionId, toolUseId) => {
				const open = await host.sessions.open(asSessionId(sessionId));
				return await loadProposal(open.session.entries, stores.blobs, asToolUseId(toolUseId));
			},
			onError: (error) => onError('diff', error),
		}),
	);

	const cwd = () => roots()[0]?.path ?? outside.homeFolder;
	const world: SessionHostWorld = {
		stores,
		blobs: stores.blobs,
		outside,
		clock: outside.clock,
		ids: outside.ids,
		shell: outside.shell,
		search: outside.search,
		workspace,
		diagnostics: createDiagnostics(),
		choice,
		decider: edits,
		state: context.workspaceState,
		trace: channel.trace,
		defaults: () => sessionDefaults(context, roots(), cwd(), choice.modelFor(undefined)),
		relativePath: (absolute) => vscode.workspace.asRelativePath(absolute, roots().length > 1),
		attach: (session) => review.attach(session),
		// A project's own words are not even read before the user trusts it.
		loadProjectContext: async () =>
			isTrusted() ? await outside.loadProjectContext(roots(), cwd()) : { memory: [], environment: [] },
		codeReason,
		onBug: (error, sessionId) => onError('turn', error, sessionId),
		onError,
	};
	const host = store.add(await SessionHost.start(world));

	const meters = store.add(new ContextMeters({ ...world, host, onError }));
	const panel = store.add(
		new ChatPanel({
			extensionUri: context.extensionUri,
			source: {
				head: () => panelHead(host.current, choice, isPersisted),
				items: () => shownItems(host.current),
				meter: () => meters.meterOf(host.current),
				draft: () => host.draft,
			},
			onMessage: (message) =>
				handlePanelMessage(message, { host, edits, blobs: stores.blobs, workspace, say, showContext, onError }),
			onError,
		}),
	);
	const say: ChatPanel['say'] = (message) => panel.say(message);
	const showContext = async () => say(await meters.breakdown(host.current));

	const tree = store.add(new SessionsTree(stores.sessions, host.sessions, surfaces.tree, onError));
	store.add(host.onDidChangeList(() => tree.refresh()));
	store.add(host.onDidSay((word) => panel.say(word)));
	store.add(host.onDidShow(() => panel.feed.on({ kind: 'reset' })));
	store.add(
		host.onDidChange(({ open, change }) => {
			if (open === host.current) panel.feed.on(change);
		}),
	);
	store.add(meters.onDidChange(() => panel.feed.meterChanged()));
	store.add(choice.onDidChange(() => host.current.headChanged()));
	store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => host.current.headChanged()));
	store.add(vscode.workspace.onDidChangeWorkspaceFolders(() => host.current.headChanged()));
	store.add(tellOfAsks(host, panel));

	const commands = createCommands({
		host,
		panel,
		sessions: stores.sessions,
		choice,
		keys,
		channel,
		showContext,
		review: {
			acceptEdit: () => edits.accept(),
			rejectEdit: () => edits.reject(),
			keepChange: (argument) => review.keepChange(argument),
			undoChange: (argument) => review.undoChange(argument),
			nextChange: () => review.nextChange(),
			previousChange: () => review.previousChange(),
			keepAllChanges: () => review.keepAllChanges(),
			undoAllChanges: () => review.undoAllChanges(),
		},
	});
	channel.trace({ event: 'agent', durationMs: Math.round(performance.now() - surfaces.neededAtMs) });
	return {
		sessions: tree,
		attachChat: (view) => panel.attach(view),
		run: (command, args) => runCommand(commands, command, args, channel),
		async close() {
			await host.sessions.closeAll();
			store.dispose();
		},
	};
}

function workspaceRoots(): readonly WorkspaceRoot[] {
	const folders = vscode.workspace.workspaceFolders ?? [];
	return folders.filter((one) => one.uri.scheme === 'file').map((one) => ({ name: one.name, path: one.uri.fsPath }));
}

function sessionDefaults(
	context: vscode.ExtensionContext,
	roots: readonly WorkspaceRoot[],
	cwd: string,
	model: string,
): SessionDefaults {
	const manifest: unknown = context.extension.packageJSON;
	const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
	return {
		cwd,
		mode: setting('mode'),
		model,
		roots: roots.map((root) => root.path),
		extensionVersion: hasVersion ? String(manifest.version) : '0.0.0',
		toolNames: builtInTools.map((tool) => tool.name),
	};
}

/** Why a rewind cannot restore files now. */
function codeReason(): string | null {
	if (!setting('checkpoints.enabled')) return 'Checkpoints are turned off in the settings.';
	if (!vscode.workspace.isTrusted) return 'This folder is not trusted, so no file is written.';
	if (workspaceRoots().length === 0) return 'No folder is open.';
	return null;
}
