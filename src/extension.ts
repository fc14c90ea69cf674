/**
 * Entry 1, loaded at start: registers the views and the commands, and loads the agent when one of them is first needed.
 * Small on purpose: nothing here knows sessions, models or tools.
 */
import * as vscode from 'vscode';
import type { Agent, SessionNode, Surfaces } from './host/agentTypes.ts';

/** What other extensions get. */
export type RetraceApi = { readonly version: 1 };

const SHOWN_ONCE = 'retrace.shownOnce';

let running: Promise<Agent> | undefined;

export function activate(context: vscode.ExtensionContext): RetraceApi {
	const changed = new vscode.EventEmitter<SessionNode | SessionNode[] | undefined>();
	const tree: vscode.TreeView<SessionNode> = vscode.window.createTreeView<SessionNode>('retrace.sessions', {
		treeDataProvider: {
			onDidChangeTreeData: changed.event,
			getChildren: async (node) => await (await agent()).sessions.getChildren(node),
			getParent: async (node) => await (await agent()).sessions.getParent?.(node),
			getTreeItem: async (node) => await (await agent()).sessions.getTreeItem(node),
		},
		showCollapseAll: true,
		canSelectMany: true,
	});
	const commands = commandIds(context);
	const agent = (): Promise<Agent> => {
		running ??= load(context, { tree, commands, neededAtMs: performance.now() }, changed).catch((error: unknown) => {
			// The next use tries again: what failed may be gone by then (a full disk, a storage that is not there yet).
			running = undefined;
			void vscode.window.showErrorMessage(`Retrace could not start. Your files are untouched. ${String(error)}`);
			throw error;
		});
		return running;
	};
	context.subscriptions.push(
		changed,
		tree,
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
	if (hasOwnTab()) void agent().catch(() => undefined);
	void showOnce(context);
	return { version: 1 };
}

export async function deactivate(): Promise<void> {
	const agent = await running?.catch(() => undefined);
	await agent?.close();
}

async function load(
	context: vscode.ExtensionContext,
	surfaces: Surfaces,
	changed: vscode.EventEmitter<SessionNode | SessionNode[] | undefined>,
): Promise<Agent> {
	const { startAgent } = await import('./agentEntry.ts');
	const agent = await startAgent(context, surfaces);
	const { onDidChangeTreeData } = agent.sessions;
	if (onDidChangeTreeData) context.subscriptions.push(onDidChangeTreeData((node) => changed.fire(node ?? undefined)));
	return agent;
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

/** A proposal's diff was restored with the window: its content comes from the agent. */
function hasOwnTab(): boolean {
	return vscode.window.tabGroups.all.some((group) =>
		group.tabs.some(
			({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.scheme.startsWith('retrace'),
		),
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
