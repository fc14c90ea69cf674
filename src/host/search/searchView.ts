/**
 * The view *Search Sessions*: the page, the door for its messages, the running search, and the way from a hit to its message.
 * How a search is done is the port's.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { isCancelled, messageOf } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { parseQuery, type SearchQuery } from '../../core/search/query.ts';
import type { FoundSession, SearchHit, SessionSearch } from '../../core/search/searchPort.ts';
import { builtInTools } from '../../core/tools/registry.ts';
import type { FindMark } from '../../protocol/findMark.ts';
import { type SearchToHost, type SearchToPage, searchToHostSchema } from '../../protocol/searchMessages.ts';
import { searchHtml } from '../panel/chatHtml.ts';
import { markOf } from '../panel/findInTranscript.ts';
import { plainMessage } from '../plainLabel.ts';
import { SearchFeed } from './searchFeed.ts';

export type SearchViewWorld = {
	readonly extensionUri: vscode.Uri;
	/** Undefined when sessions are not kept on disk. */
	readonly search: SessionSearch | undefined;
	/** Shows the session, and in it the message (with no hit, only the session). */
	reveal(id: SessionId, hit: SearchHit | undefined, mark: FindMark | undefined): Promise<void>;
	now(): number;
	onError(event: string, error: unknown): void;
};

const NOT_KEPT =
	'Sessions are not kept on disk here (retrace.sessions.persist is off), so there is nothing to search. Ctrl+F in the chat finds in the open session.';
const RESTORE = 'Restore';

export class SearchView implements Disposable {
	readonly #world: SearchViewWorld;
	readonly #feed: SearchFeed;
	#view: vscode.WebviewView | undefined;
	#attached = new DisposableStore();
	#queued: SearchToPage[] = [];
	#isReady = false;
	#running: AbortController | undefined;
	/** What the newest search found, by the names that the page knows. */
	#sessions = new Map<string, FoundSession>();
	#hits = new Map<string, SearchHit>();
	#query: SearchQuery | undefined;

	constructor(world: SearchViewWorld) {
		this.#world = world;
		this.#feed = new SearchFeed((message) => this.#post(message), setTimeout);
	}

	attach(view: vscode.WebviewView): void {
		this.#attached.dispose();
		this.#attached = new DisposableStore();
		this.#view = view;
		this.#isReady = false;
		const { extensionUri } = this.#world;
		view.webview.options = {
			enableScripts: true,
			localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist', 'webview')],
		};
		this.#attached.add(view.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)));
		this.#attached.add(
			view.onDidChangeVisibility(() => {
				// A hidden page is gone; it says that it is ready when it comes back, and searches again.
				if (!view.visible) this.#detach();
			}),
		);
		this.#attached.add(
			view.onDidDispose(() => {
				if (this.#view !== view) return;
				this.#view = undefined;
				this.#detach();
			}),
		);
		view.webview.html = searchHtml(view.webview, extensionUri);
	}

	/** Brings the view to the front with the caret in its textbox, and searches for `text` when there is one. */
	async focus(text?: string): Promise<void> {
		await vscode.commands.executeCommand('retrace.search.focus');
		const message: SearchToPage = { kind: 'search.focus', ...(text === undefined ? {} : { text }) };
		if (this.#isReady) this.#post(message);
		else this.#queued.push(message);
	}

	dispose(): void {
		this.#detach();
		this.#attached.dispose();
	}

	#detach(): void {
		this.#isReady = false;
		this.#running?.abort();
	}

	async #receive(value: unknown): Promise<void> {
		const parsed = searchToHostSchema.safeParse(value);
		if (!parsed.success) {
			this.#world.onError('search.badMessage', parsed.error);
			return;
		}
		try {
			await this.#on(parsed.data);
		} catch (error) {
			if (isCancelled(error)) return;
			this.#world.onError(`search.${parsed.data.kind}`, error);
			void vscode.window.showErrorMessage(plainMessage(messageOf(error)));
		}
	}

	async #on(message: SearchToHost): Promise<void> {
		switch (message.kind) {
			case 'search.ready': {
				this.#isReady = true;
				const unavailable = this.#world.search ? null : NOT_KEPT;
				this.#post({ kind: 'search.setup', unavailable, tools: builtInTools.map(({ name }) => name) });
				for (const queued of this.#queued.splice(0)) this.#post(queued);
				return;
			}
			case 'search.start':
				return await this.#start(message.number, message.text);
			case 'search.open':
				return await this.#open(message.session, message.entryId);
			case 'search.pageError':
				return this.#world.onError('search.pageError', new Error(message.message));
		}
	}

	async #start(number: number, text: string): Promise<void> {
		this.#running?.abort();
		const { search } = this.#world;
		const parsed = parseQuery(text, this.#world.now());
		if (!search || parsed.kind === 'empty') return;
		if (parsed.kind === 'invalid') {
			this.#post({ kind: 'search.failed', number, message: parsed.message, isInvalid: true });
			return;
		}
		const running = new AbortController();
		this.#running = running;
		this.#sessions = new Map();
		this.#hits = new Map();
		this.#query = parsed.query;
		this.#feed.start(number);
		try {
			const end = await search.search(
				parsed.query,
				(found) => {
					if (running.signal.aborted) return;
					if (found.kind === 'session') this.#sessions.set(found.session.key, found.session);
					else this.#hits.set(hitName(found.hit.session, found.hit.entryId), found.hit);
					this.#feed.take(found);
				},
				running.signal,
			);
			if (!running.signal.aborted) this.#feed.end(end);
		} catch (error) {
			if (isCancelled(error) || running.signal.aborted) return;
			this.#world.onError('search', error);
			this.#feed.flush();
			this.#post({ kind: 'search.failed', number, message: messageOf(error), isInvalid: false });
		}
	}

	async #open(key: string, entryId: string | null): Promise<void> {
		const session = this.#sessions.get(key);
		if (!session) return;
		const hit = entryId === null ? undefined : this.#hits.get(hitName(key, entryId));
		const mark = this.#query && markOf(this.#query.terms, this.#query.isCaseSensitive);
		if (session.trashName !== undefined) {
			const text = plainMessage(`“${session.title}” is in the trash. Restore it to open it.`);
			if ((await vscode.window.showInformationMessage(text, RESTORE)) !== RESTORE) return;
			await vscode.commands.executeCommand('retrace.restoreSession', { kind: 'trashed', name: session.trashName });
		}
		await this.#world.reveal(session.id, hit, mark);
	}

	#post(message: SearchToPage): void {
		if (this.#isReady) void this.#view?.webview.postMessage(message);
	}
}

const hitName = (session: string, entryId: string): string => `${session} ${entryId}`;
