/**
 * One session that is open in this window: its log's projection, what streams, what waits, and the running turn.
 * Tells what changed for a panel. Starts no turn itself (turnRunner.ts) and posts nothing (chatPanel.ts).
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { SessionClosedError } from '../../base/errors.ts';
import type { PromptQueue } from '../../core/agent/promptQueue.ts';
import type { TurnEvent } from '../../core/agent/turnTypes.ts';
import type { RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import type { BlobCache } from '../../core/context/loadBlobs.ts';
import type { SummaryDraft } from '../../core/context/summaryDraft.ts';
import { type Entry, isConversation } from '../../core/session/entry.ts';
import type { LogNow } from '../../core/session/registry.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { BriefReview } from '../context/briefReview.ts';
import { SummaryReview } from '../context/summaryReview.ts';
import { newestRows, type RowPage, rowsBefore } from '../panel/shownRows.ts';
import type { Approvals } from '../permission/approvals.ts';
import { redoableRewind } from '../rewind/rewindHistory.ts';
import type { BlobTexts } from '../transcript/blobTexts.ts';
import { ConflictRows } from '../transcript/conflictRows.ts';
import { type LiveChange, LiveRows } from '../transcript/liveRows.ts';
import { UNDONE_ROW } from '../transcript/rewoundRow.ts';
import {
	CUT_OFF,
	compactingText,
	isCutOff,
	isNewerVersion,
	OWNER_LEFT,
	problemNotices,
	readOnlyNotice,
	retryText,
	waitingText,
} from '../transcript/sessionNotices.ts';
import { replay, type Transcript } from '../transcript/transcript.ts';
import type { TranscriptInputs } from '../transcript/transcriptRows.ts';
import { AgentLanes, type LaneChange } from './agentLanes.ts';
import { OneByOne } from './oneByOne.ts';

export type SessionChange =
	| LiveChange
	/** All rows are new: send a snapshot. */
	| { readonly kind: 'reset' }
	/** Title, state, queue, mode, model or progress changed. */
	| { readonly kind: 'head' }
	/** The next request changed. */
	| { readonly kind: 'context' }
	| { readonly kind: 'asks'; readonly what: string }
	| LaneChange;

/** A turn that runs. `done` resolves when it has ended, however it ended. */
export type RunningTurn = {
	/** Without a reason, the user stops it. */
	readonly abort: (reason?: SessionClosedError) => void;
	readonly done: Promise<void>;
};

export class OpenSession implements Disposable {
	readonly session: Session;
	readonly approvals: Approvals;
	readonly queue: PromptQueue;
	/** It was open in another window, and this one took it. */
	wasTakenOver = false;
	/** Rules added by *Always allow*. */
	readonly sessionRules: string[] = [];
	/** What the turns of this session loaded from the blob store. */
	readonly loadedTexts: BlobCache = new Map();
	/** A summary that waits for the user. */
	readonly summaryReview = new SummaryReview(() => this.headChanged());
	readonly agents: AgentLanes;
	readonly briefReview = new BriefReview(() => this.headChanged());
	readonly #live: LiveRows;
	readonly #conflicts: ConflictRows;
	readonly #texts: BlobTexts;
	readonly #inputs: TranscriptInputs;
	readonly #changed: Emitter<SessionChange>;
	readonly #disposables = new DisposableStore();
	#transcript: Transcript;
	#notices: readonly TranscriptItem[] = [];
	#progress: string | null = null;
	#turn: RunningTurn | undefined;
	readonly #alone = new OneByOne(() => this.#restoreEnded());
	/** Files are being restored: until the last one is written, nothing of it can be undone or made again. */
	#isRestoring = false;
	#holder: LogNow['holder'];
	/** The user stopped the turn to send a queued prompt now. */
	isSteering = false;
	/** What the dialog `Rewind` on the screen was made from. */
	shownPlan: RestorePlan | undefined;

	readonly onDidChange: Event<SessionChange>;

