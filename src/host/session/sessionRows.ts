/**
 * The rows of one open session as a panel shows them: the transcript of its log, what streams, what waits for the user, and notices that are no
 * fact of the log. Tells which rows are other ones now. Knows no turn and posts nothing.
 */
import type { TurnEvent } from '../../core/agent/turnTypes.ts';
import { type Entry, isConversation } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { redoableRewind } from '../rewind/rewindHistory.ts';
import type { BlobTexts } from '../transcript/blobTexts.ts';
import { ConflictRows } from '../transcript/conflictRows.ts';
import { bringsContents } from '../transcript/fileRows.ts';
import { type LiveChange, LiveRows } from '../transcript/liveRows.ts';
import { replay } from '../transcript/replay.ts';
import { UNDONE_ROW } from '../transcript/rewoundRow.ts';
import { CUT_OFF, isCutOff, problemNotices, readOnlyNotice } from '../transcript/sessionNotices.ts';
import { newestRows, type RowPage, rowsBefore } from '../transcript/shownRows.ts';
import type { Transcript } from '../transcript/transcript.ts';
import type { TranscriptInputs } from '../transcript/transcriptRows.ts';

export type RowChange =
	| LiveChange
	/** All rows are new: send a snapshot. */
	| { readonly kind: 'reset' };

export type RowWorld = {
	readonly texts: BlobTexts;
	readonly inputs: TranscriptInputs;
	/** A turn runs, here or in another window. */
	isRunning(): boolean;
	/** A rewind or the like is under way. */
	isBusy(): boolean;
	/** What waits for an answer of the user. */
	asked(): readonly TranscriptItem[];
	/** The row of a call with what its agent does now. */
	withAgent(row: TranscriptItem): TranscriptItem;
	tell(change: RowChange): void;
};

export class SessionRows {
	readonly #session: Session;
	readonly #world: RowWorld;
	readonly #live: LiveRows;
	readonly #conflicts: ConflictRows;
	#transcript: Transcript;
	#notices: readonly TranscriptItem[];
	/** Files are being restored: until the last one is written, nothing of it can be undone or made again. */
	#isRestoring = false;

