/**
 * The sessions tree: pinned, by day, archived and trashed. Shows the newest rows of the disk first and the rest when they are read;
 * gives out large groups in parts and redraws only what changed. Reads the list; opens nothing.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { asSessionId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import type { SessionStore, SessionSummary, TrashedSession } from '../../core/session/storePort.ts';
import type { SessionNode } from '../agentTypes.ts';
import type { OpenSession, SessionChange } from '../session/openSession.ts';
import { drawRow, idOf, moreItem } from './sessionItem.ts';
import {
	isSameArrangement,
	type ListedSession,
	matchesFilter,
	mergeList,
	type SessionGroup,
	sessionGroups,
} from './sessionList.ts';
import { badgeOf, groupRow, type RowView, sessionRow, trashedRow, type WorktreeState } from './sessionRow.ts';
import { openState } from './sessionState.ts';
import type { UnreadSessions } from './unreadSessions.ts';

/** Changes come in bursts. */
const REDRAW_MS = 150;
/** How long ago a session was used is told in minutes. */
const AGE_MS = 60_000;
/** Read first, so that the view is there at once. */
const FIRST_ROWS = 50;
/** Rows of a group that are given out at once. */
export const PAGE_ROWS = 200;

/** What the tree uses of its view. */
export type SessionsView = Pick<vscode.TreeView<SessionNode>, 'visible' | 'onDidChangeVisibility' | 'reveal'> & {
	readonly selection: readonly SessionNode[];
	message?: string | undefined;
	badge?: vscode.ViewBadge | undefined;
};

export type SessionsTreeWorld = {
	readonly store: Pick<SessionStore, 'list' | 'listTrash'>;
	readonly view: SessionsView;
	readonly unread: UnreadSessions;
	openSessions(): readonly OpenSession[];
	shown(): OpenSession;
	worktreeState?(session: ListedSession): WorktreeState;
	readonly onDidShow: Event<OpenSession>;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }>;
	/** What is on the disk changed. */
	readonly onDidChangeList: Event<void>;
	onError(event: string, error: unknown): void;
};

