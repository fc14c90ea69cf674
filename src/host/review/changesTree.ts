/**
 * The *Changes* view: every file with changes of the agent to review, by session when there are several, and by turn if wanted.
 * Shows and changes nothing else; what can be done with a row is in reviewCommands.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { ChangeNode } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import { countLines, filesOf, turnsOf } from './changeNode.ts';
import type { FileReview, ReviewFiles } from './reviewFiles.ts';

const HAS_CHANGES = 'retrace.hasChanges';
const BY_TURN = 'retrace.changesByTurn';

/** What is told beside the rows. */
export type ChangesView = Pick<vscode.TreeView<ChangeNode>, 'badge' | 'message'>;
/** Of the workspace. */
export type ChangesMemory = { get(key: string): unknown; update(key: string, value: unknown): Thenable<void> };

export type ChangesTreeWorld = {
	readonly view: ChangesView;
	readonly files: ReviewFiles;
	/** Remembers how rows are grouped, and that there is something to review. */
	readonly state: ChangesMemory;
	leftOutCount(): number;
};

export class ChangesTree implements vscode.TreeDataProvider<ChangeNode>, Disposable {
	readonly #world: ChangesTreeWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<ChangeNode | undefined>());
	/** One object for each row, so that the view keeps what is open and chosen. */
	readonly #nodes = new Map<string, ChangeNode>();
	#isByTurn: boolean;
	#hadChanges: boolean | undefined;
	#shownRows = '';

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(world: ChangesTreeWorld) {
		this.#world = world;
		this.#isByTurn = world.state.get(BY_TURN) === true;
		void vscode.commands.executeCommand('setContext', BY_TURN, this.#isByTurn);
		this.#store.add(world.files.onDidChange(() => this.#update()));
	}

	async groupByTurn(isByTurn: boolean): Promise<void> {
		this.#isByTurn = isByTurn;
		this.#changed.fire(undefined);
		await this.#world.state.update(BY_TURN, isByTurn);
		await vscode.commands.executeCommand('setContext', BY_TURN, isByTurn);
	}

	getChildren(node?: ChangeNode): ChangeNode[] {
		const files = this.#world.files.pending();
		const sessions = [...new Set(files.map(({ source }) => source.session.id))];
		if (!node) {
			const [only] = sessions;
			if (sessions.length > 1 || only === undefined)
				return sessions.map((sessionId) => this.#node({ kind: 'session', sessionId }));
			return this.#childrenOfSession(only, files);
		}
		if (node.kind === 'session') return this.#childrenOfSession(node.sessionId, files);
		if (node.kind === 'file') return [];
		return this.#fileNodes(filesOf(node, files), node.prompt);
	}

	getParent(node: ChangeNode): ChangeNode | undefined {
		const isAlone = new Set(this.#world.files.pending().map(({ source }) => source.session.id)).size < 2;
		if (node.kind === 'file' && node.prompt !== undefined)
			return this.#node({ kind: 'turn', sessionId: node.sessionId, prompt: node.prompt });
		return node.kind === 'session' || isAlone ? undefined : this.#node({ kind: 'session', sessionId: node.sessionId });
	}

	getTreeItem(node: ChangeNode): vscode.TreeItem {
		const files = filesOf(node, this.#world.files.pending());
		const [first] = files;
		if (!first) return new vscode.TreeItem('');
		if (node.kind === 'file') return fileItem(node, first);
		const item = new vscode.TreeItem(groupLabel(node, first), vscode.TreeItemCollapsibleState.Expanded);
		item.id = keyOf(node);
		item.contextValue = node.kind === 'session' ? 'changedSession' : 'changedTurn';
		item.iconPath = new vscode.ThemeIcon(node.kind === 'session' ? 'comment-discussion' : 'comment');
		item.description = files.length === 1 ? '1 file' : `${files.length} files`;
		return item;
	}

	dispose(): void {
		this.#store.dispose();
	}

	#childrenOfSession(sessionId: string, files: readonly FileReview[]): ChangeNode[] {
		const own = files.filter(({ source }) => source.session.id === sessionId);
		if (!this.#isByTurn) return this.#fileNodes(own, undefined);
		const turns = new Map(own.flatMap(turnsOf).map((turn) => [turn.prompt, turn]));
		return [...turns.values()]
			.toSorted((a, b) => b.number - a.number)
			.map(({ prompt }) => this.#node({ kind: 'turn', sessionId, prompt }));
	}

	#fileNodes(files: readonly FileReview[], prompt: string | undefined): ChangeNode[] {
		return files.map(({ source }) =>
			this.#node({
				...{ kind: 'file', sessionId: source.session.id, uri: source.uri.toString() },
				...(prompt === undefined ? {} : { prompt }),
			}),
		);
	}

	#node(node: ChangeNode): ChangeNode {
		const key = keyOf(node);
		const known = this.#nodes.get(key) ?? node;
		this.#nodes.set(key, known);
		return known;
	}

	#update(): void {
		const { view, files, state } = this.#world;
		const count = new Set(files.pending().map(({ source }) => source.uri.toString())).size;
		const leftOut = this.#world.leftOutCount();
		view.badge =
			count === 0
				? undefined
				: { value: count, tooltip: count === 1 ? '1 file to review' : `${count} files to review` };
		view.message = leftOut > 0 ? `${leftOut} more files were changed. They are shown when these are reviewed.` : '';
		if (count === 0) this.#nodes.clear();
		const rows = files.pending().map(rowText).join('\n');
		// Rows that say the same stay as they are: one may be under the mouse.
		if (rows !== this.#shownRows) this.#changed.fire(undefined);
		this.#shownRows = rows;
		const hasChanges = count > 0;
		if (hasChanges === this.#hadChanges) return;
		this.#hadChanges = hasChanges;
		void vscode.commands.executeCommand('setContext', HAS_CHANGES, hasChanges);
		void state.update(HAS_CHANGES, hasChanges);
	}
}

/** All that rows about a file depend on. */
function rowText(file: FileReview): string {
	const { source, pending } = file;
	const turns = turnsOf(file).map(({ prompt }) => [prompt, ...Object.values(countLines(file, prompt))].join(' '));
	return [source.session.id, source.session.title, source.uri.toString(), pending.kind, ...turns].join(' ');
}

function keyOf(node: ChangeNode): string {
	const place = node.kind === 'file' ? node.uri : '';
	return [node.kind, node.sessionId, 'prompt' in node ? node.prompt : '', place].join(' ');
}

function groupLabel(node: ChangeNode, first: FileReview): string {
	if (node.kind === 'session') return plainLabel(first.source.session.title);
	const turn = node.kind === 'turn' ? turnsOf(first).find(({ prompt }) => prompt === node.prompt) : undefined;
	return plainLabel(turn?.title ?? '') || `Prompt ${turn?.number ?? ''}`;
}

function fileItem(node: Extract<ChangeNode, { kind: 'file' }>, file: FileReview): vscode.TreeItem {
	const { source, pending } = file;
	const { added, removed } = countLines(file, node.prompt);
	const item = new vscode.TreeItem(source.uri, vscode.TreeItemCollapsibleState.None);
	const path = shownPath(source);
	const folder = path.split('/').slice(0, -1).join('/');
	const state = stateOf(file);
	const counts = [...(added > 0 ? [`+${added}`] : []), ...(removed > 0 ? [`−${removed}`] : [])].join(' ');
	item.id = keyOf(node);
	item.iconPath = vscode.ThemeIcon.File;
	item.description = [counts, state, folder].filter((part) => part !== '').join(' · ');
	item.contextValue = `changedFile ${pending.kind}`;
	item.tooltip = `${source.uri.fsPath}\n${[state || 'changed by Retrace', counts].filter(Boolean).join(', ')}`;
	item.accessibilityInformation = {
		label: `${path}, ${state === '' ? '' : `${state}, `}${added} added, ${removed} removed`,
	};
	item.command = { command: 'retrace.openChangedFile', title: 'Open File', arguments: [node] };
	return item;
}

/** A file of a worktree lies in no folder of the workspace: it is told by its path there. */
function shownPath({ uri, review, session }: FileReview['source']): string {
	const isInWorktree = session.worktree?.roots.some(({ path }) => path === review.file.root) ?? false;
	return isInWorktree ? review.file.rel : vscode.workspace.asRelativePath(uri);
}

function stateOf({ source, pending }: FileReview): string {
	const { from } = source.review;
	if (pending.kind === 'created') return from ? `renamed from ${from.rel}` : 'new';
	return pending.kind === 'deleted' ? 'deleted' : '';
}
