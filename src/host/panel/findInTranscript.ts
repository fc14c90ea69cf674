/**
 * Find in the open transcript: which rows have the words, also those that the page does not have. Searches the rows that are there and,
 * before them, what the log still holds, without loading it. Changes nothing.
 */
import { CancelledError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { textParts } from '../../core/search/entryText.ts';
import { termPattern, termRegex } from '../../core/search/pattern.ts';
import type { FindMark } from '../../protocol/findMark.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { OpenSession } from '../session/openSession.ts';
import { rowIdOf } from '../transcript/revealEntry.ts';

export type FoundRows = {
	/** From the oldest to the newest. */
	readonly ids: readonly string[];
	/** False: a part of the conversation could not be searched. */
	readonly isComplete: boolean;
	readonly mark: FindMark;
};

/** So many entries are read at a time: a new query need not wait for long. */
const READ_ENTRIES = 400;
/** So many outputs that a row shows only the start of are read whole. */
const MAX_WHOLE_OUTPUTS = 200;

/** The whole of `query` is one phrase; an upper-case letter makes it exact. `wholeOutput` brings the output of a row that shows a part. */
export async function findInTranscript(
	open: OpenSession,
	query: string,
	wholeOutput: (rowId: string) => Promise<string>,
	signal: AbortSignal,
): Promise<FoundRows> {
	const phrase = query.trim();
	const isCaseSensitive = /[\p{Lu}\p{Lt}]/u.test(phrase);
	const mark = { pattern: phrase === '' ? '(?!)' : termPattern(phrase, 'plain'), isCaseSensitive };
	if (phrase === '') return { ids: [], isComplete: true, mark };
	const regex = termRegex(phrase, 'plain', isCaseSensitive);
	const isFound = (text: string) => {
		regex.lastIndex = 0;
		return regex.test(text);
	};
	const older = await findOlder(open, isFound, signal);
	const found = new Set(older.ids);
	let wholeOutputs = 0;
	let isComplete = older.isComplete;
	for (const row of open.rows()) {
		if (found.has(row.id)) continue;
		if (rowTexts(row).some(isFound)) found.add(row.id);
		else if (row.kind === 'tool' && row.isTruncated) {
			if (wholeOutputs++ >= MAX_WHOLE_OUTPUTS) isComplete = false;
			else if (isFound(await wholeOutput(row.id))) found.add(row.id);
			if (signal.aborted) throw new CancelledError();
		}
	}
	return { ids: [...found], isComplete, mark };
}

/** What is marked for the terms of a search; undefined without any. */
export function markOf(terms: readonly string[], isCaseSensitive: boolean): FindMark | undefined {
	if (terms.length === 0) return undefined;
	return { pattern: terms.map((term) => `(?:${termPattern(term, 'plain')})`).join('|'), isCaseSensitive };
}

/** The texts of a row that a person can read in it, folded parts included. */
export function rowTexts(row: TranscriptItem): readonly string[] {
	switch (row.kind) {
		case 'prompt':
			return [row.text, ...row.attachments.map(({ name }) => name)];
		case 'answer':
			return [row.text, withoutMarkup(row.text)];
		case 'thinking':
		case 'notice':
		case 'rewound':
			return [row.text];
		case 'checkpoint':
			return [row.label];
		case 'tool':
			return [`${row.verb} ${row.target}`, row.summary, row.preview];
		case 'edit':
			return [row.path, row.note, ...row.lines.map(({ text }) => text)];
		case 'permission':
			return [`${row.tool} ${row.target}`, row.cause];
		default:
			return [];
	}
}

/** Markdown as it reads once it is drawn, near enough: marks of emphasis and code, and the addresses of links, are gone. */
function withoutMarkup(markdown: string): string {
	return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[*_`]+/g, '');
}

/** Rows of entries that are in the log and not loaded, on the way to the leaf. */
async function findOlder(
	open: OpenSession,
	isFound: (text: string) => boolean,
	signal: AbortSignal,
): Promise<Pick<FoundRows, 'ids' | 'isComplete'>> {
	const { session } = open;
	if (!session.hasOlder) return { ids: [], isComplete: true };
	// What stands in the session that this one was forked from is not searched here.
	if (session.isWhole) return { ids: [], isComplete: false };
	const { byId } = await session.outline(signal);
	const path: EntryId[] = [];
	const first = session.branch()[0];
	for (let id = first?.parentId ?? null; id !== null; ) {
		const entry = byId.get(id);
		if (!entry) break;
		path.push(id);
		id = entry.parentId;
	}
	path.reverse();
	const ids = new Set<string>();
	for (let at = 0; at < path.length; at += READ_ENTRIES) {
		for (const entry of await session.read(path.slice(at, at + READ_ENTRIES), signal)) {
			const rowId = rowIdOf(entry, session);
			if (rowId !== undefined && textParts(entry).some((part) => isFound(part.text))) ids.add(rowId);
		}
		if (signal.aborted) throw new CancelledError();
	}
	return { ids: [...ids], isComplete: session.origin === undefined };
}
