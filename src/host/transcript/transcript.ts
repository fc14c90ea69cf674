/**
 * Entries → TranscriptItems: the single translation between the log and the panel. Pure.
 * A transcript is fed entries in file order, live or replayed, and gives the same rows both ways: row ids are entry ids,
 * tool call ids and `messageId:index`. It asks nobody, loads nothing and knows no deltas (see liveRows.ts).
 */
import { CACHE_MISS } from '../../core/agent/cacheMissNote.ts';
import { type AssistantBlock, isToolUseBlock } from '../../core/session/content.ts';
import { type Entry, type EntryOf, isConversation } from '../../core/session/entry.ts';
import { plainName } from '../../core/session/titles.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { AgentEntries } from './agentEntries.ts';
import { compactedItem } from './compactedItem.ts';
import { type Cost, NO_COST, turnCostNote, withReply } from './costWords.ts';
import { FileRows } from './fileRows.ts';
import { hookRow, withInput } from './hookRow.ts';
import { actionsOfNotice, notice, RETRY, turnEndRow } from './noticeRows.ts';
import { RewindRows } from './rewindRows.ts';
import {
	abandonedRow,
	blockRowId,
	briefRow,
	callRow,
	deniedRow,
	endedInBackground,
	finishedRow,
	newsText,
	promptRow,
	runRows,
	type TranscriptInputs,
	withAttachment,
} from './transcriptRows.ts';

export class Transcript {
	readonly #inputs: TranscriptInputs;
	readonly #rows: TranscriptItem[] = [];
	readonly #indexById = new Map<string, number>();
	readonly #files: FileRows;
	readonly #rewinds = new RewindRows((id) => this.row(id));
	/** Names of the tools of calls. */
	readonly #tools = new Map<string, string>();
	#promptRowId: string | undefined;
	#briefRowId: string | undefined;
	#costUsd: number | null = 0;
	#cost: Cost = NO_COST;
	#cacheNote: string | undefined;
	/** What agents did that work for the session. */
	readonly #agents: AgentEntries;

	constructor(inputs: TranscriptInputs) {
		this.#inputs = inputs;
		this.#files = new FileRows((id) => this.row(id), inputs);
		this.#agents = new AgentEntries({
			row: (id) => this.row(id),
			put: (row) => this.#put(row),
			proposed: (entry) => this.#files.proposed(entry),
			decided: (entry) => this.#files.decided(entry),
			operated: (entry) => this.#files.operated(entry),
		});
	}

	/** The rows now. With `isRunning` false, calls without a result read as interrupted. */
	rows(isRunning: boolean): readonly TranscriptItem[] {
		if (isRunning) return this.#rows;
		return this.#rows.map((row) => abandonedRow(this.#files.withChanges(row), this.#files.hasWritten(row.id)));
	}

	row(id: string): TranscriptItem | undefined {
		const index = this.#indexById.get(id);
		return index === undefined ? undefined : this.#rows[index];
	}

	/** Takes the next entry of the branch (or its ledger) and returns the rows that are new or changed. */
	apply(entry: Entry): readonly TranscriptItem[] {
		if (entry.agentId !== 'main' && !isConversation(entry)) return this.#agents.apply(entry);
		const changed: TranscriptItem[] = [];
		if (isConversation(entry)) changed.push(...this.#rewinds.conversationWentOn(entry.id).map((row) => this.#put(row)));
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
		this.#rewinds.undone(restore);
	}

	/** Builds the row of this call again, after its contents were loaded. */
	refresh(toolUseId: string): TranscriptItem | undefined {
		const row = this.#files.refreshed(toolUseId);
		return row && this.#put(row);
	}

	/** Counts the lines of one more file that a call changed; false when all are. */
	countNext(toolUseId: string): boolean {
		return this.#files.countNext(toolUseId);
	}

	/** Blobs whose text a row needs: call `countNext` and `refresh` once they are loaded. */
	contentsOf(toolUseId: string): readonly string[] {
		return this.#files.contentsOf(toolUseId);
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
					return this.#files.withChanges(
						finishedRow(run, { ...entry.ran, content: entry.content }, this.#inputs, false),
					);
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
				return this.#files.withChanges(finishedRow(row, entry, this.#inputs, this.#files.hasWritten(row.id)));
			}
			case 'subagent':
				return this.#agents.run(entry);
			case 'permission': {
				const row = this.row(entry.toolUseId);
				if (entry.verdict !== 'deny') return undefined;
				return deniedRow(entry, row?.kind === 'tool' ? row.target : row?.kind === 'edit' ? row.path : '');
			}
			case 'editProposed':
				return this.#files.proposed(entry);
			case 'editDecided':
				return this.#files.decided(entry);
			case 'fileOperation':
				return this.#files.operated(entry);
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
				return this.#rewinds.restored(entry);
			case 'restoreDone':
				return this.#rewinds.restoreEnded(entry);
			case 'rewind':
				return this.#rewinds.rewound(entry);
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
}

const TAKEN_OVER_TEXT =
	'The session was taken over while this turn ran. What was finished is kept; the rest of it is not part of this session.';
const INTERRUPTED_TEXT = 'The window closed while this turn ran. What was finished is kept; nothing more was done.';
