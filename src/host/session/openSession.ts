/**
 * One session that is open in this window: its rows (sessionRows.ts), the prompts and questions that wait, the running turn, and who holds its log.
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
import type { Approvals } from '../asking/approvals.ts';
import { OneByOne } from '../oneByOne.ts';
import type { BlobTexts } from '../transcript/blobTexts.ts';
import {
	compactingText,
	isCutOff,
	isNewerVersion,
	OWNER_LEFT,
	readOnlyNotice,
	retryText,
	waitingText,
} from '../transcript/sessionNotices.ts';
import type { RowPage } from '../transcript/shownRows.ts';
import type { TranscriptInputs } from '../transcript/transcriptRows.ts';
import { AgentLanes, type LaneChange } from './agentLanes.ts';
import { BriefReview } from './briefReview.ts';
import { movesTheConversation, type RowChange, SessionRows } from './sessionRows.ts';
import { SummaryReview } from './summaryReview.ts';

export type SessionChange =
	| RowChange
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
	readonly #rows: SessionRows;
	readonly #changed: Emitter<SessionChange>;
	readonly #disposables = new DisposableStore();
	#progress: string | null = null;
	#turn: RunningTurn | undefined;
	readonly #alone = new OneByOne(() => this.#rows.restoreEnded());
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
		this.#rows = new SessionRows(session, {
			...{ texts, inputs },
			isRunning: () => this.isRunning || this.isRunningElsewhere,
			isBusy: () => this.#alone.isBusy,
			asked: () => approvals.rows(),
			withAgent: (row) => this.agents.withLive(row),
			tell: (change) => this.#changed.fire(change),
		});
		this.agents = this.#disposables.add(new AgentLanes(session, inputs, (id) => this.row(id)));
		this.agents.onDidChange((change) => this.#changed.fire(change));
		this.#holder =
			session.readOnlyReason !== undefined && !isNewerVersion(session) && !isInTrash(session) ? 'other' : 'us';
		this.#disposables.add(session.onDidAppend((entry) => this.#onEntry(entry)));
		this.#disposables.add(session.onDidLoad(() => this.#rows.replay()));
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
			this.#rows.turnEnded();
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
		return this.#rows.all();
	}

	row(id: string): TranscriptItem | undefined {
		return this.#rows.find(id);
	}

	/** Loads the texts that edit cards need, then builds the rows again. Call once after opening. */
	async loadTexts(lastRows: number): Promise<void> {
		await this.#rows.loadTexts(lastRows);
	}

	/** The newest rows that are loaded. */
	newestRows(count: number): RowPage<TranscriptItem> {
		return this.#rows.newest(count);
	}

	/** The rows before the one with this id, with the texts that their edit cards need; read from the log when they are not loaded. */
	async rowsBefore(beforeId: string, count: number): Promise<RowPage<TranscriptItem>> {
		return await this.#rows.before(beforeId, count);
	}

	/** Something to say in the transcript that is no fact of the log. Replaces one with the same id. */
	notify(row: TranscriptItem): void {
		this.#rows.notify(row);
	}

	/** Takes back what `notify` said under this id. */
	unnotify(id: string): void {
		this.#rows.unnotify(id);
	}

	clearNotices(): void {
		this.#rows.clearNotices();
	}

	onTurnEvent(event: TurnEvent): void {
		if (event.kind === 'retrying') this.#setProgress(retryText(event));
		else if (event.kind === 'waiting') this.#setProgress(waitingText(event.why));
		else if (event.kind === 'compacting') this.#setProgress(compactingText(event));
		else if (event.kind === 'requestStarted' || this.#progress !== null) this.#setProgress(null);
		this.#rows.onTurnEvent(event);
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

	#onEntry(entry: Entry): void {
		this.#rows.onEntry(entry);
		if (HEAD_TYPES.has(entry.type) && !movesTheConversation(entry)) this.#changed.fire({ kind: 'head' });
		if (isConversation(entry) || CONTEXT_TYPES.has(entry.type)) this.#changed.fire({ kind: 'context' });
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

	#setProgress(progress: string | null): void {
		if (this.#progress === progress) return;
		this.#progress = progress;
		this.#changed.fire({ kind: 'head' });
	}
}

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
const CONTEXT_TYPES: ReadonlySet<string> = new Set(['model', 'prefix', 'count', 'rewind']);

const LEFT_TEXT = 'The other window closed this session. It can be read here; go on with it below.';
