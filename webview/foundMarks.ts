/**
 * Marks what was found inside the rows that are drawn: with the CSS Custom Highlight API where there is one (it changes no element), else with
 * an outline of the row. Finds text across elements, as it reads on the screen.
 */
import type { FindMark } from '../src/protocol/findMark.ts';

export interface FoundMarks {
	/** Marks `rows` (ids) from now on, and `current` among them more strongly. */
	set(mark: FindMark, rows: ReadonlySet<string>, current: string | null): void;
	clear(): void;
	/** Call after each drawing. */
	apply(): void;
	/** Where the first mark in the current row is, when it is drawn. */
	currentPlace(): DOMRect | null;
}

const ALL = 'retrace-found';
const CURRENT = 'retrace-found-current';
/** Enough for every row that can be seen; a page that holds thousands would feel it. */
const MAX_RANGES = 2_000;

export function createFoundMarks(root: HTMLElement): FoundMarks {
	let active: { regex: RegExp; rows: ReadonlySet<string>; current: string | null } | null = null;
	let first: Range | null = null;
	const canHighlight = 'highlights' in CSS && typeof Highlight === 'function';

	function apply(): void {
		first = null;
		if (active === null) return;
		const all: Range[] = [];
		const current: Range[] = [];
		for (const row of root.querySelectorAll<HTMLElement>('.log [data-row]')) {
			const id = row.dataset.row ?? '';
			const isFound = active.rows.has(id);
			if (!canHighlight) {
				row.classList.toggle('is-found', isFound);
				row.classList.toggle('is-found-current', id === active.current);
			}
			if (!isFound || all.length > MAX_RANGES) continue;
			const ranges = rangesIn(row, active.regex);
			(id === active.current ? current : all).push(...ranges);
		}
		first = current[0] ?? null;
		if (!canHighlight) return;
		CSS.highlights.set(ALL, new Highlight(...all));
		CSS.highlights.set(CURRENT, new Highlight(...current));
	}

	return {
		set(mark, rows, current) {
			active = { regex: new RegExp(mark.pattern, mark.isCaseSensitive ? 'gu' : 'giu'), rows, current };
			apply();
		},
		clear() {
			active = null;
			first = null;
			if (canHighlight) {
				CSS.highlights.delete(ALL);
				CSS.highlights.delete(CURRENT);
			}
			for (const row of root.querySelectorAll('.is-found, .is-found-current'))
				row.classList.remove('is-found', 'is-found-current');
		},
		apply,
		currentPlace: () => first?.getBoundingClientRect() ?? null,
	};
}

/** The text of the row with the places of its nodes; what only a screen reader is told is left out. */
function rangesIn(row: HTMLElement, regex: RegExp): Range[] {
	const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT, (node) =>
		node.parentElement?.closest('.sr-only, .codicon') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
	);
	const nodes: { node: Text; start: number }[] = [];
	let text = '';
	for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
		if (!(node instanceof Text)) continue;
		nodes.push({ node, start: text.length });
		text += node.data;
	}
	const place = (index: number, isEnd: boolean) => {
		// The end of a match belongs to the node that its last character is in.
		const at = nodes.findLast(({ start }) => (isEnd ? start < index : start <= index)) ?? nodes[0];
		return at && { node: at.node, offset: Math.min(index - at.start, at.node.length) };
	};
	const ranges: Range[] = [];
	regex.lastIndex = 0;
	for (const match of text.matchAll(regex)) {
		const [start, end] = [place(match.index, false), place(match.index + match[0].length, true)];
		if (!start || !end || match[0] === '' || ranges.length > MAX_RANGES) continue;
		const range = document.createRange();
		range.setStart(start.node, start.offset);
		range.setEnd(end.node, end.offset);
		ranges.push(range);
	}
	return ranges;
}
