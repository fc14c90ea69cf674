/**
 * Decides whether a log line really matches, and with what: the second half of a search, after ripgrep named the line.
 * Keeps, per log, which call had which name and input, so that a result can be told by its call. Reads no file.
 */
import type { ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock } from '../session/content.ts';
import { type Entry, parseEntry } from '../session/entry.ts';
import {
	type HitKind,
	inputTexts,
	isErrorEntry,
	type TextBlob,
	type TextPart,
	textBlobs,
	textParts,
} from './entryText.ts';
import { mayMatchLine } from './lineFilter.ts';
import { filePattern, termRegex } from './pattern.ts';
import type { SearchQuery } from './query.ts';
import { type Snippet, snippetOf } from './snippet.ts';

export type EntryMatch = { readonly kind: HitKind; readonly snippet: Snippet };

/** An entry that passes the filters, and how its text relates to the terms. */
export type JudgedEntry = {
	readonly entry: Entry;
	readonly tool: string | undefined;
	readonly isError: boolean;
	/** Undefined: not by what stands in the line. */
	readonly match: EntryMatch | undefined;
	/** Parts of its text that are stored elsewhere. */
	readonly blobs: readonly TextBlob[];
	/** The same question again, with the texts of its blobs. */
	matchWith(blobTexts: readonly TextPart[]): EntryMatch | undefined;
};

/** Reads the lines of one log in their order. */
export type LineMatcher = { judge(line: string): JudgedEntry | undefined };

type Call = { readonly name: string; readonly input: string };

export function createLineMatcher(query: SearchQuery): LineMatcher {
	const mayMatch = mayMatchLine(query);
	const regexes = query.terms.map((term) => termRegex(term, 'plain', query.isCaseSensitive));
	const file = query.file === undefined ? undefined : new RegExp(filePattern(query.file, 'plain'), 'giu');
	const calls = new Map<ToolUseId, Call>();
	const isCallsOnly = regexes.length === 0 && !file && !query.isError;

	const matchOf = (parts: readonly TextPart[]): EntryMatch | undefined => {
		const shown = regexes.length > 0 ? regexes : file ? [file] : [];
		if (!regexes.every((regex) => parts.some((part) => has(regex, part.text)))) return undefined;
		const part = parts.find((one) => shown.some((regex) => has(regex, one.text))) ?? parts[0];
		if (!part) return undefined;
		return { kind: part.kind, snippet: snippetOf(part.text, shown) };
	};
	const callOf = (entry: Entry): Call | undefined => {
		if (entry.type === 'assistant' && isToolUseBlock(entry.block))
			return { name: entry.block.name, input: inputTexts(entry.block.input).join('\n') };
		return 'toolUseId' in entry && entry.toolUseId !== undefined ? calls.get(entry.toolUseId) : undefined;
	};
	const isFileNamed = (entry: Entry, parts: readonly TextPart[]): boolean => {
		if (!file || parts.some((part) => has(file, part.text))) return true;
		// A result is about the file that its call names. Asked for nothing else, the call alone says it.
		const input = callOf(entry)?.input;
		return (regexes.length > 0 || query.isError) && input !== undefined && has(file, input);
	};

	return {
		judge(line) {
			if (!mayMatch(line)) return undefined;
			const entry = readEntry(line);
			if (!entry) return undefined;
			const call = callOf(entry);
			if (call && entry.type === 'assistant' && isToolUseBlock(entry.block)) calls.set(entry.block.id, call);
			if (query.isError && !isErrorEntry(entry)) return undefined;
			if (query.tool !== undefined && !call?.name.toLowerCase().startsWith(query.tool)) return undefined;
			// Asked for a tool and nothing else, its calls are the answer.
			if (isCallsOnly && entry.type !== 'assistant') return undefined;
			if (query.afterMs !== undefined && !(entry.timestamp >= query.afterMs)) return undefined;
			if (query.beforeMs !== undefined && !(entry.timestamp < query.beforeMs)) return undefined;
			const parts = textParts(entry);
			const blobs = textBlobs(entry);
			if (parts.length === 0 && blobs.length === 0) return undefined;
			const matchWith = (more: readonly TextPart[]): EntryMatch | undefined => {
				const all = [...parts, ...more];
				return isFileNamed(entry, all) ? matchOf(all) : undefined;
			};
			return { entry, tool: call?.name, isError: isErrorEntry(entry), match: matchWith([]), blobs, matchWith };
		},
	};
}

/** Whether all terms stand in this text alone; for blobs, before anything names them. */
export function has(regex: RegExp, text: string): boolean {
	regex.lastIndex = 0;
	return regex.test(text);
}

function readEntry(line: string): Entry | undefined {
	try {
		return parseEntry(JSON.parse(line.startsWith('\uFEFF') ? line.slice(1) : line));
	} catch {
		// A damaged line, or one of a newer format: the session itself says so when it is opened.
		return undefined;
	}
}
