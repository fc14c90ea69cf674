/**
 * Cuts streaming Markdown into top-level blocks, so that finished ones are rendered once and only the last is parsed
 * again as it grows. Pure; knows fences, lists and quotes well enough never to cut inside one.
 */

/** The blocks in order; joined with nothing they are the text. The last one may still grow. */
export function splitBlocks(text: string): string[] {
	const blocks: string[] = [];
	let start = 0;
	let offset = 0;
	let fence: string | null = null;
	let isBlankBefore = false;
	let isList = false;
	let hasContent = false;
	for (const line of text.split('\n')) {
		const lineStart = offset;
		offset += line.length + 1;
		if (fence !== null) {
			if (isFenceEnd(line, fence)) fence = null;
			continue;
		}
		if (line.trim() === '') {
			isBlankBefore = hasContent;
			continue;
		}
		const isItem = LIST_ITEM.test(line);
		const isContinued = isList && (isItem || /^\s/.test(line));
		if (isBlankBefore && !isContinued && !/^(?: {4}|\t)/.test(line)) {
			blocks.push(text.slice(start, lineStart));
			start = lineStart;
			hasContent = false;
		}
		if (!hasContent) isList = isItem;
		hasContent = true;
		isBlankBefore = false;
		fence = FENCE_START.exec(line)?.[1] ?? null;
	}
	if (start < text.length) blocks.push(text.slice(start));
	return blocks;
}

const LIST_ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
/** Also inside list items, where fences are indented. */
const FENCE_START = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(`{3,}(?=[^`]*$)|~{3,})/;

function isFenceEnd(line: string, fence: string): boolean {
	const trimmed = line.trim();
	return trimmed.length >= fence.length && trimmed === fence.charAt(0).repeat(trimmed.length);
}
