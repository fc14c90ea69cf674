/**
 * One chat page, in the side panel or in an editor tab: the door for its messages and the feed of the session that its view shows.
 * The page holds no truth, so it may be thrown away at any time. What messages do is in panelMessages.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { messageOf } from '../../base/errors.ts';
import { type ToHost, toHostSchema } from '../../protocol/toHost.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { SessionView } from '../session/sessionView.ts';
import { chatHtml } from './chatHtml.ts';
import { type FeedSource, PanelFeed } from './panelFeed.ts';

export type ChatPanelWorld = {
	readonly extensionUri: vscode.Uri;
	readonly view: SessionView;
	readonly source: FeedSource;
	/** The user is in this page. */
	onUsed(): Promise<void>;
	/** Carries a message out; what it throws is shown in the panel. */
	onMessage(message: ToHost): Promise<void>;
	onError(event: string, error: unknown): void;
};

type Surface = vscode.WebviewView | vscode.WebviewPanel;

/** What a page does by itself: no sign that the user is in it. */
const UNASKED: ReadonlySet<ToHost['kind']> = new Set(['draft.save', 'panel.error']);

export class ChatPanel implements Disposable {
	readonly feed: PanelFeed;
	readonly view: SessionView;
	readonly #world: ChatPanelWorld;
	#surface: Surface | undefined;
	#attached = new DisposableStore();
	#queued: ToPanel[] = [];
	#isReady = false;

	constructor(world: ChatPanelWorld) {
		this.#world = world;
		this.view = world.view;
		this.feed = new PanelFeed(world.source, (message) => this.#post(message), setTimeout);
	}

	attach(surface: Surface): void {
		this.#attached.dispose();
		this.#attached = new DisposableStore();
		this.#surface = surface;
		this.#isReady = false;
		const { extensionUri } = this.#world;
		const { webview } = surface;
		webview.options = {
			enableScripts: true,
			localResourceRoots: [
				vscode.Uri.joinPath(extensionUri, 'dist', 'webview'),
				vscode.Uri.joinPath(extensionUri, 'media'),
			],
		};
		this.#attached.add(webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)));
		const onVisibility = () => this.#visibilityChanged();
		this.#attached.add(
			'onDidChangeVisibility' in surface
				? surface.onDidChangeVisibility(onVisibility)
				: surface.onDidChangeViewState(onVisibility),
		);
		this.#attached.add(
			surface.onDidDispose(() => {
				if (this.#surface !== surface) return;
				this.#surface = undefined;
				this.#visibilityChanged();
			}),
		);
		this.#visibilityChanged();
		webview.html = chatHtml(webview, extensionUri);
	}

	/** Sends now, or as soon as the page is there. */
	say(message: ToPanel): void {
		if (this.#isReady) this.feed.send(message);
		else this.#queued.push(message);
	}

	/** The number on the icon of the side panel; a tab has none. */
	setBadge(waiting: number): void {
		if (!this.#surface || !('badge' in this.#surface)) return;
		const tooltip = waiting === 1 ? 'Retrace needs your answer' : `Retrace needs ${waiting} answers`;
		this.#surface.badge = waiting === 0 ? undefined : { value: waiting, tooltip };
	}

	dispose(): void {
		this.#isReady = false;
		this.feed.detached();
		this.#attached.dispose();
	}

	/** A page that is not visible is gone, whatever it said before: it says again that it is ready when it comes back. */
	#visibilityChanged(): void {
		const isVisible = this.#surface?.visible === true;
		this.view.isVisible = isVisible;
		if (isVisible) return;
		this.#isReady = false;
		this.feed.detached();
	}

	async #receive(value: unknown): Promise<void> {
		const parsed = toHostSchema.safeParse(value);
		if (!parsed.success) {
			this.#world.onError('panel.badMessage', parsed.error);
			this.say({
				kind: 'toast',
				level: 'error',
				text: 'The panel sent something unexpected. Nothing was done. See the log.',
			});
			return;
		}
		const { data: message } = parsed;
		try {
			if (message.kind === 'panel.ready') return await this.#ready();
			if (!UNASKED.has(message.kind)) await this.#world.onUsed();
			await this.#world.onMessage(message);
		} catch (error) {
			this.#world.onError(`panel.${message.kind}`, error);
			this.say({ kind: 'toast', level: 'error', text: messageOf(error) });
		}
	}

	async #ready(): Promise<void> {
		const surface = this.#surface;
		await this.view.wake();
		if (surface === undefined || surface !== this.#surface || !surface.visible) return;
		this.#isReady = true;
		this.feed.ready();
		for (const message of this.#queued.splice(0)) this.feed.send(message);
	}

	#post(message: ToPanel): void {
		// False when the page is hidden or gone: it asks for everything again when it comes back.
		void this.#surface?.webview.postMessage(message);
	}
}
