/**
 * What is known at the end of a row of entries (a branch, a log), from what was known at an earlier end of the same row: so asking at each
 * step of a long session costs what the step added, not the whole length.
 */
import type { Entry } from './entry.ts';

type Known<T> = { readonly first: Entry; readonly length: number; readonly value: T };

/**
 * `step` makes the value behind an entry from the value before it, and `index` is where the entry stands; it must depend on nothing else. Kept with
 * the last entry of each row that was asked for, and used again for rows that begin alike.
 */
export function foldEntries<T>(
	initial: T,
	step: (value: T, entry: Entry, index: number) => T,
): (row: readonly Entry[]) => T {
	const knownAt = new WeakMap<Entry, Known<T>>();
	return (row) => {
		const [first] = row;
		const last = row.at(-1);
		if (!first || !last) return initial;
		let value = initial;
		let from = 0;
		for (let length = row.length; length > 0; length--) {
			const entry = row[length - 1];
			const known = entry && knownAt.get(entry);
			// What was loaded since, before these entries, makes another row of them.
			if (known?.first !== first || known.length !== length) continue;
			value = known.value;
			from = length;
			break;
		}
		for (let index = from; index < row.length; index++) {
			const entry = row[index];
			if (entry) value = step(value, entry, index);
		}
		if (from < row.length) knownAt.set(last, { first, length: row.length, value });
		return value;
	};
}
