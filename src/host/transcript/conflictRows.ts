/** Fills the rows of rewinds with the conflicts that still wait: they come and go without a word in the row's own entry. */
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { type Conflict, unresolvedConflicts } from '../rewind/unresolvedConflicts.ts';

export class ConflictRows {
	readonly #entries: () => readonly Entry[];
	#open: readonly Conflict[] | undefined;

	constructor(entries: () => readonly Entry[]) {
		this.#entries = entries;
	}

	/** The entries are other ones now. */
	reset(): void {
		this.#open = undefined;
	}

	/** Whether rows have to be filled again after this entry. */
	isChangedBy(entry: Entry): boolean {
		const open = this.#conflicts();
		const isChanged =
			entry.type === 'restore' ||
			(entry.type === 'fileOperation' && open.some(({ file }) => pathKey(file) === pathKey(entry.path)));
		if (isChanged) this.reset();
		return isChanged && open.length + this.#conflicts().length > 0;
	}

	get hasAny(): boolean {
		return this.#conflicts().length > 0;
	}

	/** What the row of its own rewind cannot show, because that was undone or made again, stands in the newest one. */
	fill(rows: readonly TranscriptItem[]): readonly TranscriptItem[] {
		const open = this.#conflicts();
		if (open.length === 0) return rows;
		const shown = new Set(rows.flatMap((row) => (row.kind === 'rewound' ? (row.restoreId ?? []) : [])));
		const last = rows.findLastIndex((row) => row.kind === 'rewound');
		return rows.map((row, index) => {
			if (row.kind !== 'rewound') return row;
			const own = open.filter(({ restore }) => restore === row.restoreId || (index === last && !shown.has(restore)));
			const conflicts = own.map(({ restore, file }) => ({ restoreId: restore, key: pathKey(file), path: file.rel }));
			return conflicts.length === 0 ? row : { ...row, conflicts };
		});
	}

	#conflicts(): readonly Conflict[] {
		this.#open ??= unresolvedConflicts(this.#entries());
		return this.#open;
	}
}
