/**
 * The time line of the shown session as a tree: its points, newest first, and the files changed at each. Reads, and changes nothing; what
 * a row says is in timelineRow.ts, what can be done with it in timelineCommands.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { isCancelled } from '../../base/errors.ts';
import type { FileChange, Point } from '../../core/checkpoint/checkpoints.ts';
import type { TimelineNode } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import type { OpenSession, SessionChange } from '../session/openSession.ts';
import type { LineCounter } from './timelineCounts.ts';
import type { SessionTimeline, TimelineReader } from './timelineReader.ts';
import { authorIcon, authorsText, describeFile, describePoint, nameOf, pointIcon, pointKind } from './timelineRow.ts';

/** Appends come in bursts. */
const REFRESH_MS = 150;
const PAGE_POINTS = 200;

export type TimelineView = Pick<vscode.TreeView<TimelineNode>, 'visible' | 'onDidChangeVisibility' | 'message'>;
export type TimelineTreeWorld = {
	readonly view: TimelineView;
	readonly reader: TimelineReader;
	readonly counter: LineCounter;
	shown(): OpenSession;
	readonly onDidShow: Event<OpenSession>;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }>;
	onError(event: string, error: unknown, sessionId?: string): void;
};

export class TimelineTree implements vscode.TreeDataProvider<TimelineNode>, Disposable {
	readonly #world: TimelineTreeWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<TimelineNode | TimelineNode[] | undefined>());
	#timeline: SessionTimeline | undefined;
	#rows = PAGE_POINTS;
	readonly #nodes = new Map<string, TimelineNode>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reading = new AbortController();

	readonly onDidChangeTreeData = this.#changed.event;

