/**
 * Finds the lines at which two long texts surely meet, so that what lies between can be compared piece by piece. Pure.
 * Such a line stands once in either text; of these the longest run that has the same order in both is taken (patience diff).
 */
export type LineAnchor = { readonly baseLine: number; readonly currentLine: number };

export function lineAnchors(base: readonly string[], current: readonly string[]): readonly LineAnchor[] {
	const places = uniqueLines(base);
	const inCurrent = uniqueLines(current);
	const common: LineAnchor[] = [];
	for (const [line, baseLine] of places) {
		const currentLine = inCurrent.get(line);
		if (baseLine >= 0 && currentLine !== undefined && currentLine >= 0) common.push({ baseLine, currentLine });
	}
	return longestRun(common.toSorted((a, b) => a.baseLine - b.baseLine));
}

/** Each line with its index, or -1 when it stands there more than once. */
function uniqueLines(lines: readonly string[]): Map<string, number> {
	const found = new Map<string, number>();
	for (const [index, line] of lines.entries()) found.set(line, found.has(line) ? -1 : index);
	return found;
}

/** The longest increasing subsequence by `currentLine`; `anchors` are in order of `baseLine`. */
function longestRun(anchors: readonly LineAnchor[]): readonly LineAnchor[] {
	/** For each length the anchor with the smallest end, and for each anchor the one before it. */
	const ends: number[] = [];
	const previous: number[] = [];
	for (const [index, { currentLine }] of anchors.entries()) {
		let low = 0;
		let high = ends.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const end = anchors[ends[middle] ?? 0]?.currentLine ?? 0;
			if (end < currentLine) low = middle + 1;
			else high = middle;
		}
		previous[index] = low === 0 ? -1 : (ends[low - 1] ?? -1);
		ends[low] = index;
	}
	const run: LineAnchor[] = [];
	for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) {
		const anchor = anchors[index];
		if (anchor) run.push(anchor);
	}
	return run.reverse();
}
