/**
 * The sessions tree: what is on disk and what is open, by day. Reads the list; opens nothing.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import type { SessionId } from '../base/ids.ts';
import { plural } from '../base/text.ts';
import type { SessionStore } from '../core/ports.ts';
import { isForkTitle } from '../core/session/titles.ts';
import type { SessionNode } from './agentTypes.ts';
import type { OpenSessions } from './openSessions.ts';
import { ACTIVITY_TEXT, describeSession, type ListedSession, mergeList, sessionGroups } from './sessionList.ts';

/** Appends come in bursts; the list reads the disk. */
const REFRESH_MS = 300;
/** How long ago a session was used is told in minutes. */
const AGE_MS = 60_000;

export class SessionsTree implements vscode.TreeDataProvider<SessionNode>, Disposable {
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<SessionNode | undefined>());
	readonly #sessions: SessionStore;
	readonly #open: OpenSessions;
	readonly #view: vscode.TreeView<SessionNode>;
	readonly #onError: (event: string, error: unknown) => void;
	#listed: ReadonlyMap<SessionId, ListedSession> = new Map();
	#timer: ReturnType<typeof setTimeout> | undefined;
	readonly #ageTimer: ReturnType<typeof setInterval>;
	/** Only the ages are old: the list need not be read again. */
	#isListFresh = false;

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(
		sessions: SessionStore,
		open: OpenSessions,
		view: vscode.TreeView<SessionNode>,
		onError: (event: string, error: unknown) => void,
	) {
		this.#sessions = sessions;
		this.#open = open;
		this.#view = view;
		this.#onError = onError;
		this.#ageTimer = setInterval(() => this.#showAges(), AGE_MS);
	}

	refresh(): void {
		this.#updateBadge();
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			this.#changed.fire(undefined);
		}, REFRESH_MS);
	}

	async getChildren(node?: SessionNode): Promise<SessionNode[]> {
		if (node?.kind === 'session') return [];
		if (node) return node.sessionIds.map((sessionId) => ({ kind: 'session', sessionId }));
		const listed = this.#isListFresh ? [...this.#listed.values()] : await this.#load();
		this.#isListFresh = false;
		return sessionGroups(listed, Date.now()).map((group) => ({
			kind: 'group',
			label: group.label,
			sessionIds: group.sessions.map((session) => session.id),
		}));
	}

	getTreeItem(node: SessionNode): vscode.TreeItem {
		if (node.kind === 'group') {
			const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Expanded);
			item.id = `group:${node.label}`;
			item.contextValue = 'group';
			return item;
		}
		const session = this.#listed.get(node.sessionId);
		const item = new vscode.TreeItem(session?.title ?? 'Session');
		item.id = node.sessionId;
		item.contextValue = 'session';
		item.command = { command: 'retrace.openSession', title: 'Open Session', arguments: [node.sessionId] };
		if (session) describe(item, session);
		return item;
	}

	dispose(): void {
		clearTimeout(this.#timer);
		clearInterval(this.#ageTimer);
		this.#store.dispose();
	}

	#showAges(): void {
		if (!this.#view.visible || this.#timer !== undefined || this.#listed.size === 0) return;
		this.#isListFresh = true;
		this.#changed.fire(undefined);
	}

	async #load(): Promise<readonly ListedSession[]> {
		try {
			const { sessions, onDisk } = await this.#sessions.list();
			const listed = mergeList(sessions, this.#open.all.map(openState));
			this.#listed = new Map(listed.map((session) => [session.id, session]));
			this.#view.message =
				onDisk === sessions.length
					? ''
					: `${plural(onDisk, 'session')} on disk, ${sessions.length} shown. See the log.`;
			return listed;
		} catch (error) {
			this.#onError('sessions.list', error);
			this.#view.message = 'The list of sessions could not be read. Nothing was changed. See the log.';
			return [];
		}
	}

	#updateBadge(): void {
		const waiting = this.#open.all.filter((open) => open.needsUser).length;
		const tooltip = `${plural(waiting, 'session')} ${waiting === 1 ? 'needs' : 'need'} you`;
		this.#view.badge = waiting === 0 ? undefined : { value: waiting, tooltip };
	}
}

function openState(open: OpenSessions['all'][number]): Parameters<typeof mergeList>[1][number] {
	const { session } = open;
	const last = session.branch().at(-1);
	const hasFailed = last?.type === 'turnEnded' && last.reason === 'error';
	return {
		id: session.id,
		title: session.title,
		hasEntries: session.entries.length > 0,
		isReadOnly: session.readOnlyReason !== undefined,
		updatedAt: session.entries.at(-1)?.timestamp ?? 0,
		activity: open.needsUser ? 'needsYou' : open.isRunning ? 'running' : hasFailed ? 'failed' : 'none',
	};
}

const ICONS: Readonly<Record<ListedSession['activity'], string>> = {
	none: 'comment',
	running: 'loading~spin',
	needsYou: 'bell-dot',
	failed: 'error',
	interrupted: 'debug-pause',
	elsewhere: 'multiple-windows',
	damaged: 'warning',
};
/** What asks for attention has the colour of it; everything else stays quiet. */
const COLOURS: Partial<Readonly<Record<ListedSession['activity'], string>>> = {
	needsYou: 'notificationsInfoIcon.foreground',
	failed: 'problemsErrorIcon.foreground',
	damaged: 'problemsWarningIcon.foreground',
};

function describe(item: vscode.TreeItem, session: ListedSession): void {
	const activity = ACTIVITY_TEXT[session.activity];
	const colour = COLOURS[session.activity];
	item.description = describeSession(session, Date.now());
	// A long name hides its end, where a fork says that it is one.
	const isQuietFork = session.activity === 'none' && isForkTitle(session.title);
	item.iconPath = new vscode.ThemeIcon(
		isQuietFork ? 'repo-forked' : ICONS[session.activity],
		colour === undefined ? undefined : new vscode.ThemeColor(colour),
	);
	const tooltip = new vscode.MarkdownString();
	tooltip.appendText(session.title);
	tooltip.appendMarkdown('\n\n');
	tooltip.appendText(tooltipText(session));
	item.tooltip = tooltip;
	item.accessibilityInformation = {
		label: `${session.title}${activity === '' ? '' : `, ${activity}`}, ${new Date(session.updatedAt).toLocaleString()}`,
	};
}

function tooltipText(session: ListedSession): string {
	const parts = [new Date(session.updatedAt).toLocaleString()];
	if (session.activity === 'damaged') parts.push('damaged: opens as far as it can be read');
	else if (session.activity !== 'none') parts.push(ACTIVITY_TEXT[session.activity]);
	if (session.prompts !== undefined) parts.push(plural(session.prompts, 'prompt'));
	if (session.costUsd !== undefined && session.costUsd > 0) parts.push(`$${session.costUsd.toFixed(2)}`);
	return parts.join(' · ');
}
