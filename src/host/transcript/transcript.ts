/**
 * Entries → TranscriptItems: the single translation between the log and the panel. Pure.
 * A transcript is fed entries in file order, live or replayed, and gives the same rows both ways: row ids are entry ids,
 * tool call ids and `messageId:index`. It asks nobody, loads nothing and knows no deltas (see liveRows.ts).
 */
import type { EntryId } from '../../base/ids.ts';
import { CACHE_MISS } from '../../core/agent/cacheMissNote.ts';
import { type AssistantBlock, isToolUseBlock } from '../../core/session/content.ts';
import { type Entry, type EntryOf, isConversation } from '../../core/session/entry.ts';
import type { ContentHash, ContentRef } from '../../core/session/fileFields.ts';
import { plainName } from '../../core/session/titles.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { hiddenRewinds, isUndoOf } from '../rewind/rewindHistory.ts';
import { AgentEntries } from './agentEntries.ts';
import { CallChanges } from './callChanges.ts';
import { compactedItem } from './compactedItem.ts';
import { type Cost, NO_COST, turnCostNote, withReply } from './costWords.ts';
import { hookRow, withInput } from './hookRow.ts';
import { rewoundRow, undoneRow } from './rewoundRow.ts';
import {
	abandonedRow,
	actionsOfNotice,
	blockRowId,
	briefRow,
	callRow,
	deniedRow,
	endedInBackground,
	finishedRow,
	type ItemOf,
	newsText,
	notice,
	promptRow,
	RETRY,
	runRows,
	type TranscriptInputs,
	turnEndRow,
	withAttachment,
	withDiff,
} from './transcriptRows.ts';

