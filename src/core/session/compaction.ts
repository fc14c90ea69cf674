/**
 * Which entries of a branch compactions have replaced. The summary of a compaction stands in the place of its range; a newer one whose range
 * holds that place has taken it in. What was replaced once stays so on the branch. Pure; what takes the place of a range is the context's.
 * Of a branch that is not loaded, the entries of an outline will do, with its compactions loaded.
 */
import type { EntryId } from '../../base/ids.ts';
import type { Entry, EntryOf } from './entry.ts';
import type { OutlineEntry } from './sessionTypes.ts';

/** A compaction that counts, and where its range lies in the branch: positions `[start, end)`. */
export type ActiveCompaction = {
	readonly entry: EntryOf<'compaction'>;
	readonly start: number;
	readonly end: number;
	/** Its own position in the branch. */
	readonly position: number;
};

/** In branch order of their ranges. A range that is not on the branch is passed over. */
export function activeCompactions(branch: readonly (Entry | OutlineEntry)[]): readonly ActiveCompaction[] {
	const active: ActiveCompaction[] = [];
	let positions: ReadonlyMap<EntryId, number> | undefined;
	for (let position = branch.length - 1; position >= 0; position--) {
		const entry = branch[position];
		if (entry?.type !== 'compaction' || !('replaces' in entry)) continue;
		positions ??= new Map(branch.map((one, index) => [one.id, index]));
		const { after, until } = entry.replaces;
		const start = after === null ? 0 : (positions.get(after) ?? Number.POSITIVE_INFINITY) + 1;
		const end = (positions.get(until) ?? Number.NEGATIVE_INFINITY) + 1;
		if (start >= end || end > position) continue;
		if (active.some((newer) => newer.start <= start && end <= newer.end)) continue;
		active.push({ entry, start, end, position });
	}
	return active.sort((left, right) => left.start - right.start || left.position - right.position);
}

/** Ids of the branch's entries that are in no context any more, each with the compaction that replaced it. */
export function replacedEntries(branch: readonly (Entry | OutlineEntry)[]): ReadonlyMap<EntryId, EntryId> {
	const replaced = new Map<EntryId, EntryId>();
	for (const { entry, start, end } of activeCompactions(branch)) {
		for (const one of branch.slice(start, end)) replaced.set(one.id, entry.id);
	}
	return replaced;
}

/** Entries that must be known for the ranges and for what else counts to be known, whether they are in a context or not. */
export function compactionLandmarks(branch: readonly (Entry | OutlineEntry)[]): ReadonlySet<EntryId> {
	const landmarks = new Set<EntryId>();
	for (const { entry, start, end } of activeCompactions(branch)) {
		landmarks.add(entry.id);
		landmarks.add(entry.replaces.until);
		if (entry.replaces.after !== null) landmarks.add(entry.replaces.after);
		// Made in the range, it may have edited what was kept.
		for (const one of branch.slice(start, end)) if (one.type === 'contextEdit') landmarks.add(one.id);
	}
	return landmarks;
}