	constructor(session: Session, world: RowWorld) {
		this.#session = session;
		this.#world = world;
		this.#live = new LiveRows(world.inputs);
		this.#conflicts = new ConflictRows(() => session.entries);
		this.#transcript = replay(session.entries, session.branch(), world.inputs);
		// At the end, where a person looks when a session opens.
		this.#notices = [
			...problemNotices(session.problems),
			...(session.readOnlyReason !== undefined
				? [readOnlyNotice(session)]
				: isCutOff(session.branch())
					? [CUT_OFF]
					: []),
		];
	}

	/** All of them, in order. */
	all(): readonly TranscriptItem[] {
		const undone = redoableRewind(this.#session.entries) ? [UNDONE_ROW] : [];
		const settled = this.#conflicts
			.fill([...this.#transcript.rows(this.#world.isRunning()), ...undone])
			.map((row) => this.#withProgress(row));
		const known = new Set(settled.map((row) => row.id));
		const live = this.#live.rows().filter((row) => !known.has(row.id));
		return [...settled, ...live, ...this.#world.asked(), ...this.#notices];
	}

	/** As the log has it. */
	find(id: string): TranscriptItem | undefined {
		return this.#transcript.row(id);
	}

	/** Loads the texts that edit cards need, then builds the rows again. */
	async loadTexts(lastRows: number): Promise<void> {
		const isChanged = await this.#loadEdits(newestRows(this.#transcript.rows(true), lastRows).items);
		if (isChanged) this.#world.tell({ kind: 'reset' });
	}

	newest(count: number): RowPage<TranscriptItem> {
		const page = newestRows(this.all(), count);
		return { ...page, hasOlder: page.hasOlder || this.#session.hasOlder };
	}

	async before(beforeId: string, count: number): Promise<RowPage<TranscriptItem>> {
		const session = this.#session;
		const loaded = () => rowsBefore(this.#transcript.rows(true), beforeId, count);
		while (loaded().items.length < count && session.hasOlder) if (!(await session.loadOlder())) break;
		await this.#loadEdits(loaded().items);
		const page = rowsBefore(this.all(), beforeId, count);
		return { ...page, hasOlder: page.hasOlder || session.hasOlder };
	}

	notify(row: TranscriptItem): void {
		this.#notices = [...this.#notices.filter((one) => one.id !== row.id), row];
		this.#world.tell({ kind: 'item', item: row });
	}

	unnotify(id: string): void {
		if (!this.#notices.some((one) => one.id === id)) return;
		this.#notices = this.#notices.filter((one) => one.id !== id);
		this.#world.tell({ kind: 'removed', id });
	}

	clearNotices(): void {
		const gone = this.#notices;
		this.#notices = [];
		for (const row of gone) this.#world.tell({ kind: 'removed', id: row.id });
	}

	onTurnEvent(event: TurnEvent): void {
		for (const change of this.#live.on(event)) this.#world.tell(change);
	}

	/** Nothing streams any more. */
	turnEnded(): void {
		for (const change of this.#live.clear()) this.#world.tell(change);
	}

	/** What came before the loaded entries was loaded. */
	replay(): void {
		this.#conflicts.reset();
		this.#transcript = replay(this.#session.entries, this.#session.branch(), this.#world.inputs);
	}

	/** Nothing is under way any more. */
	restoreEnded(): void {
		if (!this.#isRestoring) return;
		this.#isRestoring = false;
		this.#world.tell({ kind: 'reset' });
	}

	onEntry(entry: Entry): void {
		if (entry.type === 'restore') this.#isRestoring = this.#world.isBusy();
		let hasOtherConflicts = this.#conflicts.isChangedBy(entry);
		if (movesTheConversation(entry)) {
			this.replay();
			this.#world.tell({ kind: 'reset' });
			return;
		}
		if (isConversation(entry)) this.#world.tell({ kind: 'removed', id: UNDONE_ROW.id });
		for (const item of this.#transcript.apply(entry)) {
			this.#live.closed(item.id);
			// Alone, the row does not know its conflicts.
			hasOtherConflicts ||= item.kind === 'rewound' && this.#conflicts.hasAny;
			this.#world.tell({ kind: 'item', item: this.#withProgress(item) });
		}
		if (hasOtherConflicts) this.#world.tell({ kind: 'reset' });
		const toolUseId = 'toolUseId' in entry ? entry.toolUseId : undefined;
		if (toolUseId !== undefined && bringsContents(entry, this.find(toolUseId))) void this.#refreshEdit(toolUseId);
	}

	/** True when rows were built again. */
	async #loadEdits(rows: readonly TranscriptItem[]): Promise<boolean> {
		const needing = rows.filter((row) => this.#transcript.contentsOf(row.id).length > 0);
		if (needing.length === 0) return false;
		await this.#world.texts.load(needing.flatMap((row) => this.#transcript.contentsOf(row.id)));
		for (const row of needing) {
			await this.#countLines(row.id);
			this.#transcript.refresh(row.id);
		}
		return true;
	}

	/** Its own barrier: `load` never rejects, and the rest cannot throw. */
	async #refreshEdit(toolUseId: string): Promise<void> {
		const needed = this.#transcript.contentsOf(toolUseId);
		await this.#world.texts.load(needed);
		await this.#countLines(toolUseId);
		const item = this.#transcript.refresh(toolUseId);
		if (item) this.#world.tell({ kind: 'item', item });
	}

	/** File by file: comparing takes its time, and the editor goes on in between. */
	async #countLines(toolUseId: string): Promise<void> {
		while (this.#transcript.countNext(toolUseId)) await new Promise<void>((resolve) => setTimeout(resolve, 0));
	}

	#withProgress(row: TranscriptItem): TranscriptItem {
		if (row.kind === 'rewound' && this.#isRestoring) return { ...row, canUndo: false, canRedo: false };
		if (row.kind !== 'tool' || row.state !== 'running') return row;
		if (row.agent) return this.#world.withAgent(row);
		const preview = this.#live.progressOf(row.id);
		return preview === '' ? row : { ...row, preview };
	}
}

/** Rows that were there are gone with it, or back. */
export function movesTheConversation(entry: Entry): boolean {
	return entry.type === 'rewind' || (entry.type === 'restore' && entry.undoOf !== undefined);
}