export class Transcript {
	readonly #inputs: TranscriptInputs;
	readonly #rows: TranscriptItem[] = [];
	readonly #indexById = new Map<string, number>();
	/** Stored contents of each edit call: what it started from and what came of it. */
	readonly #contents = new Map<string, { before?: ContentRef; after?: ContentRef | ContentHash }>();
	/** What commands and the like changed. */
	readonly #changes = new Map<string, CallChanges>();
	/** Calls that began to change a file. */
	readonly #hasWritten = new Set<string>();
	/** Names of the tools of calls. */
	readonly #tools = new Map<string, string>();
	#lastConversation: EntryId | null = null;
	#promptRowId: string | undefined;
	#briefRowId: string | undefined;
	#rewoundRowId: string | undefined;
	#costUsd: number | null = 0;
	#cost: Cost = NO_COST;
	#cacheNote: string | undefined;
	#pendingRestore: EntryOf<'restore'> | undefined;
	/** An undo that left conflicts. */
	#undone: EntryOf<'restore'> | undefined;
	/** What agents did that work for the session. */
	readonly #agents = new AgentEntries({
		row: (id) => this.row(id),
		put: (row) => this.#put(row),
		proposed: (entry) => this.#proposed(entry),
		decided: (entry) => this.#decided(entry),
		operated: (entry) => this.#operated(entry),
	});
	readonly #failures = new Map<string, NonNullable<EntryOf<'restoreDone'>['failures']>>();

	constructor(inputs: TranscriptInputs) {
		this.#inputs = inputs;
	}

	/** The rows now. With `isRunning` false, calls without a result read as interrupted. */
	rows(isRunning: boolean): readonly TranscriptItem[] {
		if (isRunning) return this.#rows;
		return this.#rows.map((row) => abandonedRow(this.#withChanges(row), this.#hasWritten.has(row.id)));
	}

	row(id: string): TranscriptItem | undefined {
		const index = this.#indexById.get(id);
		return index === undefined ? undefined : this.#rows[index];
	}

	/** Takes the next entry of the branch (or its ledger) and returns the rows that are new or changed. */
	apply(entry: Entry): readonly TranscriptItem[] {
		if (entry.agentId !== 'main' && !isConversation(entry)) return this.#agents.apply(entry);
		const changed: TranscriptItem[] = [];
		if (isConversation(entry)) {
			this.#lastConversation = entry.id;
			this.#pendingRestore = undefined;
			const rewound = this.#rewoundRowId === undefined ? undefined : this.row(this.#rewoundRowId);
			if (rewound?.kind === 'rewound' && rewound.canUndo) changed.push(this.#put({ ...rewound, canUndo: false }));
			this.#rewoundRowId = undefined;
			const undone = this.#undone;
			this.#undone = undefined;
			if (undone) changed.push(this.#put(undoneRow(undone, this.#failures.get(undone.id) ?? [])));
		}
		const brief = this.#briefRowId === undefined ? undefined : this.row(this.#briefRowId);
		if (entry.type === 'user' && brief?.kind === 'brief' && brief.canEdit)
			changed.push(this.#put({ ...brief, canEdit: false }));
		const ended = entry.type === 'notice' && entry.background ? this.row(entry.background.toolUseId) : undefined;
		if (ended?.kind === 'tool' && entry.type === 'notice' && entry.background)
			changed.push(this.#put(endedInBackground(ended, entry.background)));
		const row = this.#rowOf(entry);
		if (row) changed.push(this.#put(row));
		if (entry.type === 'user') for (const run of runRows(entry, this.#inputs)) changed.push(this.#put(run));
		return changed;
	}

	/** An undo has no row of its own; one that left conflicts gets one when the conversation goes on, where they can be found. */
	applyUndo(restore: EntryOf<'restore'>): void {
		this.#undone = restore;
	}

	/** Builds the row of this call again, after its contents were loaded. */
	refresh(toolUseId: string): TranscriptItem | undefined {
		const row = this.row(toolUseId);
		if (row?.kind === 'tool' && row.changes) return this.#put(this.#withChanges(row));
		return row?.kind === 'edit' ? this.#put(this.#diffed(row)) : undefined;
	}

	/** Counts the lines of one more file that a call changed; false when all are. */
	countNext(toolUseId: string): boolean {
		const row = this.row(toolUseId);
		if (row?.kind !== 'tool' || !row.changes) return false;
		const text = (hash: string) => this.#inputs.blobText({ $blob: hash });
		return this.#changes.get(toolUseId)?.countNext(text, this.#inputs.diff) ?? false;
	}

	/** Blobs whose text a row needs: call `countNext` and `refresh` once they are loaded. */
	contentsOf(toolUseId: string): readonly string[] {
		const row = this.row(toolUseId);
		if (row?.kind === 'tool') return row.changes ? (this.#changes.get(toolUseId)?.contents() ?? []) : [];
		const contents = this.#contents.get(toolUseId);
		return [contents?.before, contents?.after].flatMap((one) => hashOf(one) ?? []);
	}

	#put(row: TranscriptItem): TranscriptItem {
		const index = this.#indexById.get(row.id);
		if (index === undefined) {
			this.#indexById.set(row.id, this.#rows.length);
			this.#rows.push(row);
		} else this.#rows[index] = row;
		return row;
	}

	#rowOf(entry: Entry): TranscriptItem | undefined {
		switch (entry.type) {
			case 'user':
				this.#promptRowId = entry.id;
				this.#costUsd = 0;
				this.#cost = NO_COST;
				this.#cacheNote = undefined;
				return promptRow(entry, this.#inputs);
			case 'attachment': {
				if (entry.memory ?? entry.list) return notice(entry.id, 'info', newsText(entry));
				const run = entry.ran && this.row(entry.ran.toolUseId);
				if (entry.ran && run?.kind === 'tool')
					return this.#withChanges(finishedRow(run, { ...entry.ran, content: entry.content }, this.#inputs, false));
				const prompt = this.#promptRowId === undefined ? undefined : this.row(this.#promptRowId);
				return prompt?.kind === 'prompt' ? withAttachment(prompt, entry) : undefined;
			}
			case 'assistant':
				return this.#blockRow(entry, entry.block);
			case 'assistantEnded':
				this.#cost = withReply(this.#cost, entry);
				this.#costUsd = this.#costUsd === null || entry.costUsd === null ? null : this.#costUsd + entry.costUsd;
				return undefined;
			case 'toolStarted': {
				const row = this.row(entry.toolUseId);
				if (row?.kind !== 'tool') return undefined;
				return {
					...withInput(row, this.#tools.get(row.id), entry.input, this.#inputs),
					state: 'running',
					...(entry.limits ? { limits: { ...entry.limits, more: entry.limits.more ?? 0 } } : {}),
				};
			}
			case 'hook':
				return hookRow(entry);
			case 'toolResult': {
				const row = this.row(entry.toolUseId);
				if (row?.kind !== 'tool' && row?.kind !== 'edit') return undefined;
				return this.#withChanges(finishedRow(row, entry, this.#inputs, this.#hasWritten.has(row.id)));
			}
			case 'subagent':
				return this.#agents.run(entry);
			case 'permission': {
				const row = this.row(entry.toolUseId);
				if (entry.verdict !== 'deny') return undefined;
				return deniedRow(entry, row?.kind === 'tool' ? row.target : row?.kind === 'edit' ? row.path : '');
			}
			case 'editProposed':
				return this.#proposed(entry);
			case 'editDecided':
				return this.#decided(entry);
			case 'fileOperation':
				return this.#operated(entry);
			case 'turnEnded': {
				const cutOff = entry.reason === 'stopped' && entry.parentId ? this.row(entry.parentId) : undefined;
				// Nobody stopped it: the window closed in order and said so in the entry before.
				return cutOff?.kind === 'notice' ? { ...cutOff, actions: [RETRY] } : this.#turnEnd(entry);
			}
			case 'interrupted':
				if (entry.reason === 'stop') return undefined;
				return notice(entry.id, 'info', entry.reason === 'takeover' ? TAKEN_OVER_TEXT : INTERRUPTED_TEXT);
			case 'compaction':
				return compactedItem(entry);
			case 'continues':
				this.#briefRowId ??= entry.id;
				return briefRow(entry, this.#briefRowId);
			case 'continuedIn':
				return { kind: 'continued', id: entry.id, sessionId: entry.other };
			case 'notice':
				if (entry.code === CACHE_MISS) {
					this.#cacheNote = entry.text;
					return undefined;
				}
				return notice(entry.id, entry.level, entry.text, actionsOfNotice(entry.code));
			case 'checkpoint':
				if (entry.by !== 'user') return undefined;
				return { kind: 'checkpoint', id: entry.id, label: plainName(entry.label ?? '') };
			case 'restore':
				return this.#restored(entry);
			case 'restoreDone':
				return this.#restoreEnded(entry);
			case 'rewind':
				return this.#rewound(entry);
			default:
				return undefined;
		}
	}

	#turnEnd(entry: EntryOf<'turnEnded'>): TranscriptItem {
		const row = turnEndRow(entry, this.#costUsd);
		if (row.kind !== 'turnEnd') return row;
		const costNote = turnCostNote(this.#cost);
		return {
			...row,
			...(costNote === '' ? {} : { costNote }),
			...(this.#cacheNote === undefined ? {} : { cacheNote: this.#cacheNote }),
		};
	}

	#blockRow(entry: EntryOf<'assistant'>, block: AssistantBlock): TranscriptItem | undefined {
		const id = blockRowId(entry.messageId, entry.index);
		if (isToolUseBlock(block)) this.#tools.set(block.id, block.name);
		if (isToolUseBlock(block)) return callRow(block, this.#inputs);
		if (block.type === 'text' && 'text' in block && typeof block.text === 'string')
			return {
				kind: 'answer',
				id,
				entryId: entry.id,
				text: block.text,
				isStreaming: false,
				isPartial: entry.partial === true,
			};
		if (block.type === 'thinking' && 'thinking' in block && typeof block.thinking === 'string' && block.thinking !== '')
			return { kind: 'thinking', id, text: block.thinking, isStreaming: false };
		return undefined;
	}

	#proposed(entry: EntryOf<'editProposed'>): TranscriptItem | undefined {
		const row = this.row(entry.toolUseId);
		if (row?.kind !== 'edit') return undefined;
		this.#contents.set(entry.toolUseId, { before: entry.before, after: entry.proposed });
		return this.#diffed({
			...row,
			path: entry.path.rel,
			state: 'proposed',
			isNewFile: entry.before === 'absent',
			note: entry.warning ?? '',
		});
	}

	#decided(entry: EntryOf<'editDecided'>): TranscriptItem | undefined {
		const row = this.row(entry.toolUseId);
		if (row?.kind !== 'edit') return undefined;
		if (entry.verdict === 'reject')
			return { ...row, state: 'rejected', note: entry.reason ? `Rejected: ${entry.reason}` : 'Rejected by you' };
		if (!entry.final) return { ...row, state: 'applied', note: '' };
		const before = this.#contents.get(entry.toolUseId)?.before;
		this.#contents.set(entry.toolUseId, { ...(before === undefined ? {} : { before }), after: entry.final });
		return this.#diffed({ ...row, state: 'applied', note: 'Accepted with your changes' });
	}

	#operated(entry: EntryOf<'fileOperation'>): TranscriptItem | undefined {
		// The row tells what the call did, not what a formatter made of it later.
		if (entry.author === 'save') return undefined;
		const row = entry.toolUseId === undefined ? undefined : this.row(entry.toolUseId);
		if (row?.kind === 'tool') {
			// There may be thousands, so the row shows them when the call is over.
			const changes = this.#changes.get(row.id) ?? new CallChanges();
			this.#changes.set(row.id, changes);
			changes.add(entry);
		}
		if (row?.kind !== 'edit' || entry.before === 'notCaptured' || entry.after === 'notCaptured') return undefined;
		this.#hasWritten.add(row.id);
		if (!this.#contents.has(row.id)) this.#contents.set(row.id, { before: entry.before, after: entry.after });
		return this.#diffed({ ...row, path: entry.path.rel, isNewFile: entry.before === 'absent' });
	}

	#withChanges<Row extends TranscriptItem>(row: Row): Row {
		const changes = row.kind === 'tool' ? this.#changes.get(row.id) : undefined;
		return changes ? { ...row, changes: changes.shown() } : row;
	}

	#diffed(row: ItemOf<'edit'>): ItemOf<'edit'> {
		const contents = this.#contents.get(row.id);
		return withDiff(row, this.#text(contents?.before), this.#text(contents?.after), this.#inputs);
	}

	#text(content: ContentRef | ContentHash | undefined): string | undefined {
		if (content === 'absent') return '';
		const hash = hashOf(content);
		return hash === undefined ? undefined : this.#inputs.blobText({ $blob: hash });
	}

	/** A restore of files alone; with a rewind after it, it is told in that row. */
	#restored(entry: EntryOf<'restore'>): TranscriptItem | undefined {
		this.#pendingRestore = entry;
		if (entry.parentId !== this.#lastConversation) return undefined;
		this.#rewoundRowId = entry.id;
		return rewoundRow(entry.id, whatOf(entry), entry, []);
	}

	/** What failed is known now; a rewind that comes after it tells it. */
	#restoreEnded({ restore, failures = [] }: EntryOf<'restoreDone'>): TranscriptItem | undefined {
		this.#failures.set(restore, failures);
		const entry = this.#pendingRestore;
		if (entry?.id !== restore || failures.length === 0 || !this.row(restore)) return undefined;
		return rewoundRow(entry.id, whatOf(entry), entry, failures);
	}

	#rewound(entry: EntryOf<'rewind'>): TranscriptItem | undefined {
		const restore = this.#pendingRestore;
		this.#pendingRestore = undefined;
		if (entry.why !== 'rewind' || entry.to !== this.#lastConversation) return undefined;
		this.#rewoundRowId = entry.id;
		const where = entry.to === null ? 'Rewound to the start' : 'Conversation rewound';
		const own = restore?.id === entry.restore ? restore : undefined;
		return rewoundRow(entry.id, where, own, own ? (this.#failures.get(own.id) ?? []) : []);
	}
}

/**
 * The transcript of a branch: its entries and the ledger that hangs on it, in file order.
 * Rewinds stand after the entry they went back to, as long as they were not undone.
 */
export function replay(entries: readonly Entry[], branch: readonly Entry[], inputs: TranscriptInputs): Transcript {
	const transcript = new Transcript(inputs);
	const onBranch = new Set<string>(branch.map((entry) => entry.id));
	const hidden = hiddenRewinds(entries);
	const joined = new Set(entries.flatMap((entry) => (entry.type === 'rewind' ? (entry.restore ?? []) : [])));
	const isUndo = isUndoOf(entries);
	const undone = new Set(entries.flatMap((entry) => (entry.type === 'restore' ? (entry.undoOf ?? []) : [])));
	for (const entry of entries) {
		if (entry.type === 'restore' && isUndo(entry) && !undone.has(entry.id) && hasConflicts(entry))
			transcript.applyUndo(entry);
		if (hidden.has(entry.id)) continue;
		// It went with a rewind away from here, and the conversation came back since.
		if (joined.has(entry.id) && entry.parentId !== null && onBranch.has(entry.parentId)) continue;
		if (isOnBranch(entry, onBranch)) transcript.apply(entry);
	}
	return transcript;
}

const hasConflicts = ({ files }: EntryOf<'restore'>): boolean => files.some(({ outcome }) => outcome === 'conflict');

const TAKEN_OVER_TEXT =
	'The session was taken over while this turn ran. What was finished is kept; the rest of it is not part of this session.';
const INTERRUPTED_TEXT = 'The window closed while this turn ran. What was finished is kept; nothing more was done.';

function isOnBranch(entry: Entry, onBranch: ReadonlySet<string>): boolean {
	if (isConversation(entry)) return onBranch.has(entry.id);
	if (entry.type === 'rewind') return entry.to === null || onBranch.has(entry.to);
	// A restore before a rewind hangs on the branch that was left; its row is the rewind's.
	if (entry.type === 'restore' || entry.type === 'restoreDone') return true;
	return entry.parentId === null || onBranch.has(entry.parentId);
}

function whatOf({ turn, agent, mergeBack }: EntryOf<'restore'>): string {
	if (mergeBack) return 'Worktree merged back';
	if (agent !== undefined) return `Taken back: what ${plainName(agent)} changed`;
	return turn === undefined ? 'Files rewound' : 'One turn taken back';
}

function hashOf(content: ContentRef | ContentHash | undefined): string | undefined {
	if (content === undefined || content === 'absent') return undefined;
	return typeof content === 'string' ? content : content.$blob;
}
