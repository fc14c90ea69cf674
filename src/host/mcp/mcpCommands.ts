/** The commands of MCP servers. Each takes the row it was called on, or asks which server is meant. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';
import { startQuestion } from '../../core/mcp/serverWords.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { plainLabel } from '../plainLabel.ts';
import { addMcpServer } from './mcpAdd.ts';
import { SERVERS_SETTING } from './mcpConfigFiles.ts';
import type { McpDialogs } from './mcpDialogs.ts';
import type { McpLogs } from './mcpLogs.ts';
import { resourceMention } from './mcpMentions.ts';
import { type McpAction, mcpRow } from './mcpRow.ts';
import type { ServerView, WindowServers } from './mcpServers.ts';

type Command = (...args: readonly unknown[]) => unknown;

export type McpCommandWorld = {
	readonly servers: WindowServers;
	readonly dialogs: McpDialogs;
	readonly logs: McpLogs;
	roots(): readonly WorkspaceRoot[];
	/** Puts text behind what is typed. */
	addToInput(text: string): Promise<void>;
};

const serverNode = z.looseObject({ server: z.string() });
const placeNode = z.looseObject({ file: z.string(), line: z.number() });
const resourceNode = z.looseObject({ server: z.string(), name: z.string() });

export function createMcpCommands(world: McpCommandWorld): Readonly<Record<string, Command>> {
	const { servers, dialogs, logs } = world;
	/** The server of the row, or one that the user picks of those the action is for. */
	const on =
		(action: McpAction | undefined, run: (view: ServerView) => unknown): Command =>
		async (node) => {
			const view = await chooseServer(node, action, servers);
			if (view) await run(view);
		};
	const client = () => {
		if (servers.client) return servers.client;
		throw new UserError('mcp-not-started', 'No MCP server was started yet. Start one in the MCP Servers view.');
	};
	return {
		addMcpServer: async () => {
			const name = await addMcpServer();
			if (name === undefined) return;
			await servers.refresh();
			await servers.start(name);
			await showView();
		},
		approveMcpServer: on('approve', (view) => approve(view, world)),
		startMcpServer: on('start', ({ declared }) => servers.start(declared.name)),
		stopMcpServer: on('stop', ({ declared }) => client().stop(declared.name)),
		restartMcpServer: on('restart', ({ declared }) => client().restart(declared.name)),
		signInMcpServer: on('signIn', ({ declared }) =>
			vscode.window.withProgress(
				{
					location: vscode.ProgressLocation.Notification,
					title: `Signing in to “${declared.name}”`,
					cancellable: true,
				},
				async (_, token) => {
					const controller = new AbortController();
					token.onCancellationRequested(() => controller.abort());
					await client().signIn(declared.name, controller.signal);
				},
			),
		),
		signOutMcpServer: on('signOut', ({ declared }) => client().signOut(declared.name)),
		reviewMcpTools: on('review', async ({ declared: { name }, held }) => {
			const accepted = await dialogs.acceptTools(name, held);
			if (accepted) await servers.acceptTools(name, accepted);
		}),
		showMcpLog: on('log', ({ declared }) => logs.show(declared.name)),
		disableMcpServer: on('disable', ({ declared }) => servers.setOff(declared.name, true)),
		enableMcpServer: on('enable', ({ declared }) => servers.start(declared.name)),
		forgetMcpInputs: on('forget', ({ declared }) => servers.forgetInputs(declared.name)),
		openMcpConfig: async (node) => {
			const place = placeNode.safeParse(node);
			if (place.success) return await openConfig(place.data, world.roots());
			const view = await chooseServer(node, undefined, servers);
			if (view) await openConfig(view.declared, world.roots());
		},
		mentionMcpResource: async (node) => {
			const { server, name } = resourceNode.parse(node);
			await world.addToInput(`${resourceMention(server, name)} `);
		},
		showMcpServers: showView,
	};
}

export async function showView(): Promise<void> {
	await vscode.commands.executeCommand('retrace.mcp.focus');
}

/** Asks whether it may start, and starts it. */
async function approve(
	{ declared }: ServerView,
	{ servers, dialogs, roots }: Pick<McpCommandWorld, 'servers' | 'dialogs' | 'roots'>,
): Promise<void> {
	const answer = await dialogs.mayStart(startQuestion(declared));
	if (answer === undefined) return;
	if (answer === 'openFile') return await openConfig(declared, roots());
	// What was shown is agreed to, whatever the file says by now.
	await servers.answer(declared, answer);
	if (answer === 'approve') await servers.start(declared.name);
}

async function chooseServer(
	node: unknown,
	action: McpAction | undefined,
	servers: WindowServers,
): Promise<ServerView | undefined> {
	const named = serverNode.safeParse(node);
	if (named.success) return servers.view(named.data.server);
	await servers.refresh();
	const fitting = servers
		.list()
		.map((view) => ({ view, row: mcpRow(view, servers.isAwake) }))
		.filter(({ row }) => action === undefined || row.actions.includes(action));
	if (fitting.length === 0)
		throw new UserError('mcp-no-server', 'There is no MCP server now for which this can be done.');
	const items = fitting.map(({ view, row }) => ({
		...{ label: plainLabel(view.declared.name), description: plainLabel(row.description), view },
	}));
	return (await vscode.window.showQuickPick(items, { placeHolder: 'MCP server' }))?.view;
}

/** The file at its line, or the setting. */
async function openConfig(
	{ file, line }: { readonly file: string; readonly line: number },
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	if (file === SERVERS_SETTING) {
		await vscode.commands.executeCommand('workbench.action.openSettingsJson', {
			revealSetting: { key: SERVERS_SETTING },
		});
		return;
	}
	const root = roots.length === 1 ? roots[0] : roots.find(({ name }) => file.startsWith(`${name}/`));
	if (!root) throw new UserError('mcp-no-file', `${file} is in no folder of this window any more.`);
	const relative = roots.length === 1 ? file : file.slice(root.name.length + 1);
	const at = new vscode.Range(line - 1, 0, line - 1, 0);
	await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(root.path), relative), { selection: at });
}
