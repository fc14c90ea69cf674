/**
 * What the sessions of a window stand on, put together: stores, the user's files, review, memory, hooks, permissions, servers and commands of files.
 * Decides nothing; every piece is in its own file. Nothing here shows a page.
 */
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable.ts';
import { asSessionId, asToolUseId } from '../../base/ids.ts';
import { loadProposal } from '../../core/edit/proposals.ts';
import { createBranchReader } from '../../core/session/branchReader.ts';
import { createApiAdditions } from '../api/apiAdditions.ts';
import { attachSummaries } from '../branch/branchSummaries.ts';
import { createDiagnostics } from '../editor/diagnosticsPort.ts';
import { createWindowTraffic } from '../editor/fileTraffic.ts';
import { createSavedEdits } from '../editor/savedEdits.ts';
import { attachHooks, endHooks } from '../hooks/hookEvents.ts';
import { createHooks } from '../hooks/hooks.ts';
import { createMcp } from '../mcp/mcp.ts';
import { createMemory } from '../memory/memory.ts';
import { createModelChoice } from '../model/modelChoice.ts';
import { createPermissionScopes } from '../permission/permissionScopes.ts';
import { askArgument, withSkills } from '../prompt/commandInput.ts';
import { createCustomCommands } from '../prompt/customCommands.ts';
import { createDiffEditor } from '../review/diffEditor.ts';
import { createReview } from '../review/review.ts';
import { createApiKeys } from '../secrets.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { SessionHostWorld } from '../session/sessionView.ts';
import { setting } from '../settings.ts';
import { codeReason, sessionDefaults, workspaceRoots } from '../workspaceFacts.ts';
import { createWindowFiles } from './windowFiles.ts';
import type { WindowStart } from './windowStart.ts';

/** What is made later and stands on this. */
type Late = {
	host(): SessionHost;
	addToInput(text: string): Promise<void>;
};

export type WindowParts = ReturnType<typeof createWindowParts>;

export function createWindowParts({ context, surfaces, outside, store, channel }: WindowStart, late: Late) {
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
			...{ shownId: () => late.host().current.session.id, onError: (error) => onError('review', error) },
		}),
	);
	const edits = store.add(
		createDiffEditor({
			loadProposal: async (sessionId, toolUseId) => {
				const open = await late.host().sessions.open(asSessionId(sessionId));
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
		...{ roots, cwd, isTrusted, onError, addToInput: (text) => late.addToInput(text) },
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
	return {
		...{ world, stores, storagePath, isPersisted, roots, reader, onError },
		...{
			workspace,
			scanner,
			worktrees,
			traffic,
			keys,
			choice,
			review,
			edits,
			browsers,
			memory,
			hooks,
			hookEvents,
			mcp,
			additions,
		},
	};
}