	constructor(world: TimelineTreeWorld) {
		this.#world = world;
		this.#store.add(world.onDidShow(() => this.#later()));
		this.#store.add(world.view.onDidChangeVisibility(() => this.#later()));
		this.#store.add(
			world.onDidChange(({ open, change }) => {
				if (open !== world.shown()) return;
				if (change.kind === 'reset' || change.kind === 'head') this.#later();
				// Words stream; what changes files does so in other rows.
				else if (change.kind === 'item' && change.item.kind !== 'answer' && change.item.kind !== 'thinking')
					this.#later();
			}),
		);
		this.#later();
	}

	getChildren(node?: TimelineNode): TimelineNode[] {
		const timeline = this.#timeline;
		if (!timeline) return [];
		if (!node) {
			const newest = timeline.points.slice(-this.#rows).reverse();
			const rows = newest.map((point): TimelineNode => this.#nodeOf({ kind: 'point', ...this.#of(point) }));
			if (newest.length < timeline.points.length) rows.push(this.#nodeOf({ kind: 'morePoints', sessionId: this.#id }));
			return rows;
		}
		const point = this.point(node);
		if (node.kind !== 'point' || !point) return [];
		return point.files.map(({ key }) => this.#nodeOf({ kind: 'pointFile', ...this.#of(point), key }));
	}

	getParent(node: TimelineNode): TimelineNode | undefined {
		const point = this.point(node);
		return node.kind === 'pointFile' && point ? this.#nodeOf({ kind: 'point', ...this.#of(point) }) : undefined;
	}

	getTreeItem(node: TimelineNode): vscode.TreeItem {
		if (node.kind === 'morePoints') return this.#moreItem(node);
		const point = this.point(node);
		if (!point) return new vscode.TreeItem('');
		if (node.kind === 'point') return this.#pointItem(point);
		const change = point.files.find(({ key }) => key === node.key);
		return change ? this.#fileItem(node, point, change) : new vscode.TreeItem('');
	}

	/** Undefined when the row is of a session that is not shown any more. */
	point(node: TimelineNode): Point | undefined {
		if (node.kind === 'morePoints' || node.sessionId !== this.#id) return undefined;
		return this.#timeline?.byId.get(node.point);
	}

	showMore(): void {
		this.#rows += PAGE_POINTS;
		this.#changed.fire(undefined);
		void this.#count();
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

	get #id(): string {
		return this.#timeline?.session.id ?? '';
	}

	#of(point: Point) {
		return { sessionId: this.#id, point: point.id };
	}

	/** One object for each row, so that the view knows it again. */
	#nodeOf(node: TimelineNode): TimelineNode {
		const id = rowId(node);
		const known = this.#nodes.get(id) ?? node;
		this.#nodes.set(id, known);
		return known;
	}

	#pointItem(point: Point): vscode.TreeItem {
		const timeline = this.#timeline;
		const hasFiles = point.files.length > 0;
		const { None, Collapsed } = vscode.TreeItemCollapsibleState;
		const item = new vscode.TreeItem(plainLabel(point.label), hasFiles ? Collapsed : None);
		item.id = rowId({ kind: 'point', ...this.#of(point) });
		const isElsewhere = point.prompt !== undefined && timeline?.onBranch.has(point.prompt) === false;
		item.description = describePoint(point, {
			...{ counts: this.#world.counter.ofPoint(point), isElsewhere, nowMs: Date.now() },
		});
		item.iconPath = new vscode.ThemeIcon(
			pointIcon(point.kind),
			isElsewhere
				? new vscode.ThemeColor('disabledForeground')
				: point.kind === 'checkpoint'
					? new vscode.ThemeColor('charts.blue')
					: undefined,
		);
		item.contextValue = [
			'point',
			point.kind,
			isElsewhere ? 'elsewhere' : 'here',
			...(hasFiles ? ['changes'] : []),
		].join(' ');
		item.tooltip = textTooltip([point.label, pointKind(point.kind), new Date(point.at).toLocaleString()]);
		item.accessibilityInformation = { label: `${pointKind(point.kind)}: ${point.label}, ${item.description}` };
		return item;
	}

	#fileItem(node: TimelineNode, point: Point, change: FileChange): vscode.TreeItem {
		const item = new vscode.TreeItem(plainLabel(nameOf(change.file.rel)));
		const isLost = change.before === 'notCaptured' || change.after === 'notCaptured';
		item.id = rowId(node);
		item.description = describeFile(change, this.#world.counter.ofFile(change));
		item.iconPath = new vscode.ThemeIcon(authorIcon(change.authors));
		item.contextValue = isLost ? 'pointFile lost' : 'pointFile';
		item.tooltip = textTooltip([
			change.file.rel,
			`Changed by: ${authorsText(change.authors)}`,
			...(isLost ? [`There is no copy of it: ${change.reason ?? 'none was made'}`] : []),
		]);
		item.accessibilityInformation = { label: `${change.file.rel}, ${item.description}, at ${point.label}` };
		if (!isLost) item.command = { command: 'retrace.showPointChange', title: 'Show Change', arguments: [node] };
		return item;
	}

	#moreItem(node: TimelineNode): vscode.TreeItem {
		const left = (this.#timeline?.points.length ?? 0) - this.#rows;
		const item = new vscode.TreeItem(`Show ${Math.min(left, PAGE_POINTS)} more…`);
		item.id = rowId(node);
		item.description = `${left.toLocaleString('en-US')} earlier`;
		item.command = { command: 'retrace.showMorePoints', title: 'Show More Points' };
		return item;
	}

	#later(): void {
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			void this.#read();
		}, REFRESH_MS);
	}

	/** Its own barrier: a log that cannot be read leaves the rows as they were. Nothing is read while nobody looks. */
	async #read(): Promise<void> {
		this.#reading.abort();
		const { view } = this.#world;
		if (!view.visible) return;
		const reading = new AbortController();
		this.#reading = reading;
		const { session } = this.#world.shown();
		try {
			const timeline = await this.#world.reader.read(session, reading.signal);
			if (reading.signal.aborted || session !== this.#world.shown().session) return;
			if (timeline === this.#timeline) return await this.#count();
			if (session.id !== this.#id) {
				this.#nodes.clear();
				this.#rows = PAGE_POINTS;
			}
			this.#timeline = timeline;
			view.message =
				timeline.points.length === 0
					? 'Each prompt, command and checkpoint of the session shows here, with the files it changed.'
					: '';
			this.#changed.fire(undefined);
			await this.#count();
		} catch (error) {
			if (!isCancelled(error) && !reading.signal.aborted) this.#world.onError('timeline', error, session.id);
		}
	}

	/** Counts the lines of what is shown, newest first, and redraws each row once it is known. */
	async #count(): Promise<void> {
		const { signal } = this.#reading;
		const points = this.#timeline?.points.slice(-this.#rows).reverse() ?? [];
		try {
			await this.#world.counter.count(
				points,
				(counted) => {
					const nodes = counted.map((point) => this.#nodeOf({ kind: 'point', ...this.#of(point) }));
					if (!signal.aborted) this.#changed.fire(nodes);
				},
				signal,
			);
		} catch (error) {
			if (!isCancelled(error) && !signal.aborted) this.#world.onError('timeline.count', error);
		}
	}
}

function rowId(node: TimelineNode): string {
	if (node.kind === 'morePoints') return `${node.sessionId}/more`;
	return node.kind === 'point' ? `${node.sessionId}/${node.point}` : `${node.sessionId}/${node.point}/${node.key}`;
}

/** Names of files and words of others are shown as they are. */
function textTooltip(lines: readonly string[]): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString();
	for (const [index, line] of lines.entries()) {
		if (index > 0) tooltip.appendMarkdown('\n\n');
		tooltip.appendText(line);
	}
	return tooltip;
}
