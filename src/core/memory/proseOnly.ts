/**
 * A Markdown text with everything that is no prose blanked out: fenced and indented code, code spans, HTML comments, frontmatter.
 * Every character keeps its place and every line end stays, so offsets hold. Looks at lines and marks; builds no tree.
 */

/** Quote and list marks that a fence may stand behind. */
const CONTAINERS = '(?:[ \\t]*(?:>|[-*+][ \\t]|\\d{1,9}[.)][ \\t]))*[ \\t]*';
const OPENING_FENCE = new RegExp(`^${CONTAINERS}(\`{3,}|~{3,})(.*)$`);
const CLOSING_FENCE = /^[ \t>]*(`{3,}|~{3,})[ \t]*$/;
const LIST_ITEM = /^[ \t]*(?:>[ \t]*)*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
const INDENTED = /^(?: {4}| {0,3}\t)/;
const FRONTMATTER = /^---[ \t]*(?:\r\n|\n|\r)(?:[\s\S]*?(?:\r\n|\n|\r))??(?:---|\.\.\.)[ \t]*(?=\r|\n|$)/;

export function proseOnly(text: string): string {
	const start = /^\uFEFF/.test(text) ? 1 : 0;
	const frontmatter = FRONTMATTER.exec(text.slice(start))?.[0] ?? '';
	const body = start + frontmatter.length;
	return withoutSpans(`${blank(text.slice(0, body))}${withoutBlocks(text.slice(body))}`);
}

const blank = (text: string): string => text.replace(/[^\r\n]/g, ' ');

function withoutBlocks(text: string): string {
	let fence: string | undefined;
	let isInList = false;
	let isCodeBefore = false;
	let isBlankBefore = true;
	// Lines stand at even places, their ends at odd ones.
	const parts = text.split(/(\r\n|\n|\r)/);
	return parts
		.map((line, index) => {
			if (index % 2 === 1) return line;
			if (fence !== undefined) {
				const closing = CLOSING_FENCE.exec(line)?.[1];
				if (closing?.startsWith(fence)) fence = undefined;
				return blank(line);
			}
			const opening = OPENING_FENCE.exec(line);
			if (opening?.[1] && !(opening[1].startsWith('`') && opening[2]?.includes('`'))) {
				[, fence] = opening;
				isBlankBefore = false;
				return blank(line);
			}
			if (line.trim() === '') {
				isBlankBefore = true;
				return line;
			}
			const isIndented = INDENTED.test(line);
			// What is indented below a list item belongs to the item; below a paragraph it goes on with it.
			const isCode = isIndented && !isInList && (isBlankBefore || isCodeBefore);
			if (LIST_ITEM.test(line) && !isCode) isInList = true;
			else if (!isIndented && !/^[ \t]/.test(line) && isBlankBefore) isInList = false;
			isBlankBefore = false;
			isCodeBefore = isCode;
			return isCode ? blank(line) : line;
		})
		.join('');
}

/** Blanks code spans, which end within their paragraph, and comments, which may hold empty lines. */
function withoutSpans(text: string): string {
	let result = '';
	let done = 0;
	/** Where the search for a closing run of so many backticks found none, up to the end of its paragraph. */
	const unclosedUntil = new Map<number, number>();
	let paragraphEnd = -1;
	let hasCommentEnd = true;
	const keep = (from: number, until: number) => {
		result += text.slice(done, from) + blank(text.slice(from, until));
		done = until;
	};
	const marks = /\\[\s\S]|`+|<!--/g;
	for (let match = marks.exec(text); match; match = marks.exec(text)) {
		const [mark] = match;
		if (mark.startsWith('\\')) continue;
		if (mark === '<!--') {
			const end: number = hasCommentEnd ? text.indexOf('-->', match.index + 4) : -1;
			hasCommentEnd = end >= 0;
			if (!hasCommentEnd) continue;
			keep(match.index, end + 3);
		} else {
			if (paragraphEnd < match.index) paragraphEnd = endOfParagraph(text, match.index);
			if ((unclosedUntil.get(mark.length) ?? -1) >= match.index) continue;
			const end = closingRun(text, match.index + mark.length, mark.length, paragraphEnd);
			if (end === undefined) {
				unclosedUntil.set(mark.length, paragraphEnd);
				continue;
			}
			keep(match.index, end);
		}
		marks.lastIndex = done;
	}
	return result + text.slice(done);
}

function endOfParagraph(text: string, from: number): number {
	const empty = /(?:\r\n|\n|\r(?!\n))[ \t]*(?=\r|\n)/g;
	empty.lastIndex = from;
	return empty.exec(text)?.index ?? text.length;
}

/** Behind the next run of exactly `length` backticks. Backslashes mean nothing in a code span. */
function closingRun(text: string, from: number, length: number, until: number): number | undefined {
	const runs = /`+/g;
	runs.lastIndex = from;
	for (let match = runs.exec(text); match && match.index < until; match = runs.exec(text))
		if (match[0].length === length) return match.index + length;
	return undefined;
}
