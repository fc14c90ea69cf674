/** What a window shows of its sessions, put together: chat pages, trees, meter, inspector, search and the documents behind them. Decides nothing. */
import { asSessionId } from '../../base/ids.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import { PlanDocuments } from '../asking/planDocuments.ts';
import { BranchesTree } from '../branch/branchesTree.ts';
import { ContextInspector } from '../context/contextInspector.ts';
import { ContextMeters } from '../context/contextMeters.ts';
import { tellMemoryWeights } from '../context/contextWeights.ts';
import { RequestDocuments } from '../context/requestDocuments.ts';
import { SessionsTree } from '../list/sessionsTree.ts';
import { UnreadSessions } from '../list/unreadSessions.ts';
import { ChatViews } from '../panel/chatViews.ts';
import { panelHead, shownItems } from '../panel/panelHead.ts';
import { handlePanelMessage } from '../panel/panelMessages.ts';
import { Suggestions } from '../panel/suggestions.ts';
import { ruleWarning } from '../permission/permissionScopes.ts';
import { sandboxProblem } from '../permission/sandbox.ts';
import { createMergeEditor } from '../rewind/mergeEditor.ts';
import { revealHitIn } from '../search/revealHit.ts';
import { SearchView } from '../search/searchView.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { setting } from '../settings.ts';
import { Timeline } from '../timeline/timeline.ts';
import { DoctorCommand } from './doctorCommand.ts';
import type { WindowParts } from './windowParts.ts';
import type { WindowStart } from './windowStart.ts';

export type WindowViews = ReturnType<typeof createWindowViews>;

export function createWindowViews(
	{ context, surfaces, outside, store }: WindowStart,
	parts: WindowParts,
	host: SessionHost,
) {
	const { world, stores, isPersisted, reader, choice, edits, workspace, worktrees, onError } = parts;
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
	const doctor = store.add(
		new DoctorCommand({
			doctor: stores.doctor,
			async machineProblems() {
				const sandbox = await sandboxProblem({ outside });
				const wrong = ((await world.permissions?.list()) ?? []).filter(
					({ problem }) => problem && problem.level !== 'note',
				);
				return [
					...(sandbox === undefined ? [] : [sandbox]),
					...wrong.map((one) => ruleWarning(one, world.relativePath)),
				];
			},
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
	return {
		merges,
		meters,
		documents,
		inspector,
		views,
		showContext,
		unread,
		tree,
		branches,
		timeline,
		doctor,
		search,
	};
}
