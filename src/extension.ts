/**
 * Entry 1, loaded at start: registers the views and the commands, and loads the agent when one of them is first needed.
 * Small on purpose: nothing here knows sessions, models or tools.
 */
import * as vscode from 'vscode';
import type { Agent, BranchNode, ChangeNode, McpNode, SessionNode, Surfaces, TimelineNode } from './host/agentTypes.ts';
import type { RetraceApi } from './host/api/retraceApi.ts';
import { ContextFiles } from './host/context/contextFiles.ts';

const SHOWN_ONCE = 'retrace.shownOnce';

let running: Promise<Agent> | undefined;
let contextFiles: ContextFiles | undefined;

export function activate(context: vscode.ExtensionContext): RetraceApi {
	const sessions = new LazyTree<SessionNode>('retrace.sessions', async () => (await agent()).sessions);
	const branches = new LazyTree<BranchNode>('retrace.branches', async () => (await agent()).branches);
	const timeline = new LazyTree<TimelineNode>('retrace.timeline', async () => (await agent()).timeline);
	const changes = new LazyTree<ChangeNode>('retrace.changes', async () => (await agent()).changes);
	const mcp = new LazyTree<McpNode>('retrace.mcp', async () => (await agent()).mcp);
	const commands = commandIds(context);
	const files = new ContextFiles(async () => {
		const { startContextFileClient } = await import('./host/context/contextFileClient.ts');
		return await startContextFileClient(context.asAbsolutePath('dist/contextServer.cjs'));
	});
	contextFiles = files;
	const agent = (): Promise<Agent> => {
		const views = { tree: sessions.view, branches: branches.view, timeline: timeline.view, changes: changes.view };
		const surfaces = { ...views, mcp: mcp.view, commands, contextFiles: files, neededAtMs: performance.now() };
		running ??= load(context, surfaces, { sessions, branches, timeline, changes, mcp }).catch((error: unknown) => {
			// The next use tries again: what failed may be gone by then (a full disk, a storage that is not there yet).
			running = undefined;
			void vscode.window.showErrorMessage(`Retrace could not start. Your files are untouched. ${String(error)}`);
			throw error;
		});
		return running;
	};
	context.subscriptions.push(
		files,
		sessions,
		branches,
		timeline,
		changes,
		mcp,
		vscode.window.registerWebviewViewProvider(
			'retrace.chat',
			{ resolveWebviewView: async (view) => (await agent()).attachChat(view) },
			{ webviewOptions: { retainContextWhenHidden: false } },
		),
		vscode.window.registerWebviewViewProvider(
			'retrace.search',
			{ resolveWebviewView: async (view) => (await agent()).attachSearch(view) },
			{ webviewOptions: { retainContextWhenHidden: false } },
		),
		vscode.window.registerWebviewPanelSerializer('retrace.session', {
			deserializeWebviewPanel: async (panel, state: unknown) => await (await agent()).restoreTab(panel, state),
		}),
		vscode.window.registerUriHandler({ handleUri: async (uri) => await (await agent()).openLink(uri) }),
		...commands.map((id) =>
			vscode.commands.registerCommand(id, async (...args: unknown[]) => await (await agent()).run(id, args)),
		),
	);
	// Changes to review are marked in the editor from the start.
	if (hasOwnTab() || context.workspaceState.get('retrace.hasChanges') === true) void agent().catch(() => undefined);
	void showOnce(context);
	return { version: 1, requestAccess: async (id) => await (await agent()).requestAccess(id) };
}

export async function deactivate(): Promise<void> {
	const agent = await running?.catch(() => undefined);
	await Promise.all([agent?.close(), contextFiles?.stop()]);
}

type Trees = {
	readonly sessions: LazyTree<SessionNode>;
	readonly branches: LazyTree<BranchNode>;
	readonly timeline: LazyTree<TimelineNode>;
	readonly changes: LazyTree<ChangeNode>;
	readonly mcp: LazyTree<McpNode>;
};

async function load(context: vscode.ExtensionContext, surfaces: Surfaces, trees: Trees): Promise<Agent> {
	const { startAgent } = await import('./agentEntry.ts');
	const agent = await startAgent(context, surfaces);
	trees.sessions.connect(agent.sessions);
	trees.branches.connect(agent.branches);
	trees.timeline.connect(agent.timeline);
	trees.changes.connect(agent.changes);
	trees.mcp.connect(agent.mcp);
	return agent;
}

/** A tree view whose rows the agent gives: it is there at once, and asks for the agent when it is looked at. */
class LazyTree<Node> implements vscode.Disposable {
	readonly view: vscode.TreeView<Node>;
	readonly #changed = new vscode.EventEmitter<Node | Node[] | undefined>();
	#listening: vscode.Disposable | undefined;

	constructor(id: string, provide: () => Promise<vscode.TreeDataProvider<Node>>) {
		this.view = vscode.window.createTreeView<Node>(id, {
			treeDataProvider: {
				onDidChangeTreeData: this.#changed.event,
				getChildren: async (node) => await (await provide()).getChildren(node),
				getParent: async (node) => await (await provide()).getParent?.(node),
				getTreeItem: async (node) => await (await provide()).getTreeItem(node),
			},
			showCollapseAll: true,
			canSelectMany: id === 'retrace.sessions' || id === 'retrace.changes',
		});
	}

	/** Tells the view what the provider tells. */
	connect(provider: vscode.TreeDataProvider<Node>): void {
		this.#listening?.dispose();
		this.#listening = provider.onDidChangeTreeData?.((node) => this.#changed.fire(node ?? undefined));
	}

	dispose(): void {
		this.#listening?.dispose();
		this.#changed.dispose();
		this.view.dispose();
	}
}

/** Every command of the manifest: the table is there, once. */
function commandIds(context: vscode.ExtensionContext): readonly string[] {
	const manifest: unknown = context.extension.packageJSON;
	if (!isRecord(manifest) || !isRecord(manifest.contributes)) return [];
	const { commands } = manifest.contributes;
	if (!Array.isArray(commands)) return [];
	return commands.flatMap((one: unknown) => (isRecord(one) && typeof one.command === 'string' ? [one.command] : []));
}

/** A new user finds the panel: the first window after the installation opens it, and never again. */
async function showOnce(context: vscode.ExtensionContext): Promise<void> {
	if (context.globalState.get(SHOWN_ONCE) === true) return;
	await context.globalState.update(SHOWN_ONCE, true);
	await vscode.commands.executeCommand('retrace.chat.focus');
}

/** A diff of ours was restored with the window: its content comes from the agent. */
function hasOwnTab(): boolean {
	return vscode.window.tabGroups.all.some((group) =>
		group.tabs.some(
			({ input }) =>
				input instanceof vscode.TabInputTextDiff &&
				[input.original, input.modified].some(({ scheme }) => scheme.startsWith('retrace')),
		),
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
