/**
 * What entries of agents say in the transcript of the session they work for: the lane at the row of the call, and the diffs that wait for the
 * user. Everything else of an agent stands in its own log.
 */
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { withRun } from './agentRow.ts';
import type { ItemOf } from './transcriptRows.ts';

/** The rows as the transcript keeps them. */
export type RowKeeper = {
	row(id: string): TranscriptItem | undefined;
	put(row: TranscriptItem): TranscriptItem;
	proposed(entry: EntryOf<'editProposed'>): TranscriptItem | undefined;
	decided(entry: EntryOf<'editDecided'>): TranscriptItem | undefined;
	operated(entry: EntryOf<'fileOperation'>): TranscriptItem | undefined;
};

export class AgentEntries {
	readonly #rows: RowKeeper;
	/** The call that each agent works for now, or did last. */
	readonly #calls = new Map<string, string>();
	readonly #files = new Map<string, Set<string>>();
	/** Diffs of each agent that were shown. */
	readonly #edits = new Map<string, string[]>();

	constructor(rows: RowKeeper) {
		this.#rows = rows;
	}

	/** A run began or is over. */
	run(entry: EntryOf<'subagent'>): TranscriptItem | undefined {
		const { subagentId, toolUseId } = entry;
		if (toolUseId !== undefined) this.#calls.set(subagentId, toolUseId);
		else if (!entry.end) return undefined;
		const row = this.#laneOf(subagentId);
		if (entry.end) for (const id of this.#edits.get(subagentId) ?? []) this.#withdraw(id);
		return row && this.#counted(withRun(row, entry), subagentId);
	}

	/** The rows that an entry of an agent's changes. */
	apply(entry: Entry): readonly TranscriptItem[] {
		const changed = this.#changed(entry);
		return changed.map((row) => this.#rows.put(row));
	}

	#changed(entry: Entry): readonly TranscriptItem[] {
		switch (entry.type) {
			case 'editProposed': {
				const ids = this.#edits.get(entry.agentId) ?? [];
				this.#edits.set(entry.agentId, [...ids, entry.toolUseId]);
				this.#rows.put(proposedRow(entry));
				return listed(this.#rows.proposed(entry));
			}
			case 'editDecided':
				return listed(this.#rows.decided(entry));
			case 'fileOperation': {
				if (entry.author === 'save') return [];
				const files = this.#files.get(entry.agentId) ?? new Set();
				this.#files.set(entry.agentId, files.add(pathKey(entry.path)));
				const row = this.#laneOf(entry.agentId);
				return [...listed(row && this.#counted(row, entry.agentId)), ...listed(this.#rows.operated(entry))];
			}
			default:
				return [];
		}
	}

	#laneOf(agentId: string): ItemOf<'tool'> | undefined {
		const row = this.#rows.row(this.#calls.get(agentId) ?? '');
		return row?.kind === 'tool' && row.agent ? row : undefined;
	}

	#counted(row: ItemOf<'tool'>, agentId: string): ItemOf<'tool'> {
		const changedFiles = this.#files.get(agentId)?.size ?? 0;
		return row.agent ? { ...row, agent: { ...row.agent, changedFiles } } : row;
	}

	/** Its agent is over, so nobody waits for an answer. */
	#withdraw(id: string): void {
		const row = this.#rows.row(id);
		if (row?.kind === 'edit' && row.state === 'proposed')
			this.#rows.put({ ...row, state: 'interrupted', note: 'Its agent was stopped. The file is unchanged.' });
	}
}

const listed = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);

function proposedRow({ toolUseId, path, agentId, before }: EntryOf<'editProposed'>): ItemOf<'edit'> {
	return {
		...{ kind: 'edit', id: toolUseId, path: path.rel, state: 'proposed', isNewFile: before === 'absent' },
		...{ addedLines: 0, removedLines: 0, lines: [], isDiffTruncated: false, note: '', agent: agentId },
	};
}
