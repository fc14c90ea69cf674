/**
 * TurnEvents → rows and deltas of what streams now. Pure state of one running turn; nothing of it is a fact.
 * Rows have the ids that the entries' rows will have, so the entry replaces its live row in place.
 */
import type { TurnEvent } from '../../core/agent/turnTypes.ts';
import type { ModelEvent } from '../../core/model/modelPort.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { GrowingEdit } from './growingEdit.ts';
import { blockRowId, type ItemOf, isEditTool, type TranscriptInputs } from './transcriptRows.ts';

export type LiveChange =
	| { readonly kind: 'item'; readonly item: TranscriptItem }
	/** A row that changes with every piece of the reply: only its newest state is worth sending. */
	| { readonly kind: 'growing'; readonly item: TranscriptItem }
	| { readonly kind: 'removed'; readonly id: string }
	/** `isOutput`: of a command, of which a row shows the end only. */
	| { readonly kind: 'delta'; readonly id: string; readonly text: string; readonly isOutput?: true };

const UNKNOWN_PATH = '…';
/** How much of a running tool's output is kept for a panel that attaches late. */
export const PROGRESS_CHARS = 4000;

export class LiveRows {
	readonly #inputs: Pick<TranscriptInputs, 'label'>;
	readonly #growing = new Map<string, { readonly toolName: string; readonly edit: GrowingEdit }>();
	readonly #rows = new Map<string, TranscriptItem>();
	readonly #idByIndex = new Map<number, string>();
	readonly #progress = new Map<string, string>();
	#messageId = '';

	constructor(inputs: Pick<TranscriptInputs, 'label'>) {
		this.#inputs = inputs;
	}

	/** Rows that no entry has closed yet, in order. */
	rows(): readonly TranscriptItem[] {
		return [...this.#rows.values()];
	}

	/** The output so far of a running tool. */
	progressOf(toolUseId: string): string {
		return this.#progress.get(toolUseId) ?? '';
	}

	on(event: TurnEvent): readonly LiveChange[] {
		switch (event.kind) {
			case 'requestStarted':
				return this.clear();
			case 'model':
				return this.#onModel(event.event);
			case 'toolProgress': {
				const text = this.progressOf(event.toolUseId) + event.text;
				this.#progress.set(event.toolUseId, text.slice(-PROGRESS_CHARS));
				return [{ kind: 'delta', id: event.toolUseId, text: event.text, isOutput: true }];
			}
			case 'retrying':
			case 'waiting':
			case 'compacting':
				return [];
		}
	}

	/** An entry's row took over. */
	closed(id: string): void {
		this.#rows.delete(id);
		this.#growing.delete(id);
		this.#progress.delete(id);
	}

	/** Forgets everything that no entry closed; returns the removals. */
	clear(): readonly LiveChange[] {
		const removed = [...this.#rows.keys()].map((id): LiveChange => ({ kind: 'removed', id }));
		this.#rows.clear();
		this.#growing.clear();
		this.#idByIndex.clear();
		return removed;
	}

	#onModel(event: ModelEvent): readonly LiveChange[] {
		switch (event.kind) {
			case 'started':
				this.#messageId = event.messageId;
				this.#idByIndex.clear();
				return [];
			case 'blockStarted':
				return this.#start(event);
			case 'text':
			case 'thinking':
				return this.#text(event.kind === 'text' ? 'answer' : 'thinking', event.index, event.text);
			case 'toolInput':
				return this.#grow(event.index, event.partialJson);
			case 'blockEnded':
				return [];
		}
	}

	#start(event: Extract<ModelEvent, { kind: 'blockStarted' }>): readonly LiveChange[] {
		if (event.toolUseId === undefined || event.toolName === undefined) return [];
		this.#idByIndex.set(event.index, event.toolUseId);
		if (isEditTool(event.toolName))
			this.#growing.set(event.toolUseId, { toolName: event.toolName, edit: new GrowingEdit() });
		return this.#put(startedCall(event.toolUseId, event.toolName, this.#inputs));
	}

	/** What an edit will change is shown while the model still writes it. */
	#grow(index: number, partialJson: string): readonly LiveChange[] {
		const id = this.#idByIndex.get(index) ?? '';
		const row = this.#rows.get(id);
		const growing = this.#growing.get(id);
		if (row?.kind !== 'edit' || !growing?.edit.push(partialJson)) return [];
		const { lines, addedLines, removedLines, isTruncated } = growing.edit.diff();
		const path = row.path === UNKNOWN_PATH ? this.#pathOf(growing) : row.path;
		const item: ItemOf<'edit'> = {
			...row,
			path,
			lines: [...lines],
			addedLines,
			removedLines,
			isDiffTruncated: isTruncated,
		};
		this.#rows.set(id, item);
		return [{ kind: 'growing', item }];
	}

	/** As the row of the whole call will show it. */
	#pathOf({ toolName, edit }: { readonly toolName: string; readonly edit: GrowingEdit }): string {
		if (edit.path === undefined) return UNKNOWN_PATH;
		const whole = { file_path: edit.path, old_string: edit.path, new_string: '', content: '' };
		return this.#inputs.label(toolName, whole).path ?? edit.path;
	}

	#text(kind: 'answer' | 'thinking', index: number, text: string): readonly LiveChange[] {
		if (text === '') return [];
		const id = this.#idByIndex.get(index) ?? blockRowId(this.#messageId, index);
		this.#idByIndex.set(index, id);
		const row = this.#rows.get(id);
		if (row?.kind === 'answer' || row?.kind === 'thinking') {
			this.#rows.set(id, { ...row, text: row.text + text });
			return [{ kind: 'delta', id, text }];
		}
		if (kind === 'thinking') return this.#put({ kind, id, text, isStreaming: true });
		return this.#put({ kind, id, text, isStreaming: true, isPartial: false });
	}

	#put(item: TranscriptItem): readonly LiveChange[] {
		this.#rows.set(item.id, item);
		return [{ kind: 'item', item }];
	}
}

/** The row of a call whose input still streams. */
function startedCall(id: string, toolName: string, { label }: Pick<TranscriptInputs, 'label'>): TranscriptItem {
	if (!isEditTool(toolName))
		return {
			kind: 'tool',
			id,
			verb: label(toolName, undefined).verb,
			target: '',
			state: 'waiting',
			summary: '',
			preview: '',
			isTruncated: false,
		};
	return {
		kind: 'edit',
		id,
		path: UNKNOWN_PATH,
		state: 'writing',
		isGrowing: true,
		isNewFile: false,
		addedLines: 0,
		removedLines: 0,
		lines: [],
		isDiffTruncated: false,
		note: '',
	};
}
