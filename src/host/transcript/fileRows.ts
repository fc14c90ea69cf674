/**
 * What the rows of calls say about files: the diff of an edit from its proposal to what was written, and what a command changed.
 * Makes the rows anew and keeps none; texts that are not loaded yet come in with `refreshed`.
 */
import type { Entry, EntryOf } from '../../core/session/entry.ts';
import type { ContentHash, ContentRef } from '../../core/session/fileFields.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { CallChanges } from './callChanges.ts';
import { type ItemOf, type TranscriptInputs, withDiff } from './transcriptRows.ts';

export class FileRows {
	readonly #row: (id: string) => TranscriptItem | undefined;
	readonly #inputs: TranscriptInputs;
	/** Stored contents of each edit call: what it started from and what came of it. */
	readonly #contents = new Map<string, { before?: ContentRef; after?: ContentRef | ContentHash }>();
	/** What commands and the like changed. */
	readonly #changes = new Map<string, CallChanges>();
	/** Calls that began to change a file. */
	readonly #hasWritten = new Set<string>();

	constructor(row: (id: string) => TranscriptItem | undefined, inputs: TranscriptInputs) {
		this.#row = row;
		this.#inputs = inputs;
	}

	hasWritten(toolUseId: string): boolean {
		return this.#hasWritten.has(toolUseId);
	}

	proposed(entry: EntryOf<'editProposed'>): TranscriptItem | undefined {
		const row = this.#row(entry.toolUseId);
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

	decided(entry: EntryOf<'editDecided'>): TranscriptItem | undefined {
		const row = this.#row(entry.toolUseId);
		if (row?.kind !== 'edit') return undefined;
		if (entry.verdict === 'reject')
			return { ...row, state: 'rejected', note: entry.reason ? `Rejected: ${entry.reason}` : 'Rejected by you' };
		if (!entry.final) return { ...row, state: 'applied', note: '' };
		const before = this.#contents.get(entry.toolUseId)?.before;
		this.#contents.set(entry.toolUseId, { ...(before === undefined ? {} : { before }), after: entry.final });
		return this.#diffed({ ...row, state: 'applied', note: 'Accepted with your changes' });
	}

	operated(entry: EntryOf<'fileOperation'>): TranscriptItem | undefined {
		// The row tells what the call did, not what a formatter made of it later.
		if (entry.author === 'save') return undefined;
		const row = entry.toolUseId === undefined ? undefined : this.#row(entry.toolUseId);
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

	withChanges<Row extends TranscriptItem>(row: Row): Row {
		const changes = row.kind === 'tool' ? this.#changes.get(row.id) : undefined;
		return changes ? { ...row, changes: changes.shown() } : row;
	}

	/** Blobs whose text the row of this call needs. */
	contentsOf(toolUseId: string): readonly string[] {
		const row = this.#row(toolUseId);
		if (row?.kind === 'tool') return row.changes ? (this.#changes.get(toolUseId)?.contents() ?? []) : [];
		const contents = this.#contents.get(toolUseId);
		return [contents?.before, contents?.after].flatMap((one) => hashOf(one) ?? []);
	}

	/** Counts the lines of one more file that a call changed; false when all are. */
	countNext(toolUseId: string): boolean {
		const row = this.#row(toolUseId);
		if (row?.kind !== 'tool' || !row.changes) return false;
		const text = (hash: string) => this.#inputs.blobText({ $blob: hash });
		return this.#changes.get(toolUseId)?.countNext(text, this.#inputs.diff) ?? false;
	}

	/** The row of this call anew, with the contents that are loaded now. */
	refreshed(toolUseId: string): TranscriptItem | undefined {
		const row = this.#row(toolUseId);
		if (row?.kind === 'tool' && row.changes) return this.withChanges(row);
		return row?.kind === 'edit' ? this.#diffed(row) : undefined;
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
}

/** Whether new contents of an edit come with this entry. Of a command all is known with its result. */
export function bringsContents(entry: Entry, row: TranscriptItem | undefined): boolean {
	if (entry.type === 'toolResult') return row?.kind === 'tool';
	if (entry.type === 'fileOperation') return entry.state !== 'done';
	return entry.type === 'editProposed' || entry.type === 'editDecided';
}

function hashOf(content: ContentRef | ContentHash | undefined): string | undefined {
	if (content === undefined || content === 'absent') return undefined;
	return typeof content === 'string' ? content : content.$blob;
}
