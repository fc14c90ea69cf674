/** The row of a rewind: how many files went back, and what became of the others and why. Pure. */
import { plural } from '../../base/text.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';

export type RewoundItem = Extract<TranscriptItem, { kind: 'rewound' }>;
type Detail = RewoundItem['details'][number];
type Failures = NonNullable<EntryOf<'restoreDone'>['failures']>;

/** Nobody reads more of them in a row. */
const MAX_DETAILS = 200;
const RESTORED: ReadonlySet<string> = new Set(['restore', 'create', 'delete', 'mode', 'part', 'merged']);
const STAYED: Readonly<Record<string, { readonly what: Detail['what']; readonly note: string }>> = {
	kept: { what: 'kept', note: 'you kept it as it is' },
	conflict: { what: 'conflict', note: 'you changed it too' },
	blocked: { what: 'blocked', note: 'it could not be restored' },
	failed: { what: 'blocked', note: 'it could not be restored' },
	// As older builds wrote it, of any of these.
	skipped: { what: 'blocked', note: 'it stays as it is' },
};

/** `where` is what happened to the conversation. Without a restore no file was to go back. */
export function rewoundRow(
	id: string,
	where: string,
	restore: EntryOf<'restore'> | undefined,
	failures: Failures,
): RewoundItem {
	const base = { kind: 'rewound' as const, id, canUndo: true, canRedo: false, conflicts: [] };
	if (!restore) return { ...base, text: where, details: [], moreDetails: 0 };
	const failed = new Map(failures.map(({ path, reason }) => [`${path.root}\n${path.rel}`, reason]));
	const counts = { restored: 0, kept: 0, conflict: 0, blocked: 0 };
	const details: Detail[] = [];
	for (const { path, outcome, reason } of restore.files) {
		const failure = failed.get(`${path.root}\n${path.rel}`);
		const stayed = failure === undefined ? STAYED[outcome] : { what: 'blocked' as const, note: failure };
		if (stayed) {
			counts[stayed.what]++;
			details.push({ path: path.rel, what: stayed.what, note: failure ?? reason ?? stayed.note });
		} else if (RESTORED.has(outcome)) counts.restored++;
	}
	const parts = [`${plural(counts.restored, 'file')} ${restore.mergeBack ? 'merged' : 'restored'}`];
	if (counts.kept > 0) parts.push(`${counts.kept} kept`);
	if (counts.conflict > 0) parts.push(plural(counts.conflict, 'conflict'));
	if (counts.blocked > 0) parts.push(`${counts.blocked} not ${restore.mergeBack ? 'merged' : 'restored'}`);
	const [merged] = restore.files;
	const text =
		restore.resolves !== undefined && merged ? `Conflict settled: ${merged.path.rel}` : `${where}: ${parts.join(', ')}`;
	return {
		...{ ...base, restoreId: restore.id, text, ...(restore.mergeBack ? { isMerge: true } : {}) },
		...{ details: details.slice(0, MAX_DETAILS), moreDetails: Math.max(0, details.length - MAX_DETAILS) },
	};
}

/** Of an undo that left conflicts, after the conversation went on. */
export const undoneRow = (restore: EntryOf<'restore'>, failures: Failures): RewoundItem => ({
	...rewoundRow(restore.id, 'Rewind undone', restore, failures),
	canUndo: false,
});

/** Stands at the end as long as an undone rewind can be made again. */
export const UNDONE_ROW: RewoundItem = {
	...{ kind: 'rewound', id: 'rewind-undone', text: 'Rewind undone', canUndo: false, canRedo: true },
	...{ conflicts: [], details: [], moreDetails: 0 },
};
