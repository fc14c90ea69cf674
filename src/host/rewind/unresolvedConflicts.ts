/** The conflicts that restores left and that still wait to be merged, as the log has it. Pure. */
import type { EntryId } from '../../base/ids.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { FilePath } from '../../core/session/fileFields.ts';
import { isUndoOf } from './rewindHistory.ts';

export type Conflict = { readonly restore: EntryId; readonly file: FilePath };

/** In the order they came. One that a restore took up again, that a tool changed since, or whose restore was undone, waits no more. */
export function unresolvedConflicts(entries: readonly Entry[]): readonly Conflict[] {
	const undoneBy = new Map<string, EntryId>();
	for (const entry of entries)
		if (entry.type === 'restore' && entry.undoOf !== undefined) undoneBy.set(entry.undoOf, entry.id);
	const isInForce = (id: EntryId): boolean => {
		const by = undoneBy.get(id);
		return by === undefined || !isInForce(by);
	};
	const isUndo = isUndoOf(entries);
	const open = new Map<string, Conflict>();
	for (const entry of entries) {
		if (entry.type === 'fileOperation' && entry.toolUseId !== undefined) open.delete(pathKey(entry.path));
		if (entry.type !== 'restore' || !isInForce(entry.id)) continue;
		for (const { path: file, outcome } of entry.files) {
			if (outcome === 'conflict') open.set(pathKey(file), { restore: entry.id, file });
			// An undo leaves what it undid as it was before.
			else if (!isUndo(entry)) open.delete(pathKey(file));
		}
	}
	return [...open.values()];
}
