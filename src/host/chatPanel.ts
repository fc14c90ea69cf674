/**
 * The chat view: the page, the door for its messages, and the feed of the shown session. The page holds no truth,
 * so it may be thrown away at any time. What messages do is in panelMessages.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { messageOf } from '../base/errors.ts';
import { type ToHost, toHostSchema } from '../protocol/toHost.ts';
import type { ToPanel } from '../protocol/toPanel.ts';
import { chatHtml } from './chatHtml.ts';
import { type FeedSource, PanelFeed } from './panelFeed.ts';

export type ChatPanelWorld = {
	readonly extensionUri: vscode.Uri;
	readonly source: FeedSource;
	/** Carries a message out; what it throws is shown in the panel. */
	onMessage(message: ToHost): Promise<void>;
	onError(event: string, error: unknown): void;
};

export class ChatPanel implements Disposable {
	readonly feed: PanelFeed;
	readonly #world: ChatPanelWorld;
	#view: vscode.WebviewView | undefined;
	#attached = new DisposableStore();
	#queued: ToPanel[] = [];
	#isReady = false;

	constructor(world: ChatPanelWorld) {
		this.#world = world;
		this.feed = new PanelFeed(world.source, (message) => this.#post(message), setTimeout);
	}

	get isVisible(): boolean {
		return this.#view?.visible === true;
	}

	attach(view: vscode.WebviewView): void {
		this.#attached.dispose();
		this.#attached = new DisposableStore();
		this.#view = view;
		this.#isReady = false;
		const { extensionUri } = this.#world;
		view.webview.options = {
			enableScripts: true,
			localResourceRoots: [
				vscode.Uri.joinPath(extensionUri, 'dist', 'webview'),
				vscode.Uri.joinPath(extensionUri, 'media'),
			],
		};
		this.#attached.add(view.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)));
		this.#attached.add(
			view.onDidDispose(() => {
				if (this.#view !== view) return;
				this.#view = undefined;
				this.#isReady = false;
				this.feed.detached();
			}),
		);
		view.webview.html = chatHtml(view.webview, extensionUri);
	}

	/** Sends now, or as soon as the page is there. */
	say(message: ToPanel): void {
		// A page that is not visible is gone, whatever it said before: it says again that it is ready when it comes back.
		if (this.#isReady && this.isVisible) this.feed.send(message);
		else this.#queued.push(message);
	}

	setBadge(waiting: number): void {
		if (!this.#view) return;
		const tooltip = waiting === 1 ? 'Retrace needs your answer' : `Retrace needs ${waiting} answers`;
		this.#view.badge = waiting === 0 ? undefined : { value: waiting, tooltip };
	}

	dispose(): void {
		this.#attached.dispose();
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
		if (parsed.data.kind === 'panel.ready') return this.#ready();
		try {
			await this.#world.onMessage(parsed.data);
		} catch (error) {
			this.#world.onError(`panel.${parsed.data.kind}`, error);
			this.say({ kind: 'toast', level: 'error', text: messageOf(error) });
		}
	}

	#ready(): void {
		this.#isReady = true;
		this.feed.ready();
		for (const message of this.#queued.splice(0)) this.feed.send(message);
	}

	#post(message: ToPanel): void {
		// False when the page is hidden or gone: it asks for everything again when it comes back.
		void this.#view?.webview.postMessage(message);
	}
}