	/** `onError` is told what a listener throws: a turn must not break on a panel that is gone. */
	constructor(
		session: Session,
		queue: PromptQueue,
		approvals: Approvals,
		texts: BlobTexts,
		inputs: TranscriptInputs,
		onError?: (error: unknown) => void,
	) {
		this.#changed = new Emitter(onError);
		this.onDidChange = this.#changed.event;
		this.session = session;
		this.queue = queue;
		this.approvals = approvals;
		this.#texts = texts;
		this.#inputs = inputs;
		this.#live = new LiveRows(inputs);
		this.agents = this.#disposables.add(new AgentLanes(session, inputs, (id) => this.row(id)));
		this.agents.onDidChange((change) => this.#changed.fire(change));
		this.#conflicts = new ConflictRows(() => session.entries);
		this.#transcript = replay(session.entries, session.branch(), inputs);
		this.#holder =
			session.readOnlyReason !== undefined && !isNewerVersion(session) && !isInTrash(session) ? 'other' : 'us';
		// At the end, where a person looks when a session opens.
		this.#notices = [
			...problemNotices(session.problems),
			...(session.readOnlyReason !== undefined
				? [readOnlyNotice(session)]
				: isCutOff(session.branch())
					? [CUT_OFF]
					: []),
		];
		this.#disposables.add(session.onDidAppend((entry) => this.#onEntry(entry)));
		this.#disposables.add(session.onDidLoad(() => this.#replay()));
		this.#disposables.add(session.onDidChangeState(() => this.#changed.fire({ kind: 'head' })));
		this.#disposables.add(this.queue.onDidChange(() => this.#changed.fire({ kind: 'head' })));
		this.#disposables.add(approvals.onDidChange((change) => this.#onApproval(change)));
		this.#disposables.add(this.#changed);
	}

	get turn(): RunningTurn | undefined {
		return this.#turn;
	}

