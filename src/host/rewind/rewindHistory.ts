/** Which rewind can be undone and which undo can be taken back, read from the log: what was done since the conversation last went on. Pure. */
import { type Entry, type EntryOf, isConversation } from '../../core/session/entry.ts';

/** One rewind: of the conversation, of files, or of both. */
export type RewindAction = { readonly rewind?: EntryOf<'rewind'>; readonly restore?: EntryOf<'restore'> };
/** An undone rewind, and the restore that undid its files; absent when there was nothing to bring back. */
export type UndoneAction = RewindAction & { readonly undoing?: EntryOf<'restore'> };

/** The newest rewind that nothing followed and that was not undone: what *Undo rewind* takes back. */
export const undoableRewind = (entries: readonly Entry[]): RewindAction | undefined => readHistory(entries).done.at(-1);

/** What *Redo rewind* makes again: the rewind that was undone last, as long as nothing followed. */
export const redoableRewind = (entries: readonly Entry[]): UndoneAction | undefined =>
	readHistory(entries).undone.at(-1);

/** Rewinds and restores that are not to be shown: what was undone, and what undid it. One that was made again is shown once. */
export function hiddenRewinds(entries: readonly Entry[]): ReadonlySet<string> {
	const isUndo = isUndoOf(entries);
	const hidden = new Set<string>();
	let made: EntryOf<'rewind'>[] = [];
	for (const entry of entries) {
		if (isConversation(entry)) made = [];
		if (entry.type === 'restore') {
			if (entry.undoOf !== undefined) hidden.add(entry.undoOf);
			if (isUndo(entry)) hidden.add(entry.id);
		}
		if (entry.type !== 'rewind') continue;
		if (entry.why === 'rewind') made.push(entry);
		const undone = entry.why === 'undo' ? made.pop() : undefined;
		if (undone) hidden.add(undone.id);
	}
	return hidden;
}

/** Undo, redo, undo, …: each undoes the one before, so every second one takes a restore back. */
export function isUndoOf(entries: readonly Entry[]): (restore: EntryOf<'restore'>) => boolean {
	const restores = entries.filter((entry) => entry.type === 'restore');
	const byId = new Map(restores.map((restore) => [restore.id, restore]));
	const isUndo = new Map<string, boolean>();
	for (const restore of restores) {
		const of = restore.undoOf === undefined ? undefined : byId.get(restore.undoOf);
		// What it undoes may not be loaded: then it is the first of its chain that is.
		isUndo.set(restore.id, restore.undoOf !== undefined && !(of && isUndo.get(of.id)));
	}
	return ({ id }) => isUndo.get(id) ?? false;
}

function readHistory(entries: readonly Entry[]): { readonly done: RewindAction[]; readonly undone: UndoneAction[] } {
	const since = entries.slice(entries.findLastIndex(isConversation) + 1);
	// Asked with every change above the composer, and mostly there is nothing.
	if (!since.some(({ type }) => type === 'rewind' || type === 'restore')) return { done: [], undone: [] };
	const isUndo = isUndoOf(entries);
	const joined = new Set(since.flatMap((entry) => (entry.type === 'rewind' ? (entry.restore ?? []) : [])));
	const restores = new Map<string, EntryOf<'restore'>>();
	const done: RewindAction[] = [];
	const undone: UndoneAction[] = [];
	/** The restore of an undo whose `rewind` has still to come. */
	let undoing: EntryOf<'restore'> | undefined;
	const push = (action: RewindAction) => {
		// A rewind made again takes its undo from the list; any other one ends what could be made again.
		const last = undone.at(-1);
		const isAgain =
			action.restore === undefined
				? last !== undefined && last.undoing === undefined && last.rewind?.to === action.rewind?.to
				: action.restore.undoOf !== undefined && action.restore.undoOf === last?.undoing?.id;
		if (isAgain) undone.pop();
		else undone.length = 0;
		done.push(action);
	};
	const undo = (restore: EntryOf<'restore'> | undefined) => {
		const action = done.pop();
		if (action) undone.push({ ...action, ...(restore ? { undoing: restore } : {}) });
	};
	for (const entry of since) {
		if (entry.type === 'restore') {
			restores.set(entry.id, entry);
			if (isUndo(entry)) {
				if (done.at(-1)?.rewind) undoing = entry;
				else undo(entry);
			} else if (!joined.has(entry.id)) push({ restore: entry });
		}
		if (entry.type !== 'rewind') continue;
		const restore = entry.restore === undefined ? undefined : restores.get(entry.restore);
		if (entry.why === 'undo') undo(undoing);
		else if (entry.why === 'rewind') push({ rewind: entry, ...(restore ? { restore } : {}) });
		else {
			done.length = 0;
			undone.length = 0;
		}
		undoing = undefined;
	}
	return { done, undone };
}
