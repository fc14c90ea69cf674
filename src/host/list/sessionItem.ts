/** Rows of the sessions tree as VS Code wants them. What a row says is in sessionRow.ts. */
import * as vscode from 'vscode';
import type { SessionNode } from '../agentTypes.ts';
import type { RowView } from './sessionRow.ts';

export function idOf(node: SessionNode): string {
	if (node.kind === 'session') return node.sessionId;
	return node.kind === 'trashed' ? `trash:${node.name}` : `${node.kind}:${node.key}`;
}

/** `rest` rows of the group are not shown yet. */
export function moreItem(key: string, rest: number, pageRows: number): vscode.TreeItem {
	const item = new vscode.TreeItem(`Show ${Math.min(pageRows, rest)} more…`);
	item.id = `more:${key}`;
	item.contextValue = 'more';
	item.description = `${rest.toLocaleString('en-US')} not shown`;
	item.command = { command: 'retrace.showMoreSessions', title: 'Show More', arguments: [key] };
	return item;
}

export function drawRow(item: vscode.TreeItem, view: RowView): void {
	item.description = view.description;
	item.contextValue = view.context;
	if (view.icon !== undefined)
		item.iconPath = new vscode.ThemeIcon(
			view.icon,
			view.colour === undefined ? undefined : new vscode.ThemeColor(view.colour),
		);
	const tooltip = new vscode.MarkdownString();
	for (const [index, line] of view.tooltip.entries()) {
		if (index > 0) tooltip.appendMarkdown('\n\n');
		tooltip.appendText(line);
	}
	item.tooltip = tooltip;
	item.accessibilityInformation = { label: view.spoken };
}
