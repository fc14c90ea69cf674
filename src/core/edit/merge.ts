/**
 * Three-way line merge. The only file that imports `node-diff3`.
 * Both sides making the same change is no conflict.
 */
import { diff3Merge } from 'node-diff3';
import { joinLines, splitLines } from './hunks.ts';

export type MergedText = {
	/** With diff3 markers around what conflicts. */
	readonly text: string;
	readonly conflicts: number;
};

export function mergeText(input: {
	readonly ancestor: string;
	readonly ours: string;
	readonly theirs: string;
}): MergedText {
	const { ancestor, ours, theirs } = input;
	if (ours === ancestor || ours === theirs) return { text: theirs, conflicts: 0 };
	if (theirs === ancestor) return { text: ours, conflicts: 0 };
	const regions = diff3Merge(splitLines(ours), splitLines(ancestor), splitLines(theirs), {
		excludeFalseConflicts: true,
	});
	const lines: string[] = [];
	let conflicts = 0;
	for (const region of regions) {
		if (region.ok) lines.push(...region.ok);
		if (!region.conflict) continue;
		conflicts++;
		const { a, o, b } = region.conflict;
		lines.push('<<<<<<< now\n', ...whole(a), '||||||| as the agent left it\n', ...whole(o));
		lines.push('=======\n', ...whole(b), '>>>>>>> to restore\n');
	}
	return { text: joinLines(lines), conflicts };
}

/** A merged text with what the ancestor has in the place of every conflict: how a merge editor starts. */
export const withoutConflicts = (text: string): string =>
	text.replace(/^<{7} now\n[\s\S]*?^\|{7} as the agent left it\n([\s\S]*?)^={7}\n[\s\S]*?^>{7} to restore\n/gm, '$1');

/** A marker stands on a line of its own, also behind a last line that has no newline. */
const whole = (lines: readonly string[]) => lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`));