	set turn(turn: RunningTurn | undefined) {
		this.#turn = turn;
		if (!turn) {
			this.#progress = null;
			for (const change of this.#live.clear()) this.#changed.fire(change);
		}
		this.#changed.fire({ kind: 'head' });
	}

	get isRunning(): boolean {
		return this.#turn !== undefined;
	}

	/** Runs `work` after all work of this kind that was asked for before: rewinds come one by one, and no turn starts meanwhile. */
	async alone<T>(work: () => Promise<T>): Promise<T> {
		return await this.#alone.run(work);
	}

	/** Resolves when nothing runs `alone`. */
	async whenFree(): Promise<void> {
		await this.#alone.whenFree();
	}

	/** Rejects with CancelledError when `signal` aborts first. */
	async reviewSummary(draft: SummaryDraft, signal: AbortSignal): Promise<string | undefined> {
		this.#setProgress(null);
		return await this.summaryReview.ask(draft, signal);
	}

	get progress(): string | null {
		return this.#progress ?? (this.isRunningElsewhere ? 'Running in another window' : null);
	}

	/** Another window holds the session and is in a turn. */
	get isRunningElsewhere(): boolean {
		return this.#holder === 'other' && isCutOff(this.session.branch());
	}

	/** Who may write the log now. When the other window leaves a session that is read-only here, the user may go on. */
	holderChanged(holder: LogNow['holder']): void {
		if (holder === this.#holder || this.session.readOnlyReason === undefined || isNewerVersion(this.session)) return;
		this.#holder = holder;
		this.notify(holder === 'nobody' ? OWNER_LEFT : readOnlyNotice(this.session));
		this.#changed.fire({ kind: 'reset' });
	}

	/** Why nothing can be sent now, for a person; undefined when it can. */
	get readOnlyText(): string | undefined {
		const { readOnlyReason } = this.session;
		return readOnlyReason !== undefined && this.#holder === 'nobody' ? LEFT_TEXT : readOnlyReason;
	}

	get needsUser(): boolean {
		return (
			[this.summaryReview, this.briefReview].some(({ shown }) => shown !== null) || this.approvals.waitingCount > 0
		);
	}

	/** Everything a panel shows now, in order. */
	rows(): readonly TranscriptItem[] {
		const undone = redoableRewind(this.session.entries) ? [UNDONE_ROW] : [];
		const settled = this.#conflicts
			.fill([...this.#transcript.rows(this.isRunning || this.isRunningElsewhere), ...undone])
			.map((row) => this.#withProgress(row));
		const known = new Set(settled.map((row) => row.id));
		const live = this.#live.rows().filter((row) => !known.has(row.id));
		return [...settled, ...live, ...this.approvals.rows(), ...this.#notices];
	}

	row(id: string): TranscriptItem | undefined {
		return this.#transcript.row(id);
	}

	/** Loads the texts that edit cards need, then builds the rows again. Call once after opening. */
	async loadTexts(lastRows: number): Promise<void> {
		const isChanged = await this.#loadEdits(newestRows(this.#transcript.rows(true), lastRows).items);
		if (isChanged) this.#changed.fire({ kind: 'reset' });
	}

	/** The newest rows that are loaded. */
	newestRows(count: number): RowPage<TranscriptItem> {
		const page = newestRows(this.rows(), count);
		return { ...page, hasOlder: page.hasOlder || this.session.hasOlder };
	}

	/** The rows before the one with this id, with the texts that their edit cards need; read from the log when they are not loaded. */
	async rowsBefore(beforeId: string, count: number): Promise<RowPage<TranscriptItem>> {
		const { session } = this;
		const loaded = () => rowsBefore(this.#transcript.rows(true), beforeId, count);
		while (loaded().items.length < count && session.hasOlder) if (!(await session.loadOlder())) break;
		await this.#loadEdits(loaded().items);
		const page = rowsBefore(this.rows(), beforeId, count);
		return { ...page, hasOlder: page.hasOlder || session.hasOlder };
	}

	/** Something to say in the transcript that is no fact of the log. Replaces one with the same id. */
	notify(row: TranscriptItem): void {
		this.#notices = [...this.#notices.filter((one) => one.id !== row.id), row];
		this.#changed.fire({ kind: 'item', item: row });
	}

	/** Takes back what `notify` said under this id. */
	unnotify(id: string): void {
		if (!this.#notices.some((one) => one.id === id)) return;
		this.#notices = this.#notices.filter((one) => one.id !== id);
		this.#changed.fire({ kind: 'removed', id });
	}

	clearNotices(): void {
		const gone = this.#notices;
		this.#notices = [];
		for (const row of gone) this.#changed.fire({ kind: 'removed', id: row.id });
	}

	onTurnEvent(event: TurnEvent): void {
		if (event.kind === 'retrying') this.#setProgress(retryText(event));
		else if (event.kind === 'waiting') this.#setProgress(waitingText(event.why));
		else if (event.kind === 'compacting') this.#setProgress(compactingText(event));
		else if (event.kind === 'requestStarted' || this.#progress !== null) this.#setProgress(null);
		for (const change of this.#live.on(event)) this.#changed.fire(change);
	}

	/** The mode, model or something else above the composer changed. */
	headChanged(): void {
		this.#changed.fire({ kind: 'head' });
	}

	contextChanged(): void {
		this.#changed.fire({ kind: 'context' });
	}

	dispose(): void {
		this.#turn?.abort(new SessionClosedError());
		this.#disposables.dispose();
	}

	#restoreEnded(): void {
		if (!this.#isRestoring) return;
		this.#isRestoring = false;
		this.#changed.fire({ kind: 'reset' });
	}

	#onEntry(entry: Entry): void {
		if (entry.type === 'restore') this.#isRestoring = this.#alone.isBusy;
		let hasOtherConflicts = this.#conflicts.isChangedBy(entry);
		if (entry.type === 'rewind') {
			this.#replay();
			this.#changed.fire({ kind: 'reset' });
			this.#changed.fire({ kind: 'context' });
			return;
		}
		if (entry.type === 'restore' && entry.undoOf !== undefined) {
			this.#replay();
			this.#changed.fire({ kind: 'reset' });
			return;
		}
		if (isConversation(entry)) this.#changed.fire({ kind: 'removed', id: UNDONE_ROW.id });
		for (const item of this.#transcript.apply(entry)) {
			this.#live.closed(item.id);
			// Alone, the row does not know its conflicts.
			hasOtherConflicts ||= item.kind === 'rewound' && this.#conflicts.hasAny;
			this.#changed.fire({ kind: 'item', item: this.#withProgress(item) });
		}
		if (hasOtherConflicts) this.#changed.fire({ kind: 'reset' });
		const toolUseId = 'toolUseId' in entry ? entry.toolUseId : undefined;
		if (toolUseId !== undefined && this.#hasNewContents(entry, toolUseId)) void this.#refreshEdit(toolUseId);
		if (HEAD_TYPES.has(entry.type)) this.#changed.fire({ kind: 'head' });
		if (isConversation(entry) || CONTEXT_TYPES.has(entry.type)) this.#changed.fire({ kind: 'context' });
	}

	#replay(): void {
		this.#conflicts.reset();
		this.#transcript = replay(this.session.entries, this.session.branch(), this.#inputs);
	}

	#hasNewContents(entry: Entry, toolUseId: string): boolean {
		// Of a command all is known with its result.
		if (entry.type === 'toolResult') return this.row(toolUseId)?.kind === 'tool';
		return CONTENT_TYPES.has(entry.type) && !(entry.type === 'fileOperation' && entry.state === 'done');
	}

	/** True when rows were built again. */
	async #loadEdits(rows: readonly TranscriptItem[]): Promise<boolean> {
		const needing = rows.filter((row) => this.#transcript.contentsOf(row.id).length > 0);
		if (needing.length === 0) return false;
		await this.#texts.load(needing.flatMap((row) => this.#transcript.contentsOf(row.id)));
		for (const row of needing) {
			await this.#countLines(row.id);
			this.#transcript.refresh(row.id);
		}
		return true;
	}

	/** Its own barrier: `load` never rejects, and the rest cannot throw. */
	async #refreshEdit(toolUseId: string): Promise<void> {
		const needed = this.#transcript.contentsOf(toolUseId);
		await this.#texts.load(needed);
		await this.#countLines(toolUseId);
		const item = this.#transcript.refresh(toolUseId);
		if (item) this.#changed.fire({ kind: 'item', item });
	}

	/** File by file: comparing takes its time, and the editor goes on in between. */
	async #countLines(toolUseId: string): Promise<void> {
		while (this.#transcript.countNext(toolUseId)) await new Promise<void>((resolve) => setTimeout(resolve, 0));
	}

	#onApproval(change: Parameters<Parameters<Approvals['onDidChange']>[0]>[0]): void {
		switch (change.kind) {
			case 'asked':
				this.#changed.fire({ kind: 'item', item: change.row });
				this.#changed.fire({ kind: 'asks', what: change.what });
				break;
			case 'updated':
				this.#changed.fire({ kind: 'item', item: change.row });
				return;
			case 'answered':
				this.#changed.fire({ kind: 'removed', id: change.id });
				break;
			case 'edits':
				if (change.what !== undefined) this.#changed.fire({ kind: 'asks', what: change.what });
				break;
		}
		this.#changed.fire({ kind: 'head' });
	}

	#withProgress(row: TranscriptItem): TranscriptItem {
		if (row.kind === 'rewound' && this.#isRestoring) return { ...row, canUndo: false, canRedo: false };
		if (row.kind !== 'tool' || row.state !== 'running') return row;
		if (row.agent) return this.agents.withLive(row);
		const preview = this.#live.progressOf(row.id);
		return preview === '' ? row : { ...row, preview };
	}

	#setProgress(progress: string | null): void {
		if (this.#progress === progress) return;
		this.#progress = progress;
		this.#changed.fire({ kind: 'head' });
	}
}

const CONTENT_TYPES: ReadonlySet<string> = new Set(['editProposed', 'editDecided', 'fileOperation']);
const HEAD_TYPES: ReadonlySet<string> = new Set([
	'user',
	'title',
	'mode',
	'model',
	'turnEnded',
	'interrupted',
	'restore',
	'taskList',
	'tail',
]);
/** Besides the conversation. */
const CONTEXT_TYPES: ReadonlySet<string> = new Set(['model', 'prefix', 'count']);

const LEFT_TEXT = 'The other window closed this session. It can be read here; go on with it below.';
