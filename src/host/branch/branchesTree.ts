/**
 * The branches of the shown session as a tree: which there are, which is current, what each holds. Reads, and changes nothing; what a row
 * says is in branchRow.ts, what can be done with it in branchCommands.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { isCancelled } from '../../base/errors.ts';
import { type Branch, type BranchTree, shownBranches } from '../../core/session/branches.ts';
import type { BranchReader } from '../../core/session/branchReader.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BranchNode } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import type { OpenSession, SessionChange } from '../session/openSession.ts';
import { branchDetails, describeBranch, stateOf } from './branchRow.ts';

/** Appends come in bursts. */
const REFRESH_MS = 150;
const HAS_BRANCHES = 'retrace.hasBranches';

export type BranchesTreeWorld = {
	readonly view: vscode.TreeView<BranchNode>;
	readonly reader: BranchReader;
	shown(): OpenSession;
	readonly onDidShow: Event<OpenSession>;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }>;
	onError(event: string, error: unknown, sessionId?: string): void;
};

export class BranchesTree implements vscode.TreeDataProvider<BranchNode>, Disposable {
	readonly #world: BranchesTreeWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<BranchNode | undefined>());
	#session: Session | undefined;
	#tree: BranchTree | undefined;
	#rows: ReadonlySet<string> = new Set();
	readonly #nodes = new Map<string, BranchNode>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reading = new AbortController();

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(world: BranchesTreeWorld) {
		this.#world = world;
		this.#store.add(world.onDidShow(() => this.#later()));
		this.#store.add(world.view.onDidChangeVisibility(() => this.#later()));
		this.#store.add(
			world.onDidChange(({ open, change }) => {
				if (open !== world.shown()) return;
				if (change.kind === 'reset' || (change.kind === 'head' && !open.isRunning)) this.#later();
			}),
		);
		this.#later();
	}

	getChildren(node?: BranchNode): BranchNode[] {
		if (!this.#tree) return [];
		const children = node ? (this.#tree.byFirst.get(node.first)?.children ?? []) : this.#tree.roots;
		return children.filter((first) => this.#rows.has(first)).map((first) => this.#nodeOf(first));
	}

	getParent(node: BranchNode): BranchNode | undefined {
		const parent = this.branch(node)?.parent ?? null;
		return parent === null ? undefined : this.#nodeOf(parent);
	}

	getTreeItem(node: BranchNode): vscode.TreeItem {
		const branch = this.branch(node);
		if (!branch) return new vscode.TreeItem('Branch');
		const hasChildren = branch.children.some((first) => this.#rows.has(first));
		const item = new vscode.TreeItem(
			plainLabel(branch.label),
			hasChildren ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
		);
		item.id = `${this.#session?.id ?? ''}/${branch.first}`;
		item.description = describeBranch(branch, Date.now());
		item.iconPath = iconOf(branch);
		item.contextValue = branch.isCurrent ? 'branch current' : 'branch';
		item.tooltip = tooltipOf(branch);
		const state = stateOf(branch);
		item.accessibilityInformation = { label: `${branch.label}${state === '' ? '' : `, ${state}`}` };
		item.command = { command: 'retrace.previewBranch', title: 'Show Branch', arguments: [node] };
		return item;
	}

	/** Undefined when the row is of a session that is not shown any more. */
	branch(node: BranchNode): Branch | undefined {
		return node.sessionId === this.#session?.id ? this.#tree?.byFirst.get(node.first) : undefined;
	}

	/** Reads again at once. */
	async reload(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		await this.#read();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#reading.abort();
		this.#store.dispose();
	}

	#nodeOf(first: BranchNode['first']): BranchNode {
		const sessionId = this.#session?.id;
		const known = this.#nodes.get(first);
		if (known && known.sessionId === sessionId) return known;
		const node: BranchNode = { kind: 'branch', sessionId: sessionId ?? '', first };
		this.#nodes.set(first, node);
		return node;
	}

	#later(): void {
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			void this.#read();
		}, REFRESH_MS);
	}

	/** Its own barrier: a log that cannot be read leaves the rows as they were. */
	async #read(): Promise<void> {
		this.#reading.abort();
		const reading = new AbortController();
		this.#reading = reading;
		const { session } = this.#world.shown();
		try {
			// Reading all of a very big log waits until somebody looks; until then it is taken to have branches.
			if (!session.isWhole && !this.#world.view.visible) return await showView(true);
			const { tree } = await this.#world.reader.read(session, reading.signal);
			if (reading.signal.aborted || session !== this.#world.shown().session) return;
			const rows = shownBranches(tree);
			if (session !== this.#session) this.#nodes.clear();
			this.#session = session;
			this.#tree = tree;
			this.#rows = new Set(rows.map(({ first }) => first));
			this.#changed.fire(undefined);
			await showView(rows.length > 1);
		} catch (error) {
			if (!isCancelled(error) && !reading.signal.aborted) this.#world.onError('branches', error, session.id);
		}
	}
}

async function showView(isShown: boolean): Promise<void> {
	await vscode.commands.executeCommand('setContext', HAS_BRANCHES, isShown);
}

function iconOf(branch: Branch): vscode.ThemeIcon {
	if (branch.isCurrent) return new vscode.ThemeIcon('circle-filled', new vscode.ThemeColor('charts.blue'));
	if (branch.isLate) return new vscode.ThemeIcon('history');
	return new vscode.ThemeIcon('git-branch');
}

function tooltipOf(branch: Branch): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString();
	tooltip.appendText(branch.label);
	for (const line of [...(branch.summary ? [branch.summary] : []), ...branchDetails(branch)]) {
		tooltip.appendMarkdown('\n\n');
		tooltip.appendText(line);
	}
	return tooltip;
}
