/** Which entries of a log make the transcript of a branch, and in which order. Pure. */
import { type Entry, type EntryOf, isConversation } from '../../core/session/entry.ts';
import { hiddenRewinds, isUndoOf } from '../rewind/rewindHistory.ts';
import { Transcript } from './transcript.ts';
import type { TranscriptInputs } from './transcriptRows.ts';

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

function isOnBranch(entry: Entry, onBranch: ReadonlySet<string>): boolean {
	if (isConversation(entry)) return onBranch.has(entry.id);
	if (entry.type === 'rewind') return entry.to === null || onBranch.has(entry.to);
	// A restore before a rewind hangs on the branch that was left; its row is the rewind's.
	if (entry.type === 'restore' || entry.type === 'restoreDone') return true;
	return entry.parentId === null || onBranch.has(entry.parentId);
}
