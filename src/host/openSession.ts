/**
 * One session that is open in this window: its log's projection, what streams, what waits, and the running turn.
 * Tells what changed for a panel. Starts no turn itself (turnRunner.ts) and posts nothing (chatPanel.ts).
 */
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { SessionClosedError } from '../base/errors.ts';
import { plural } from '../base/text.ts';
import type { PromptQueue } from '../core/agent/promptQueue.ts';
import type { TurnEvent } from '../core/agent/turnTypes.ts';
import type { BlobCache } from '../core/context/loadBlobs.ts';
import type { Entry } from '../core/session/entry.ts';
import type { LogProblem, Session } from '../core/session/sessionTypes.ts';
import type { TranscriptItem } from '../protocol/transcriptItem.ts';
import type { Approvals } from './approvals.ts';
import type { BlobTexts } from './blobTexts.ts';
import { type LiveChange, LiveRows } from './liveRows.ts';
import { newestRows, type RowPage, rowsBefore } from './shownRows.ts';
import { replay, type Transcript } from './transcript.ts';
import { actionsFor, type ItemOf, notice, type TranscriptInputs } from './transcriptRows.ts';

export type SessionChange =
	| LiveChange
	/** All rows are new: send a snapshot. */
	| { readonly kind: 'reset' }
	/** Title, state, queue, mode, model or progress changed. */
	| { readonly kind: 'head' }
	/** The next request changed. */
	| { readonly kind: 'context' }
	| { readonly kind: 'asks'; readonly what: string };

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
	/** Rules added by *Always allow*. */
	readonly sessionRules: string[] = [];
	/** What the turns of this session loaded from the blob store. */
	readonly loadedTexts: BlobCache = new Map();
	readonly #live = new LiveRows();
	readonly #texts: BlobTexts;
	readonly #inputs: TranscriptInputs;
	readonly #changed: Emitter<SessionChange>;
	readonly #disposables = new DisposableStore();
	#transcript: Transcript;
	#notices: readonly TranscriptItem[] = [];
	#progress: string | null = null;
	#turn: RunningTurn | undefined;
	#free: Promise<void> = Promise.resolve();
	/** The user stopped the turn to send a queued prompt now. */
	isSteering = false;

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
		this.#transcript = replay(session.entries, session.branch(), inputs);
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
		const before = this.#free;
		const done = before.then(work);
		const onEnd = () => undefined;
		this.#free = done.then(onEnd, onEnd);
		return await done;
	}

	/** Resolves when nothing runs `alone`. */
	async whenFree(): Promise<void> {
		let awaited: Promise<void> | undefined;
		while (awaited !== this.#free) {
			awaited = this.#free;
			await awaited;
		}
	}

	get progress(): string | null {
		return this.#progress;
	}

	get needsUser(): boolean {
		return this.approvals.waitingCount > 0;
	}

	/** Everything a panel shows now, in order. */
	rows(): readonly TranscriptItem[] {
		const settled = this.#transcript.rows(this.isRunning).map((row) => this.#withProgress(row));
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

	/** The rows before the one with this id, with the texts that their edit cards need. */
	async rowsBefore(beforeId: string, count: number): Promise<RowPage<TranscriptItem>> {
		await this.#loadEdits(rowsBefore(this.#transcript.rows(true), beforeId, count).items);
		return rowsBefore(this.rows(), beforeId, count);
	}

	/** Something to say in the transcript that is no fact of the log. Replaces one with the same id. */
	notify(row: TranscriptItem): void {
		this.#notices = [...this.#notices.filter((one) => one.id !== row.id), row];
		this.#changed.fire({ kind: 'item', item: row });
	}

	clearNotices(): void {
		const gone = this.#notices;
		this.#notices = [];
		for (const row of gone) this.#changed.fire({ kind: 'removed', id: row.id });
	}

	onTurnEvent(event: TurnEvent): void {
		if (event.kind === 'retrying') this.#setProgress(retryText(event));
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

	#onEntry(entry: Entry): void {
		if (entry.type === 'rewind') {
			this.#transcript = replay(this.session.entries, this.session.branch(), this.#inputs);
			this.#changed.fire({ kind: 'reset' });
			this.#changed.fire({ kind: 'context' });
			return;
		}
		if (entry.type === 'restore' && entry.undoOf !== undefined) {
			this.#transcript = replay(this.session.entries, this.session.branch(), this.#inputs);
			this.#changed.fire({ kind: 'reset' });
			return;
		}
		for (const item of this.#transcript.apply(entry)) {
			this.#live.closed(item.id);
			this.#changed.fire({ kind: 'item', item: this.#withProgress(item) });
		}
		const toolUseId = 'toolUseId' in entry ? entry.toolUseId : undefined;
		if (toolUseId !== undefined && CONTENT_TYPES.has(entry.type)) void this.#refreshEdit(toolUseId);
		if (HEAD_TYPES.has(entry.type)) this.#changed.fire({ kind: 'head' });
		if (CONTEXT_TYPES.has(entry.type)) this.#changed.fire({ kind: 'context' });
	}

	/** True when rows were built again. */
	async #loadEdits(rows: readonly TranscriptItem[]): Promise<boolean> {
		const edits = rows.filter((row) => row.kind === 'edit');
		const needed = edits.flatMap((row) => this.#transcript.contentsOf(row.id));
		if (needed.length === 0) return false;
		await this.#texts.load(needed);
		for (const row of edits) this.#transcript.refresh(row.id);
		return true;
	}

	/** Its own barrier: `load` never rejects, and the rest cannot throw. */
	async #refreshEdit(toolUseId: string): Promise<void> {
		const needed = this.#transcript.contentsOf(toolUseId);
		await this.#texts.load(needed);
		const item = this.#transcript.refresh(toolUseId);
		if (item) this.#changed.fire({ kind: 'item', item });
	}

	#onApproval(change: Parameters<Parameters<Approvals['onDidChange']>[0]>[0]): void {
		switch (change.kind) {
			case 'asked':
				this.#changed.fire({ kind: 'item', item: change.row });
				this.#changed.fire({ kind: 'asks', what: change.what });
				break;
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
		if (row.kind !== 'tool' || row.state !== 'running') return row;
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
const HEAD_TYPES: ReadonlySet<string> = new Set(['user', 'title', 'mode', 'model', 'turnEnded', 'restore', 'tail']);
const CONTEXT_TYPES: ReadonlySet<string> = new Set([
	'user',
	'attachment',
	'assistant',
	'assistantEnded',
	'toolResult',
	'reminder',
	'turnEnded',
	'model',
	'prefix',
]);

const MAX_SHOWN_PROBLEMS = 5;
const UNREADABLE_TEXT =
	'Part of this session’s log is damaged. It stays in the file and is left out here. All the rest is shown, and you can go on from it.';
const LATE_TEXT =
	'came from a window that no longer owned the session. They stay in the file and are left out of the conversation.';

const CUT_OFF = notice(
	'local:interrupted',
	'info',
	'The window closed while this turn ran. What was finished is kept. Try again, or send something else.',
	[{ label: 'Try Again', action: 'retry' }],
);

/** The last turn has neither ended nor been marked as interrupted. */
function isCutOff(branch: readonly Entry[]): boolean {
	const last = branch.findLast((entry) => ['user', 'turnEnded', 'interrupted'].includes(entry.type));
	return last?.type === 'user';
}

/** How to go on with a session that cannot be written here; why is said above the transcript. */
export function readOnlyNotice(session: Session): ItemOf<'notice'> {
	const isNewer = session.problems.some((problem) => problem.kind === 'newerVersion');
	if (isNewer) return notice('local:read-only', 'info', 'Nothing can be sent here.');
	const text =
		'To go on here, take the session over: the other window can then only read it, and a turn that runs there stops. Or go on in a fork, which is a session of its own.';
	return notice('local:read-only', 'info', text, actionsFor('session-read-only'));
}

/** What is wrong with the log, in at most two notices: what cannot be read, and what came too late. */
function problemNotices(problems: readonly LogProblem[]): TranscriptItem[] {
	const unreadable = problems.filter(({ kind }) => kind !== 'duplicate' && kind !== 'late');
	const late = problems.filter(({ kind }) => kind === 'late');
	const log = actionsFor('log');
	const notices: TranscriptItem[] = [];
	if (unreadable.length > 0) {
		const lines = unreadable.slice(0, MAX_SHOWN_PROBLEMS).map(({ message }) => `• ${message.replace(/\.?$/, '.')}`);
		if (unreadable.length > lines.length) lines.push(`• and ${unreadable.length - lines.length} more`);
		const text = [UNREADABLE_TEXT, ...lines].join('\n');
		notices.push(notice('local:problems', 'warning', text, log));
	}
	if (late.length > 0)
		notices.push(notice('local:late', 'info', `${plural(late.length, 'line')} of the log ${LATE_TEXT}`, log));
	return notices;
}

/** `Overloaded. Trying again in 4 s (2 of 8)`. */
function retryText(event: Extract<TurnEvent, { kind: 'retrying' }>): string {
	const seconds = Math.max(1, Math.round(event.delayMs / 1000));
	const cause = event.message.replace(/\.$/, '');
	return `${cause}. Trying again in ${seconds} s (${event.attempt} of ${event.maxAttempts})`;
}
