/**
 * What a person typed → what is searched for: terms, case and filters, or the sentence that says what is wrong with it.
 * Pure; matching is in `matchEntry.ts`, ripgrep's pattern in `pattern.ts`.
 */
import { type SearchFilterKey, type SearchWord, searchWords } from '../../base/searchWords.ts';

export type SearchPlace = 'all' | 'sessions' | 'trash';

export type SearchQuery = {
	/** All of them in one message. May be empty when a filter says what to find. */
	readonly terms: readonly string[];
	/** A term has an upper-case letter. */
	readonly isCaseSensitive: boolean;
	/** Part of a path; `*` stands for any part of a name. */
	readonly file: string | undefined;
	/** Start of a tool's name, in lower case. */
	readonly tool: string | undefined;
	readonly isError: boolean;
	/** Unix ms, inclusive. */
	readonly afterMs: number | undefined;
	/** Unix ms, exclusive. */
	readonly beforeMs: number | undefined;
	readonly place: SearchPlace;
};

export type ParsedQuery =
	| { readonly kind: 'empty' }
	| { readonly kind: 'invalid'; readonly message: string }
	| { readonly kind: 'query'; readonly query: SearchQuery };

/** Dates are days of the local time zone; `nowMs` is what `today` counts from. */
export function parseQuery(typed: string, nowMs: number): ParsedQuery {
	const words = searchWords(typed);
	if (words.length === 0) return { kind: 'empty' };
	const terms = words.filter((word) => word.key === undefined).map((word) => word.text);
	let query: SearchQuery = {
		terms,
		isCaseSensitive: terms.some((term) => /[\p{Lu}\p{Lt}]/u.test(term)),
		file: undefined,
		tool: undefined,
		isError: false,
		afterMs: undefined,
		beforeMs: undefined,
		place: 'all',
	};
	for (const word of words) {
		if (word.key === undefined) continue;
		const filtered = filterOf(word.key, word, nowMs);
		if (typeof filtered === 'string') return { kind: 'invalid', message: filtered };
		query = { ...query, ...filtered };
	}
	if (query.afterMs !== undefined && query.beforeMs !== undefined && query.afterMs >= query.beforeMs)
		return { kind: 'invalid', message: 'No day is both on or after after: and before before:. Change one of them.' };
	const hasSubject = terms.length > 0 || query.file !== undefined || query.tool !== undefined || query.isError;
	if (!hasSubject) return { kind: 'invalid', message: 'Add a word to search for, or file:, tool: or is:error.' };
	return { kind: 'query', query };
}

/** What a filter adds to the query, or what is wrong with it. */
function filterOf(key: SearchFilterKey, { text }: SearchWord, nowMs: number): Partial<SearchQuery> | string {
	switch (key) {
		case 'file':
			return text === '' ? 'file: needs a part of a path, for example file:src/area.js.' : { file: text };
		case 'tool':
			return text === '' ? 'tool: needs the name of a tool, for example tool:Bash.' : { tool: text.toLowerCase() };
		case 'is':
			return text.toLowerCase() === 'error' ? { isError: true } : `is:${text} is not known. There is is:error.`;
		case 'in': {
			const place = text.toLowerCase();
			if (place === 'trash' || place === 'sessions') return { place };
			return place === 'all' ? { place } : `in:${text} is not known. There are in:sessions and in:trash.`;
		}
		case 'before': {
			const day = startOfDate(text, nowMs);
			return day === undefined ? badDate('before', text) : { beforeMs: day };
		}
		case 'after': {
			const day = startOfDate(text, nowMs);
			return day === undefined ? badDate('after', text) : { afterMs: day };
		}
	}
}

function badDate(key: string, text: string): string {
	const what = text === '' ? `${key}: needs a date` : `${key}:${text} is not a date`;
	return `${what}. Write it like 2026-11-20, 2026-11, today, yesterday or 7d.`;
}

/** Start of the year, month or day; `7d` and `2w` count back from today. Undefined for anything else, also for 2026-02-30. */
function startOfDate(text: string, nowMs: number): number | undefined {
	const word = text.toLowerCase();
	const back = word === 'today' ? 0 : word === 'yesterday' ? 1 : daysBack(word);
	if (back !== undefined) {
		const now = new Date(nowMs);
		return new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).getTime();
	}
	const match = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(word);
	if (!match) return undefined;
	const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
	const date = new Date(year, month - 1, day);
	const isReal = date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
	return isReal ? date.getTime() : undefined;
}

function daysBack(word: string): number | undefined {
	const match = /^(\d{1,4})([dw])$/.exec(word);
	return match ? Number(match[1]) * (match[2] === 'w' ? 7 : 1) : undefined;
}
