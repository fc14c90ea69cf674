/**
 * The MCP servers of this window as a tree: how each is doing, what it offers, and what is wrong in the files that declare them. Reads and
 * changes nothing; what a row says is in mcpRow.ts, what can be done with it in mcpCommands.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { plural } from '../../base/text.ts';
import type { ConfigProblem } from '../../core/mcp/declaredServers.ts';
import type { HeldTool } from '../../core/mcp/serverConsent.ts';
import type { McpNode } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import { mcpRow } from './mcpRow.ts';
import type { ServerView, WindowServers } from './mcpServers.ts';

type Offer = { readonly name: string; readonly description: string };
type Group = Extract<McpNode, { kind: 'group' }>['group'];
const GROUPS: readonly Group[] = ['tools', 'resources', 'prompts'];
const GROUP_ICONS = { tools: 'tools', resources: 'database', prompts: 'comment' } as const;

export type McpView = Partial<Pick<vscode.TreeView<McpNode>, 'badge' | 'message'>>;

export class McpTree implements vscode.TreeDataProvider<McpNode>, Disposable {
	readonly #servers: WindowServers;
	readonly #view: McpView;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<McpNode | undefined>());
	/** One object for each row, so that the view knows it again. */
	readonly #nodes = new Map<string, McpNode>();

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(servers: WindowServers, view: McpView) {
		this.#servers = servers;
		this.#view = view;
		this.#store.add(servers.onDidChange(() => this.#refresh()));
	}

	getChildren(node?: McpNode): McpNode[] {
		if (!node)
			return [
				...this.#servers.list().map(({ declared }) => this.#keep({ kind: 'server', server: declared.name })),
				...this.#servers.problems.map(({ file, line, message }) =>
					this.#keep({ kind: 'problem', file, line, message }),
				),
			];
		if (node.kind === 'problem') return [];
		const view = this.#viewOf(node);
		if (view?.server?.state.kind !== 'ready') return [];
		if (node.kind === 'server')
			return GROUPS.filter((group) => offersOf(view, group).length > 0).map((group) =>
				this.#keep({ kind: 'group', server: node.server, group }),
			);
		if (node.kind === 'group')
			return offersOf(view, node.group).map(({ name }) =>
				this.#keep({ kind: 'offer', server: node.server, group: node.group, name }),
			);
		return [];
	}

	getParent(node: McpNode): McpNode | undefined {
		if (node.kind === 'group') return this.#keep({ kind: 'server', server: node.server });
		if (node.kind === 'offer') return this.#keep({ kind: 'group', server: node.server, group: node.group });
		return undefined;
	}

	getTreeItem(node: McpNode): vscode.TreeItem {
		if (node.kind === 'problem') return problemItem(node);
		const view = this.#viewOf(node);
		if (!view) return new vscode.TreeItem(node.server);
		if (node.kind === 'server') return serverItem(view, this.#servers.isAwake);
		const offers = offersOf(view, node.group);
		if (node.kind === 'group') {
			const item = new vscode.TreeItem(GROUP_NAMES[node.group], vscode.TreeItemCollapsibleState.Collapsed);
			item.id = `${node.server}/${node.group}`;
			item.description = String(offers.length);
			item.iconPath = new vscode.ThemeIcon(GROUP_ICONS[node.group]);
			return item;
		}
		const offer = offers.find(({ name }) => name === node.name);
		return offerItem(
			node,
			offer,
			view.held.find(({ name }) => node.group === 'tools' && name === node.name),
		);
	}

	dispose(): void {
		this.#store.dispose();
	}

	#viewOf(node: Exclude<McpNode, { kind: 'problem' }>): ServerView | undefined {
		return this.#servers.list().find(({ declared }) => declared.name === node.server);
	}

	#keep(node: McpNode): McpNode {
		const key = JSON.stringify(node);
		const known = this.#nodes.get(key);
		if (known) return known;
		this.#nodes.set(key, node);
		return node;
	}

	#refresh(): void {
		const waiting = this.#servers.list().filter((view) => mcpRow(view, this.#servers.isAwake).needsYou).length;
		const tooltip = `${plural(waiting, 'MCP server')} ${waiting === 1 ? 'needs' : 'need'} you`;
		Object.assign(this.#view, { badge: waiting === 0 ? undefined : { value: waiting, tooltip } });
		this.#changed.fire(undefined);
	}
}

const GROUP_NAMES = { tools: 'Tools', resources: 'Resources', prompts: 'Prompts' } as const;

/** Names are what the server calls them, and unique there. */
function offersOf({ server }: ServerView, group: Group): readonly Offer[] {
	if (!server) return [];
	if (group === 'tools') return server.tools.map(({ name, description }) => ({ name, description }));
	if (group === 'prompts') return server.prompts.map(({ name, description = '' }) => ({ name, description }));
	return [
		...server.resources.map(({ uri, title, name, description }) => ({
			name: uri,
			description: [title ?? name, description].filter((part) => part !== undefined).join('\n'),
		})),
		...server.resourceTemplates.map(({ uriTemplate, title, name, description }) => ({
			name: uriTemplate,
			description: [title ?? name, description].filter((part) => part !== undefined).join('\n'),
		})),
	];
}

function serverItem(view: ServerView, isAwake: boolean): vscode.TreeItem {
	const { name } = view.declared;
	const row = mcpRow(view, isAwake);
	const isReady = view.server?.state.kind === 'ready';
	const item = new vscode.TreeItem(
		plainLabel(name),
		isReady ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
	);
	// With the state in it: VS Code keeps whether a row is open by its id, and a row that has no children is never open.
	item.id = `${name}/${isReady ? 'ready' : 'not'}`;
	item.description = row.description;
	item.iconPath = new vscode.ThemeIcon(
		row.icon,
		row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
	);
	item.contextValue = ['server', ...row.actions].join(' ');
	item.tooltip = textTooltip(name, [row.description, ...row.details]);
	item.accessibilityInformation = { label: `${name}, ${row.description}` };
	return item;
}

function offerItem(
	{ server, group, name }: Extract<McpNode, { kind: 'offer' }>,
	offer: Offer | undefined,
	held: HeldTool | undefined,
): vscode.TreeItem {
	const item = new vscode.TreeItem(plainLabel(name), vscode.TreeItemCollapsibleState.None);
	item.id = `${server}/${group}/${name}`;
	item.contextValue = group === 'resources' && !name.includes('{') ? 'resource' : 'offer';
	const [firstLine = ''] = (offer?.description ?? '').split('\n');
	item.description = held ? `${held.isNew ? 'new' : 'changed'}: not given to the agent` : firstLine;
	if (held) item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
	item.tooltip = textTooltip(name, [offer?.description ?? '']);
	return item;
}

function problemItem({ file, line, message }: ConfigProblem): vscode.TreeItem {
	const item = new vscode.TreeItem(plainLabel(message), vscode.TreeItemCollapsibleState.None);
	item.id = `problem ${file}:${line} ${message}`;
	item.description = `${file}:${line}`;
	item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
	item.contextValue = 'problem';
	item.tooltip = textTooltip(`${file}:${line}`, [message]);
	item.command = {
		command: 'retrace.openMcpConfig',
		title: 'Open',
		arguments: [{ kind: 'problem', file, line, message }],
	};
	return item;
}

/** Texts of servers: never Markdown. */
function textTooltip(title: string, lines: readonly string[]): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString();
	tooltip.appendText(title);
	for (const line of lines.filter((one) => one !== '')) {
		tooltip.appendMarkdown('\n\n');
		tooltip.appendText(line);
	}
	return tooltip;
}
