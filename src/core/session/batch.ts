/** Makes the entries of one write: their parents follow from each other. Writes nothing. */
import { BugError } from '../../base/errors.ts';
import {
	type Entry,
	type EntryBase,
	type EntryDraft,
	type EntryOf,
	type EntryType,
	isConversation,
	isType,
	makeEntry,
} from './entry.ts';
import type { LogIndex } from './logIndex.ts';
import { notInThisSession } from './sessionErrors.ts';
import { promptText, titleFromPrompt } from './titles.ts';
import type { WorktreeRef } from './worktreeFields.ts';

export type Batch = {
	readonly entries: readonly Entry[];
	add<T extends EntryType>(draft: EntryDraft<T>): Entry & EntryOf<T>;
};

/** `base` gives the next entry all but its parent and type. Changes nothing of what is known. */
export function startBatch(
	known: Pick<LogIndex, 'leaf' | 'find' | 'isForeign'>,
	base: () => Omit<EntryBase, 'type' | 'parentId'>,
): Batch {
	const entries: Entry[] = [];
	let { leaf } = known;
	return {
		entries,
		add(draft) {
			const parentId = draft.type === 'header' ? null : leaf;
			const entry = madeEntry({ ...base(), parentId }, draft);
			if (isType(entry, 'rewind') && entry.to !== null) {
				// Whoever opens the log would not find it there.
				if (known.isForeign(entry.to)) throw notInThisSession();
				const target = known.find(entry.to) ?? entries.find(({ id }) => id === entry.to);
				if (!target || !isConversation(target)) throw new BugError('A rewind goes to an entry that is not loaded');
			}
			entries.push(entry);
			if (isConversation(entry)) leaf = entry.id;
			else if (isType(entry, 'rewind')) leaf = entry.to;
			return entry;
		},
	};
}

/** Adds the drafts; the first prompt of a session that has no name gives it one. */
export function addNamed<T extends EntryType>(
	batch: Batch,
	drafts: readonly EntryDraft<T>[],
	isNamed: boolean,
): EntryOf<T>[] {
	let hasTitle = isNamed;
	return drafts.map((draft) => {
		const entry = batch.add(draft);
		hasTitle ||= entry.type === 'title';
		if (isType(entry, 'user') && !hasTitle) {
			hasTitle = true;
			batch.add({ type: 'title', title: titleFromPrompt(promptText(entry.content)), by: 'prompt' });
		}
		return entry;
	});
}

export function headerDraft(defaults: {
	readonly roots: readonly string[];
	readonly extensionVersion: string;
	readonly gitBranch?: string;
	readonly worktree?: WorktreeRef;
}): EntryDraft<'header'> {
	const { roots, extensionVersion, gitBranch, worktree } = defaults;
	return {
		...{ type: 'header', roots: [...roots], extensionVersion },
		...(gitBranch === undefined ? {} : { gitBranch }),
		...(worktree === undefined ? {} : { worktree }),
	};
}

/** What could not be read back must not be written. */
function madeEntry<T extends EntryType>(...parts: Parameters<typeof makeEntry<T>>): ReturnType<typeof makeEntry<T>> {
	try {
		return makeEntry(...parts);
	} catch (error) {
		throw new BugError(`An entry of type ${parts[1].type} does not fit the format`, { cause: error });
	}
}
