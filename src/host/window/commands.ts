/**
 * The command table: id → what it does. Errors reach the user as a message; nothing is thrown at VS Code.
 * Labels, keys and menus are in package.json.
 */
import * as vscode from 'vscode';
import { isCancelled, messageOf, UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { permissionModeSchema } from '../../core/session/entry.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import { refreshContext } from '../context/refreshContext.ts';
import type { RequestView } from '../context/requestViews.ts';
import { selectTools } from '../editor/editorTools.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { selectEffort } from '../model/tuning.ts';
import type { ChatViews } from '../panel/chatViews.ts';
import { showPermissionRules } from '../permission/permissionRulesCommand.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';
import { mentionOf } from '../prompt/mentions.ts';
import type { MergeEditor } from '../rewind/mergeEditor.ts';
import { type ApiKeys, originOf } from '../secrets.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { chooseProvider, setting } from '../settings.ts';
import type { TraceChannel } from './traceChannel.ts';

export type Command = (...args: readonly unknown[]) => unknown;

export type CommandWorld = {
	readonly host: SessionHost;
	readonly views: ChatViews;
	readonly sessions: SessionStore;
	readonly choice: ModelChoice;
	readonly keys: ApiKeys;
	readonly channel: TraceChannel;
	/** What parts of the window bring along. */
	readonly brought: Readonly<Record<string, Command>>;
	readonly merges: Pick<MergeEditor, 'use'>;
	showContext(): Promise<void>;
	showRequest(what: RequestView): Promise<void>;
};

export function createCommands(world: CommandWorld): ReadonlyMap<string, Command> {
	const { host } = world;
	const table: Readonly<Record<string, Command>> = {
		newSession: async () => {
			await host.newSession();
			await focusChat(world);
		},
		focusChat: () => focusChat(world),
		openSession: async (id) => {
			await world.views.open(sessionIdOf(id, host));
		},
		openInEditor: (node) => world.views.openInEditor(sessionIdOf(node, host)),
		resumeSession: () => pickSession(world),
		resumeLastSession: async () => {
			await host.showLast();
			await focusChat(world);
		},
		forkSession: async (node) => {
			const id = sessionIdOf(node, host);
			// What the list names is shown where the list opens sessions; an editor tab keeps its own.
			if (id !== host.current.session.id) await host.activate(host.side);
			await host.fork({ id });
			await focusChat(world);
		},
		rewind: async () => {
			world.views.say(await host.previewRewind(null));
			await focusChat(world);
		},
		newSessionInPanel: async () => {
			await host.activate(host.side);
			await host.newSession();
			await focusChat(world);
		},
		rewindInPanel: async () => {
			await host.activate(host.side);
			world.views.say(await host.previewRewind(null));
			await focusChat(world);
		},
		openPanelInEditor: () => world.views.openInEditor(host.side.sessionId),
		undoRewind: () => host.undoRewind(),
		redoRewind: () => host.redoRewind(),
		useMerged: (document) => world.merges.use(document),
		compactContext: async () => {
			await focusChat(world);
			await host.compact();
		},
		refreshContext: () => refreshContext(host.current, host.world),
		clearWithBrief: async () => {
			await focusChat(world);
			await host.clear();
		},
		showContext: async () => {
			await focusChat(world);
			await world.showContext();
		},
		showNextRequest: () => world.showRequest('nextRequest'),
		showLastRequest: () => world.showRequest('lastRequest'),
		showLastResponse: () => world.showRequest('lastResponse'),
		explainCacheMiss: () => world.showRequest('cacheMiss'),
		stop: () => host.stop(),
		setApiKey: () => setApiKey(world),
		selectModel: () => selectModel(world),
		selectEffort: () => selectEffort(host.current, host.world),
		probeEndpoint: () => probeEndpoint(world),
		showBrowser: () => showBrowser(host),
		selectMode: () => selectMode(world),
		permissionRules: () => showPermissionRules(host.current, host.world),
		selectTools,
		addToChat: (uri) => addToChat(uri, world),
		showLog: () => world.channel.show(),
		openSettings: () => vscode.commands.executeCommand('workbench.action.openSettings', '@ext:retrace.retrace'),
		openWalkthrough: () =>
			vscode.commands.executeCommand('workbench.action.openWalkthrough', 'retrace.retrace#start', false),
		...world.brought,
	};
	return new Map(Object.entries(table).map(([name, command]) => [`retrace.${name}`, command]));
}

/** Runs one; shows what goes wrong. */
export async function runCommand(
	commands: ReadonlyMap<string, Command>,
	id: string,
	args: readonly unknown[],
	channel: TraceChannel,
): Promise<void> {
	const run = async () => {
		const command = commands.get(id);
		if (!command) throw new UserError('unknown-command', `${id} is not available.`);
		await command(...args);
	};
	await runGuarded(`command.${id}`, run, channel);
}

/** The barrier of what a user starts outside of a page. */
export async function runGuarded(event: string, run: () => Promise<void>, channel: TraceChannel): Promise<void> {
	try {
		await run();
	} catch (error) {
		if (isCancelled(error)) return;
		channel.failed(event, error);
		void vscode.window.showErrorMessage(plainMessage(messageOf(error)));
	}
}

async function focusChat(world: CommandWorld): Promise<void> {
	await world.views.focus();
}

/** The argument of a tree command (a node), of a link (an id), or the shown session. */
function sessionIdOf(argument: unknown, host: SessionHost): SessionId {
	if (typeof argument === 'string') return asSessionId(argument);
	if (
		typeof argument === 'object' &&
		argument !== null &&
		'sessionId' in argument &&
		typeof argument.sessionId === 'string'
	)
		return asSessionId(argument.sessionId);
	return host.current.session.id;
}

async function pickSession(world: CommandWorld): Promise<void> {
	const { sessions } = await world.sessions.list();
	const items = sessions.map((one) => ({
		label: plainLabel(one.title),
		description: new Date(one.updatedAt).toLocaleString(),
		detail: plainLabel(one.lastPrompt),
		id: one.id,
	}));
	if (items.length === 0)
		throw new UserError('no-session', 'There is no session in this folder yet. Send a prompt to start one.');
	const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Resume a session', matchOnDetail: true });
	if (!picked) return;
	await world.host.show(picked.id);
	await focusChat(world);
}

async function setApiKey(world: CommandWorld): Promise<void> {
	const baseUrl = setting('baseUrl');
	const origin = originOf(baseUrl);
	const key = await vscode.window.showInputBox({
		title: 'Set API Key',
		prompt: `Stored in VS Code’s secret storage and sent to ${origin} only. Leave empty to remove the stored key.`,
		password: true,
		ignoreFocusOut: true,
	});
	if (key === undefined) return;
	if (key.trim() === '') await world.keys.remove(baseUrl);
	else {
		await world.keys.store(baseUrl, key.trim());
		if (world.choice.isDemo) await chooseProvider('anthropic');
	}
	world.host.current.clearNotices();
	const text = key.trim() === '' ? `The key for ${origin} was removed.` : `The key for ${origin} is stored.`;
	world.host.say({ kind: 'toast', level: 'info', text });
}

async function selectModel(world: CommandWorld): Promise<void> {
	const current = world.host.current.session.model;
	const items = world.choice.models.map((one) => ({
		label: one.displayName,
		description: one.id === current ? `${one.id} · current` : one.id,
		id: one.id,
	}));
	const picked = await vscode.window.showQuickPick(items, { placeHolder: `Model (${world.choice.provider})` });
	if (picked) await world.host.setModel(picked.id);
}

async function showBrowser({ current, world }: SessionHost): Promise<void> {
	if (await world.browsers?.show(current.session.id)) return;
	throw new UserError('no-browser', 'This session has no browser open. The agent opens one when it uses a web page.');
}

function probeEndpoint({ choice }: CommandWorld): void {
	choice.forgetEndpoint();
	const text = `What ${choice.provider} takes (cache, thinking, effort, counting, system messages) is found out again with the next requests.`;
	void vscode.window.showInformationMessage(plainMessage(text));
}

const MODES: readonly { label: string; mode: string; detail: string }[] = [
	{ label: 'Plan', mode: 'plan', detail: 'Read-only: nothing is changed or run.' },
	{ label: 'Ask', mode: 'ask', detail: 'Every edit is shown as a diff first; commands ask.' },
	{
		label: 'Accept edits',
		mode: 'acceptEdits',
		detail: 'Edits are applied at once and reviewed in the editor; commands ask.',
	},
	{ label: 'Auto', mode: 'auto', detail: 'Edits and commands run without asking, except for protected paths.' },
];

async function selectMode(world: CommandWorld): Promise<void> {
	const current = world.host.current.session.mode;
	const items = MODES.map((one) => ({ ...one, description: one.mode === current ? 'current' : '' }));
	const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Permission mode of this session' });
	if (picked) world.host.setMode(permissionModeSchema.parse(picked.mode));
}

async function addToChat(argument: unknown, world: CommandWorld): Promise<void> {
	const editor = vscode.window.activeTextEditor;
	const uri = argument instanceof vscode.Uri ? argument : editor?.document.uri;
	if (uri?.scheme !== 'file') throw new UserError('nothing-to-add', 'Open or select a file of this folder first.');
	const path = vscode.workspace.asRelativePath(uri, false);
	const selection = editor?.document.uri.toString() === uri.toString() ? editor.selection : undefined;
	const hasRange = selection !== undefined && !selection.isEmpty;
	const text = hasRange ? mentionOf(path, selection.start.line + 1, lastLineOf(selection)) : mentionOf(path);
	await focusChat(world);
	world.views.say({ kind: 'input', text: `${text} `, how: 'append' });
}

/** 1-based. A selection that ends at the start of a line does not hold that line. */
function lastLineOf(selection: vscode.Selection): number {
	const endsBefore = selection.end.character === 0 && selection.end.line > selection.start.line;
	return selection.end.line + (endsBefore ? 0 : 1);
}