export class SessionsTree implements vscode.TreeDataProvider<SessionNode>, Disposable {
	readonly #world: SessionsTreeWorld;
	readonly #view: SessionsView;
	readonly #disposables = new DisposableStore();
	readonly #changed = this.#disposables.add(new vscode.EventEmitter<SessionNode | SessionNode[] | undefined>());
	/** VS Code knows rows by their objects. */
	readonly #nodes = new Map<string, SessionNode>();
	/** How each row that was given out looked. */
	readonly #drawn = new Map<string, string>();
	readonly #shownRows = new Map<string, number>();
	#stored: readonly SessionSummary[] = [];
	/** How many are on the disk that are not in `#stored` yet. */
	#unreadRows = 0;
	#trash: readonly TrashedSession[] = [];
	#rows: ReadonlyMap<string, ListedSession> = new Map();
	#groups: readonly SessionGroup[] = [];
	#filter = '';
	#problem = '';
	#isFirstRead = true;
	#isStale = true;
	#reading: Promise<void> | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#isRevealWanted = true;

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(world: SessionsTreeWorld) {
		this.#world = world;
		this.#view = world.view;
		const add = (one: Disposable) => this.#disposables.add(one);
		add(world.onDidChangeList(() => this.refresh()));
		add(world.unread.onDidChange(() => this.#redrawSoon()));
		add(
			world.onDidChange(({ change }) => {
				// What streams is no news for the list.
				if (change.kind === 'head' || change.kind === 'asks') this.#redrawSoon();
			}),
		);
		add(
			world.onDidShow(() => {
				this.#isRevealWanted = true;
				this.#redrawSoon();
			}),
		);
		add(this.#view.onDidChangeVisibility(({ visible }) => visible && this.refresh()));
		add(vscode.window.onDidChangeWindowState(({ focused }) => focused && this.refresh()));
		const ages = setInterval(() => this.#view.visible && this.#redrawSoon(), AGE_MS);
		add({ dispose: () => clearInterval(ages) });
		add({ dispose: () => clearTimeout(this.#timer) });
	}

	get filter(): string {
		return this.#filter;
	}

	set filter(filter: string) {
		if (this.#filter === filter.trim()) return;
		this.#filter = filter.trim();
		this.#redraw();
	}

	/** Reads the disk again; at once when the view is seen, else when it is. */
	refresh(): void {
		this.#isStale = true;
		this.#redrawSoon();
	}

	/** Resolves when what is on the disk now is shown. */
	async reload(): Promise<void> {
		this.#isStale = true;
		await this.#read();
	}

	titleOf(id: string): string | undefined {
		return this.#rows.get(id)?.title ?? this.#stored.find((one) => one.id === id)?.title;
	}

	session(id: string): ListedSession | undefined {
		return this.#rows.get(id);
	}

	/** Opens the trash and selects it. False when it is empty. */
	async revealTrash(): Promise<boolean> {
		await this.reload();
		const trash = this.#nodes.get('group:trash');
		if (!trash || !this.#groups.some((group) => group.key === 'trash')) return false;
		await this.#view.reveal(trash, { select: true, focus: true, expand: true });
		return true;
	}

	/** Gives out the next rows of a group. */
	showMore(key: string): void {
		this.#shownRows.set(key, this.#limitOf(key) + PAGE_ROWS);
		this.#changed.fire(this.#nodes.get(`group:${key}`));
	}

	async getChildren(node?: SessionNode): Promise<SessionNode[]> {
		if (!node) {
			if (this.#isFirstRead) await this.#readFirst();
			return this.#groups.map((group) => this.#node({ kind: 'group', key: group.key }));
		}
		const group = node.kind === 'group' ? this.#groups.find((one) => one.key === node.key) : undefined;
		if (!group) return [];
		const { key, ids } = group;
		const limit = this.#limitOf(key);
		const nodes = ids
			.slice(0, limit)
			.map((id) =>
				this.#node(key === 'trash' ? { kind: 'trashed', name: id } : { kind: 'session', sessionId: asSessionId(id) }),
			);
		if (ids.length > limit) nodes.push(this.#node({ kind: 'more', key }));
		return nodes;
	}

	getParent(node: SessionNode): SessionNode | undefined {
		if (node.kind === 'group') return undefined;
		if (node.kind === 'more') return this.#nodes.get(`group:${node.key}`);
		const id = node.kind === 'session' ? node.sessionId : node.name;
		const isTrash = node.kind === 'trashed';
		const group = this.#groups.find(({ key, ids }) => (key === 'trash') === isTrash && ids.includes(id));
		return group && this.#node({ kind: 'group', key: group.key });
	}

	getTreeItem(node: SessionNode): vscode.TreeItem {
		const id = idOf(node);
		if (node.kind === 'more') {
			const count = this.#groups.find((one) => one.key === node.key)?.ids.length ?? 0;
			return moreItem(node.key, count - this.#limitOf(node.key), PAGE_ROWS);
		}
		const view = this.#viewOf(node);
		this.#drawn.set(id, JSON.stringify(view));
		const item = new vscode.TreeItem(view?.label ?? 'Session');
		// A filter opens every group: VS Code keeps the state of a row by its id.
		item.id = node.kind === 'group' && this.#filter !== '' ? `${id}:filtered` : id;
		if (!view) return item;
		drawRow(item, view);
		if (node.kind === 'session')
			item.command = { command: 'retrace.openSession', title: 'Open Session', arguments: [node.sessionId] };
		if (node.kind === 'group') {
			const isCollapsed = this.#filter === '' && this.#groups.find((one) => one.key === node.key)?.isCollapsed;
			const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
			item.collapsibleState = isCollapsed ? Collapsed : Expanded;
		}
		return item;
	}

	dispose(): void {
		this.#disposables.dispose();
	}

	#viewOf(node: SessionNode): RowView | undefined {
		switch (node.kind) {
			case 'group': {
				const group = this.#groups.find((one) => one.key === node.key);
				return group && groupRow(group);
			}
			case 'session': {
				const session = this.#rows.get(node.sessionId);
				return (
					session &&
					sessionRow(session, this.titleOf(session.originId ?? ''), Date.now(), this.#world.worktreeState?.(session))
				);
			}
			case 'trashed': {
				const trashed = this.#trash.find((one) => one.name === node.name);
				return trashed && trashedRow(trashed, Date.now());
			}
			case 'more':
				return undefined;
		}
	}

	/** The same object for the same row. */
	#node(node: SessionNode): SessionNode {
		const id = idOf(node);
		const known = this.#nodes.get(id);
		if (known) return known;
		this.#nodes.set(id, node);
		return node;
	}

	#limitOf(key: string): number {
		return this.#shownRows.get(key) ?? PAGE_ROWS;
	}

	#redrawSoon(): void {
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			const isReadNeeded = this.#isStale && this.#view.visible && !this.#isFirstRead;
			if (isReadNeeded) void this.#read();
			else this.#redraw();
		}, REDRAW_MS);
	}

	/** Shows what was read last together with what is open, and redraws what looks different from before. */
	#redraw(): void {
		const before = this.#groups;
		this.#arrange();
		this.#updateView();
		if (this.#isFirstRead) return;
		if (isSameArrangement(before, this.#groups)) {
			const changed = [...this.#drawn].flatMap(([id, drawn]) => {
				const node = this.#nodes.get(id);
				return node && JSON.stringify(this.#viewOf(node)) !== drawn ? [node] : [];
			});
			if (changed.length > 0) this.#changed.fire(changed);
		} else {
			this.#drawn.clear();
			this.#changed.fire(undefined);
		}
		void this.#revealShown();
	}

	#arrange(): void {
		const rows = mergeList(this.#stored, this.#world.openSessions().map(openState), this.#world.unread.ids);
		this.#rows = new Map(rows.map((row) => [row.id, row]));
		const shown = this.#filter === '' ? rows : rows.filter((row) => matchesFilter(row, this.#filter));
		const trash =
			this.#filter === '' ? this.#trash : this.#trash.filter(({ session }) => matchesFilter(session, this.#filter));
		this.#groups = sessionGroups(shown, trash, Date.now(), this.#unreadRows);
	}

	#updateView(): void {
		const badge = badgeOf([...this.#rows.values()]);
		const { badge: old } = this.#view;
		if (badge?.value !== old?.value || badge?.tooltip !== old?.tooltip) this.#view.badge = badge;
		this.#view.message = [this.#filterText(), this.#problem].filter((part) => part !== '').join('\n');
	}

	/** Above the rows, since the title of a container with one view has no place for it. */
	#filterText(): string {
		if (this.#filter === '') return '';
		const inTrash = (group: SessionGroup) => group.key === 'trash';
		const found = this.#groups.reduce((sum, group) => sum + (inTrash(group) ? 0 : group.ids.length), 0);
		const trashed = this.#groups.find(inTrash)?.ids.length ?? 0;
		if (found + trashed === 0) return `No session matches “${this.#filter}”.`;
		const rest = trashed === 0 ? '' : `, and ${trashed} in the trash`;
		return `“${this.#filter}”: ${found} of ${plural(this.#rows.size, 'session')}${rest}.`;
	}

	/** The newest rows now, everything behind it. */
	async #readFirst(): Promise<void> {
		try {
			const { sessions, onDisk } = await this.#world.store.list({ newest: FIRST_ROWS });
			// Whoever else asked meanwhile may have read more.
			if (this.#isFirstRead) {
				this.#stored = sessions;
				this.#unreadRows = Math.max(0, onDisk - sessions.length);
			}
		} catch (error) {
			this.#failed(error);
		}
		if (!this.#isFirstRead) return;
		this.#isFirstRead = false;
		this.#arrange();
		this.#updateView();
		this.refresh();
	}

	/** One at a time; what was asked for meanwhile is read once more. Never rejects. */
	async #read(): Promise<void> {
		if (this.#reading) {
			await this.#reading;
			if (!this.#isStale) return;
		}
		this.#reading ??= this.#readAll().finally(() => {
			this.#reading = undefined;
		});
		await this.#reading;
	}

	async #readAll(): Promise<void> {
		this.#isStale = false;
		try {
			const { sessions, onDisk } = await this.#world.store.list();
			this.#stored = sessions;
			this.#unreadRows = 0;
			const isAll = onDisk <= sessions.length;
			this.#problem = isAll ? '' : `${plural(onDisk, 'session')} on disk, ${sessions.length} shown. See the log.`;
		} catch (error) {
			this.#failed(error);
		}
		try {
			this.#trash = await this.#world.store.listTrash();
		} catch (error) {
			this.#world.onError('sessions.trash', error);
		}
		this.#isFirstRead = false;
		this.#redraw();
	}

	#failed(error: unknown): void {
		this.#world.onError('sessions.list', error);
		this.#problem = 'The list of sessions could not be read. Nothing was changed. See the log.';
	}

	/** Selects the shown session where it can be seen; opens no closed group for it and leaves the focus where it is. */
	async #revealShown(): Promise<void> {
		if (!this.#isRevealWanted || !this.#view.visible) return;
		const node = this.#nodes.get(this.#world.shown().session.id);
		if (!node || !this.#drawn.has(idOf(node))) return;
		this.#isRevealWanted = false;
		if (this.#view.selection.length === 1 && this.#view.selection[0] === node) return;
		try {
			await this.#view.reveal(node, { select: true, focus: false, expand: false });
		} catch (error) {
			this.#world.onError('sessions.reveal', error);
		}
	}
}
