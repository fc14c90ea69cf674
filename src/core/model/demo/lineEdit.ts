/** From the lines of a file before and after, the one replacement that the Edit tool needs. Pure. */

export type LineEdit = { readonly old_string: string; readonly new_string: string };

/**
 * The smallest run of lines that changed, with as much around it as makes it unique in the file. Undefined when nothing changed
 * or when there is nothing to hold on to (an empty file). Never depends on whether the file ends with a newline.
 */
export function lineEdit(before: readonly string[], after: readonly string[]): LineEdit | undefined {
	let start = 0;
	while (start < before.length && start < after.length && before[start] === after[start]) start++;
	let tail = 0;
	const most = Math.min(before.length, after.length) - start;
	while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
	if (start === before.length && start === after.length) return undefined;
	// With the newline that the file may end with: what is unique in this is unique without it.
	const whole = `${before.join('\n')}\n`;
	const isUsable = () => {
		const old = before.slice(start, before.length - tail);
		// With no line on one side, the line end would be left over.
		if (old.length === 0 || after.length - tail - start <= 0)
			return start === 0 && tail === 0 && /\S/.test(old.join('\n'));
		const text = old.join('\n');
		// Blank lines alone could also be matched by the newline at the file's end.
		return /\S/.test(text) && occurrences(whole, text) === 1;
	};
	while (!isUsable()) {
		if (start > 0) start--;
		else if (tail > 0) tail--;
		else return undefined;
		if (!isUsable() && tail > 0) tail--;
	}
	return {
		old_string: before.slice(start, before.length - tail).join('\n'),
		new_string: after.slice(start, after.length - tail).join('\n'),
	};
}

/** Overlapping ones count, since they would make the place unclear too. */
function occurrences(text: string, part: string): number {
	let count = 0;
	for (let index = text.indexOf(part); index >= 0; index = text.indexOf(part, index + 1)) count++;
	return count;
}

/** Replaces whole words only: `id` in `width` stays. Counts what it replaced. */
export function replaceWord(text: string, from: string, to: string): { readonly text: string; readonly count: number } {
	let count = 0;
	const escaped = from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
	const pattern = new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, 'gu');
	const replaced = text.replace(pattern, () => {
		count++;
		return to;
	});
	return { text: replaced, count };
}
