/** An output channel for each MCP server whose log was asked for: what it wrote, and what happened to it. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { WindowServers } from './mcpServers.ts';

export type McpLogs = Disposable & { show(name: string): void };

export function createMcpLogs(servers: WindowServers): McpLogs {
	const store = new DisposableStore();
	const channels = new Map<string, { readonly channel: vscode.OutputChannel; text: string }>();
	const textOf = (name: string): string => {
		const isThere = servers.client?.list().some((server) => server.name === name) ?? false;
		return (isThere && servers.client?.log(name)) || 'Nothing yet.\n';
	};
	const update = (name: string) => {
		const shown = channels.get(name);
		const text = textOf(name);
		if (!shown || shown.text === text) return;
		// The log is bounded, so its start goes while its end grows.
		if (text.startsWith(shown.text)) shown.channel.append(text.slice(shown.text.length));
		else shown.channel.replace(text);
		shown.text = text;
	};
	store.add(
		servers.onDidChange(() => {
			for (const name of channels.keys()) update(name);
		}),
	);
	return {
		show(name) {
			if (!channels.has(name)) {
				const channel = store.add(vscode.window.createOutputChannel(`Retrace MCP: ${name}`, 'log'));
				channels.set(name, { channel, text: '' });
			}
			update(name);
			channels.get(name)?.channel.show();
		},
		dispose: () => store.dispose(),
	};
}
