/**
 * The files of a session as they were at the end of a branch. Epochs are linear, whatever the branch, so a branch's files are those of the
 * epoch in force when the conversation was there. Pure.
 */
import type { EntryId } from '../../base/ids.ts';
import type { BranchDetail } from '../session/branches.ts';
import type { FilePath, RecordedHash } from '../session/fileFields.ts';
import type { LogOutline } from '../session/sessionTypes.ts';
import { operationsAfter, type Timeline, type TimelineOperation } from './timeline.ts';

/**
 * The epoch of the files that belong to `at` (null = before the first prompt): in force when the conversation first went on from there, or
 * when it was last left after files changed there. A look at a branch without its files changes nothing about it, and the restore that a
 * rewind came with belongs to where it went. Undefined when the conversation never stood there: another window wrote it late.
 */
export function epochOf(outline: LogOutline, details: readonly BranchDetail[], at: EntryId | null): number | undefined {
	const byId = new Map(details.map((detail) => [detail.id, detail]));
	const known = new Set<EntryId>();
	let leaf: EntryId | null = null;
	let epoch = 0;
	let arrived = 0;
	let found: number | undefined;
	/** The newest restore since the conversation moved. */
	let restored: { readonly id: EntryId; readonly safety: number } | undefined;
	const leave = (epochThen: number) => {
		if (leaf === at && (found === undefined || epochThen > arrived)) found = epochThen;
	};
	const moveTo = (to: EntryId | null) => {
		leaf = to;
		arrived = epoch;
		restored = undefined;
	};
	for (const entry of outline.entries) {
		if (entry.isConversation) known.add(entry.id);
		if (entry.isLate) continue;
		if (entry.isConversation) {
			leave(epoch);
			moveTo(entry.id);
			continue;
		}
		const detail = byId.get(entry.id);
		if (detail?.type === 'fileOperation') epoch = Math.max(epoch, detail.epoch);
		else if (detail?.type === 'restore') restored = { id: detail.id, safety: detail.safety };
		else if (detail?.type === 'rewind' && (detail.to === null || known.has(detail.to))) {
			const isWithIt = restored !== undefined && (detail.restore === restored.id || detail.why === 'undo');
			leave(isWithIt && restored ? restored.safety : epoch);
			moveTo(detail.to);
		}
	}
	leave(epoch);
	return found;
}

/** What the file held at this epoch. `operations` are all on it, in order, at least one. */
export function contentAt(operations: readonly TimelineOperation[], epoch: number): RecordedHash {
	const next = operationsAfter(operations, epoch)[0];
	return next ? next.before : (operations.at(-1)?.after ?? 'absent');
}

export type FileDifference = {
	readonly file: FilePath;
	readonly left: RecordedHash;
	readonly right: RecordedHash;
};

/** The files that differ between two epochs, sorted by path. */
export function differencesBetween(timeline: Timeline, left: number, right: number): readonly FileDifference[] {
	const differences: FileDifference[] = [];
	for (const operations of timeline.values()) {
		const [first] = operations;
		if (!first) continue;
		const difference = { file: first.file, left: contentAt(operations, left), right: contentAt(operations, right) };
		if (difference.left !== difference.right) differences.push(difference);
	}
	return differences.sort((a, b) => (`${a.file.root}/${a.file.rel}` < `${b.file.root}/${b.file.rel}` ? -1 : 1));
}
