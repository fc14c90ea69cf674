/** What the search page knows: the query, what was found so far, and which row is current. Pure. */
import type { SearchPageHit, SearchSession, SearchToPage } from '../../src/protocol/searchMessages.ts';

export type SearchPageState = {
	readonly setup: { readonly unavailable: string | null; readonly tools: readonly string[] } | null;
	readonly text: string;
	/** Number of the newest search; what carries another one is late. */
	readonly number: number;
	/** `waiting`: typed, nothing came yet; what was found before is still shown. */
	readonly phase: 'empty' | 'waiting' | 'finding' | 'done' | 'failed';
	/** Sessions that changed last first. */
	readonly sessions: readonly SearchSession[];
	readonly hits: ReadonlyMap<string, readonly SearchPageHit[]>;
	readonly hitCount: number;
	readonly end: Omit<Extract<SearchToPage, { kind: 'search.done' }>, 'kind' | 'number'> | null;
	readonly failure: { readonly message: string; readonly isInvalid: boolean } | null;
	/** Keys of sessions whose hits are folded away. */
	readonly closed: ReadonlySet<string>;
	/** Key of the row that has the focus of the tree. */
	readonly current: string | null;
};

export const initialSearchState: SearchPageState = {
	setup: null,
	text: '',
	number: 0,
	phase: 'empty',
	sessions: [],
	hits: new Map(),
	hitCount: 0,
	end: null,
	failure: null,
	closed: new Set(),
	current: null,
};

/** The text changed: a new search, or none. What was found stays until the first result of the new one. */
export function typed(state: SearchPageState, text: string): SearchPageState {
	if (text.trim() === '') return { ...initialSearchState, setup: state.setup, text, number: state.number + 1 };
	return { ...state, text, number: state.number + 1, phase: 'waiting', failure: null };
}

export function received(state: SearchPageState, message: SearchToPage): SearchPageState {
	switch (message.kind) {
		case 'search.setup':
			return { ...state, setup: { unavailable: message.unavailable, tools: message.tools } };
		case 'search.focus':
			return state;
		case 'search.found':
			return message.number === state.number ? withFound(fresh(state), message.sessions, message.hits) : state;
		case 'search.done': {
			if (message.number !== state.number) return state;
			const { isComplete, cutSessions, unsearchedOutputs } = message;
			return { ...fresh(state), phase: 'done', end: { isComplete, cutSessions, unsearchedOutputs } };
		}
		case 'search.failed':
			if (message.number !== state.number) return state;
			return {
				...fresh(state),
				phase: 'failed',
				failure: { message: message.message, isInvalid: message.isInvalid },
			};
	}
}

/** A row of the tree, as it can be reached with the keyboard. */
export type SearchRow =
	| { readonly kind: 'session'; readonly key: string; readonly session: SearchSession; readonly isOpen: boolean }
	| { readonly kind: 'hit'; readonly key: string; readonly session: SearchSession; readonly hit: SearchPageHit };

/** The rows that can be seen, in order. */
export function visibleRows(state: SearchPageState): readonly SearchRow[] {
	return state.sessions.flatMap((session): SearchRow[] => {
		const isOpen = !state.closed.has(session.key);
		const row: SearchRow = { kind: 'session', key: session.key, session, isOpen };
		if (!isOpen) return [row];
		return [row, ...hitsOf(state, session.key).map((hit) => hitRow(session, hit))];
	});
}

export const hitsOf = (state: SearchPageState, key: string): readonly SearchPageHit[] => state.hits.get(key) ?? [];
export const hitKey = (hit: SearchPageHit): string => `${hit.session} ${hit.entryId}`;

export function toggled(state: SearchPageState, key: string, isOpen: boolean): SearchPageState {
	const closed = new Set(state.closed);
	if (isOpen) closed.delete(key);
	else closed.add(key);
	return { ...state, closed };
}

/** The row that the key goes to, or what it opens or folds; undefined when the key is none of the tree's. */
export function treeKey(
	state: SearchPageState,
	key: string,
): { readonly state: SearchPageState } | 'input' | undefined {
	const rows = visibleRows(state);
	const index = Math.max(
		0,
		rows.findIndex((row) => row.key === state.current),
	);
	const row = rows[index];
	if (!row) return undefined;
	const go = (to: number) => ({ state: { ...state, current: rows[Math.min(to, rows.length - 1)]?.key ?? null } });
	switch (key) {
		case 'ArrowDown':
			return go(index + 1);
		case 'ArrowUp':
			return index === 0 ? 'input' : go(index - 1);
		case 'Home':
			return go(0);
		case 'End':
			return go(rows.length - 1);
		case 'ArrowRight':
			if (row.kind === 'hit') return { state };
			return row.isOpen ? go(index + 1) : { state: toggled(state, row.key, true) };
		case 'ArrowLeft':
			if (row.kind === 'hit') return { state: { ...state, current: row.session.key } };
			return { state: toggled(state, row.key, false) };
		default:
			return undefined;
	}
}

/** `12 results in 3 sessions`, and what is not among them. Told to screen readers as well. */
export function statusText(state: SearchPageState): string {
	if (state.phase === 'empty' || state.phase === 'failed') return '';
	if (state.phase === 'waiting') return 'Searching…';
	const found = `${count(state.hitCount, 'result')} in ${count(state.sessions.length, 'session')}`;
	if (state.phase === 'finding') return `${found}, searching…`;
	return state.hitCount === 0 ? 'No results' : found;
}

/** What a person must know about what is not shown. */
export function notes(state: SearchPageState): readonly string[] {
	const { end } = state;
	if (!end) return [];
	const list: string[] = [];
	if (!end.isComplete) list.push('There is more than is shown. Add a word or a filter to narrow it down.');
	if (end.unsearchedOutputs > 0)
		list.push(
			`${count(end.unsearchedOutputs, 'compressed output')} ${end.unsearchedOutputs === 1 ? 'was' : 'were'} not searched.`,
		);
	return list;
}

export function count(value: number, noun: string): string {
	return `${value.toLocaleString('en-US')} ${noun}${value === 1 ? '' : 's'}`;
}

/** The first news of a search takes the place of what the one before found. */
function fresh(state: SearchPageState): SearchPageState {
	if (state.phase !== 'waiting') return state;
	const { setup, text, number, closed } = state;
	return { ...initialSearchState, setup, text, number, closed, phase: 'finding' };
}

function withFound(
	state: SearchPageState,
	sessions: readonly SearchSession[],
	found: readonly SearchPageHit[],
): SearchPageState {
	const hits = new Map(state.hits);
	for (const hit of found) hits.set(hit.session, [...(hits.get(hit.session) ?? []), hit]);
	// Those in the trash come last: they are seldom what is wanted.
	const all = [...state.sessions, ...sessions].sort(
		(a, b) => Number(a.isTrashed) - Number(b.isTrashed) || b.updatedAt - a.updatedAt,
	);
	return { ...state, phase: 'finding', sessions: all, hits, hitCount: state.hitCount + found.length };
}

const hitRow = (session: SearchSession, hit: SearchPageHit): SearchRow => ({
	kind: 'hit',
	key: hitKey(hit),
	session,
	hit,
});
