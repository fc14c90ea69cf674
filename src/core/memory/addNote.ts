/**
 * Puts a note into the text of a memory file: one line in its list of memories, or a new list at the end. Everything else of the text stays
 * as it is, to the last line end. Pure.
 */
import { proseOnly } from './proseOnly.ts';

const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const MEMORIES = /^(?:memor(?:y|ies)|remember|notes(?: to (?:self|remember))?)$/i;
const NEW_HEADING = '# Memories';
/** A lone carriage return ends a line as well: Markdown says so, and a line feed put behind it would make one of both. */
const LINE_END = /\r\n|\n|\r/;

export type NotedText = {
	readonly text: string;
	/** What was put in, and where: without it the text is the one from before. */
	readonly inserted: string;
	readonly offset: number;
};

/** `eol` is for a text that has no line end yet; default `\n`. */
export function addNote(text: string, note: string, eol: '\n' | '\r\n' = '\n'): NotedText {
	const end = LINE_END.exec(text)?.[0] ?? eol;
	const words = note.replaceAll(/\s+/g, ' ').trim();
	const insert = (offset: number, inserted: string): NotedText => ({
		text: text.slice(0, offset) + inserted + text.slice(offset),
		inserted,
		offset,
	});
	const section = memoriesIn(text);
	if (!section) {
		if (text.trim() === '') return insert(text.length, `${NEW_HEADING}${end}${end}- ${words}${end}`);
		const isEnded = /[\r\n]$/.test(text);
		const isBlank = /(?:^|\n|\r(?!\n))[ \t]*(?:\r\n|\n|\r)$/.test(text);
		const before = isBlank ? '' : isEnded ? end : end + end;
		return insert(text.length, `${before}${NEW_HEADING}${end}${end}- ${words}${isEnded ? end : ''}`);
	}
	const { headingEnd, contentEnd, mark } = section;
	// Right behind the last line that says something; a list needs an empty line under its heading.
	const gap = contentEnd === headingEnd ? end + end : end;
	return insert(contentEnd, `${gap}${mark} ${words}`);
}

/** Where the first list of memories is. Offsets stand before a line end, or at the end of the text. */
function memoriesIn(
	text: string,
): { readonly headingEnd: number; readonly contentEnd: number; readonly mark: string } | undefined {
	const prose = proseOnly(text);
	let found: { level: number; headingEnd: number; contentEnd: number; mark: string | undefined } | undefined;
	let offset = 0;
	for (const [index, part] of prose.split(/(\r\n|\n|\r)/).entries()) {
		const lineEnd = offset + part.length;
		if (index % 2 === 0) {
			const heading = HEADING.exec(part);
			const level = heading?.[1]?.length ?? 0;
			if (found && level > 0 && level <= found.level) break;
			if (!found && heading && MEMORIES.test(heading[2]?.trim() ?? ''))
				found = { level, headingEnd: lineEnd, contentEnd: lineEnd, mark: undefined };
			// Code counts here: the note stands behind it.
			else if (found && text.slice(offset, lineEnd).trim() !== '') {
				found.contentEnd = lineEnd;
				found.mark = /^([-*+])[ \t]/.exec(part)?.[1] ?? found.mark;
			}
		}
		offset = lineEnd;
	}
	return found && { headingEnd: found.headingEnd, contentEnd: found.contentEnd, mark: found.mark ?? '-' };
}
