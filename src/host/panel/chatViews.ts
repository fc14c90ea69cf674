/**
 * The chat pages of this window: the one in the side panel and the editor tabs. Opens tabs, brings them back after a reload,
 * feeds each page, and knows which one the user is in. What a session does is in sessionHost.ts.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { messageOf } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import type { ToHost } from '../../protocol/toHost.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import { plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { SessionView } from '../session/sessionView.ts';
import { ChatPanel } from './chatPanel.ts';
import type { FeedSource } from './panelFeed.ts';

export const TAB_TYPE = 'retrace.session';

export type ChatViewsWorld = {
	readonly extensionUri: vscode.Uri;
	readonly host: SessionHost;
	readonly isPersisted: boolean;
	source(view: SessionView): FeedSource;
	onMessage(message: ToHost, panel: ChatPanel): Promise<void>;
	onError(event: string, error: unknown): void;
};

type Tab = { readonly chat: ChatPanel; readonly panel: vscode.WebviewPanel };

/** What the page of a tab keeps for its return; only the session is read here. */
const tabStateSchema = z.object({ sessionId: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/) });

export class ChatViews implements Disposable {
	readonly side: ChatPanel;
	readonly #world: ChatViewsWorld;
	readonly #store = new DisposableStore();
	readonly #tabs = new Set<Tab>();

	constructor(world: ChatViewsWorld) {
		this.#world = world;
		this.side = this.#store.add(this.#createChat(world.host.side));
		const { host } = world;
		this.#store.add(host.side.onDidShow(() => this.side.feed.on({ kind: 'reset' })));
		this.#store.add(host.side.onDidSay((word) => this.side.say(word)));
		this.#store.add(
			host.onDidChange(({ open, change }) => {
				for (const chat of this.#chatsOf(open)) chat.feed.on(change);
				if (change.kind === 'head') this.#retitle(open);
			}),
		);
	}

	/** The page that the user is in, else the one of the side panel. */
	get active(): ChatPanel {
		return this.#tabOf(this.#world.host.active)?.chat ?? this.side;
	}

	say(message: ToPanel): void {
		this.active.say(message);
	}

	/** Brings the active view to the front, with the caret in its input. */
	async focus(): Promise<void> {
		const tab = this.#tabOf(this.#world.host.active);
		if (tab) tab.panel.reveal();
		else await vscode.commands.executeCommand('retrace.chat.focus');
		this.say({ kind: 'focus' });
	}

	/** Puts text behind what is typed there, and brings the input in front. */
	async addToInput(text: string): Promise<void> {
		await this.focus();
		this.say({ kind: 'input', text, how: 'append' });
	}

	/** From a list or a notification: where the session is shown already, else in the side panel. */
	async open(id: SessionId): Promise<void> {
		const { host } = this.#world;
		const tab = this.#tabWith(id);
		if (tab && host.side.sessionId !== id) {
			await host.activate(tab.chat.view);
		} else {
			await host.activate(host.side);
			await host.side.show(id);
		}
		await this.focus();
	}

	/** In a tab of its own, or in the one that has it. */
	async openInEditor(id: SessionId): Promise<void> {
		const { host, extensionUri } = this.#world;
		const open = await host.sessions.open(id);
		const tab = this.#tabWith(id);
		if (tab) {
			tab.panel.reveal();
			await host.activate(tab.chat.view);
			return;
		}
		const panel = vscode.window.createWebviewPanel(TAB_TYPE, 'Retrace', vscode.ViewColumn.Active, {
			localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist', 'webview')],
		});
		await this.#addTab(panel, open);
	}

	/** A tab that was open before the window was loaded again. */
	async restoreTab(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
		const { host, onError } = this.#world;
		try {
			const { data } = tabStateSchema.safeParse(state);
			// A page that never loaded has kept nothing: there was nothing to see in it either.
			const open = data ? await host.sessions.open(asSessionId(data.sessionId)) : await host.sessions.create();
			await this.#addTab(panel, open);
		} catch (error) {
			onError('tab.restore', error);
			panel.dispose();
			void vscode.window.showErrorMessage(plainMessage(messageOf(error)));
		}
	}

	meterChanged(open: OpenSession): void {
		for (const chat of this.#chatsOf(open)) chat.feed.meterChanged();
	}

	dispose(): void {
		for (const { chat } of this.#tabs) chat.dispose();
		this.#store.dispose();
	}

	#createChat(view: SessionView): ChatPanel {
		const { host, extensionUri, source, onMessage, onError } = this.#world;
		const chat: ChatPanel = new ChatPanel({
			extensionUri,
			view,
			source: source(view),
			onUsed: () => host.activate(view),
			onMessage: (message) => onMessage(message, chat),
			onError,
		});
		return chat;
	}

	async #addTab(panel: vscode.WebviewPanel, open: OpenSession): Promise<void> {
		const { host, extensionUri, onError } = this.#world;
		const view = host.addView('tab', open);
		const chat = this.#createChat(view);
		const tab: Tab = { chat, panel };
		const store = new DisposableStore();
		this.#tabs.add(tab);
		const media = (name: string) => vscode.Uri.joinPath(extensionUri, 'media', name);
		panel.iconPath = { light: media('tab-light.svg'), dark: media('tab-dark.svg') };
		panel.title = this.#titleOf(open);
		store.add(chat);
		store.add(view.onDidSay((word) => chat.say(word)));
		store.add(view.onDidEnd(() => panel.dispose()));
		store.add(
			view.onDidShow((shown) => {
				panel.title = this.#titleOf(shown);
				chat.feed.on({ kind: 'reset' });
			}),
		);
		const follow = () => {
			if (!panel.active) return host.deactivate(view);
			void host.activate(view).catch((error: unknown) => onError('tab.activate', error));
		};
		store.add(panel.onDidChangeViewState(follow));
		store.add(
			panel.onDidDispose(() => {
				this.#tabs.delete(tab);
				store.dispose();
				void host.removeView(view).catch((error: unknown) => onError('tab.close', error));
			}),
		);
		chat.attach(panel);
		if (panel.active) await host.activate(view);
	}

	#chatsOf(open: OpenSession): readonly ChatPanel[] {
		const all = [this.side, ...[...this.#tabs].map(({ chat }) => chat)];
		return all.filter(({ view }) => view.isAwake && view.current === open);
	}

	#tabOf(view: SessionView): Tab | undefined {
		return [...this.#tabs].find(({ chat }) => chat.view === view);
	}

	#tabWith(id: SessionId): Tab | undefined {
		return [...this.#tabs].find(({ chat }) => chat.view.sessionId === id);
	}

	#retitle(open: OpenSession): void {
		const title = this.#titleOf(open);
		for (const { chat, panel } of this.#tabs)
			if (chat.view.sessionId === open.session.id && panel.title !== title) panel.title = title;
	}

	#titleOf({ session }: OpenSession): string {
		return this.#world.isPersisted ? session.title : `${session.title} (not saved)`;
	}
}
