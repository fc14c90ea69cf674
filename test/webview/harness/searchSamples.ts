/** Messages of made-up searches, for the pictures and the tests of the search page. Every state of the page is in here. */
import type { SearchPageHit, SearchSession, SearchToPage } from '../../../src/protocol/searchMessages.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 9, 30);
const HOUR_MS = 3_600_000;

export const setup: SearchToPage = {
	kind: 'search.setup',
	unavailable: null,
	tools: ['Bash', 'Diagnostics', 'Edit', 'Glob', 'Grep', 'Read', 'Write'],
};

export const sessions: readonly SearchSession[] = [
	{ key: 'sessions/a', title: 'Guard the area function', updatedAt: NOW_MS, isTrashed: false },
	{
		key: 'sessions/b',
		title: 'Why does the invoice total differ between the preview and the printed page?',
		updatedAt: NOW_MS - 30 * HOUR_MS,
		isTrashed: false,
	},
	{ key: 'trash/c', title: 'Old experiment', updatedAt: NOW_MS - 2_000 * HOUR_MS, isTrashed: true },
];

let count = 0;
/** What stands between `[` and `]` is marked. */
function hit(session: string, label: string, marked: string, more: Partial<SearchPageHit> = {}): SearchPageHit {
	const ranges: [number, number][] = [];
	let text = '';
	for (const piece of marked.split(/(\[[^\]]*\])/)) {
		const isMarked = piece.startsWith('[') && piece.endsWith(']');
		if (isMarked) ranges.push([text.length, text.length + piece.length - 2]);
		text += isMarked ? piece.slice(1, -1) : piece;
	}
	count++;
	return {
		session,
		entryId: `entry-${count}`,
		label,
		isError: false,
		isThinking: false,
		timestamp: NOW_MS - count * 60_000,
		text,
		ranges,
		...more,
	};
}

export const hits: readonly SearchPageHit[] = [
	hit('sessions/a', 'You', 'Guard the [area] function against negative sizes'),
	hit('sessions/a', 'Thinking', '…the [area] of a rectangle cannot be negative, so a range check…', {
		isThinking: true,
	}),
	hit('sessions/a', 'Retrace', "I'll add a range check to [area] and cover it with a test."),
	hit('sessions/a', 'Read', 'src/[area].js'),
	hit('sessions/a', 'Bash', '…not ok 3 - [area] of a square AssertionError: expected 6…', { isError: true }),
	hit('sessions/b', 'Grep output', 'src/shapes.js:12: return [area](w, h);'),
	hit('trash/c', 'You', 'what is the [area] of the triangle'),
];

const found = (number: number): SearchToPage => ({
	kind: 'search.found',
	number,
	sessions: [...sessions],
	hits: [...hits],
});
const done = (number: number, more: Partial<Extract<SearchToPage, { kind: 'search.done' }>> = {}): SearchToPage => ({
	kind: 'search.done',
	number,
	isComplete: true,
	cutSessions: [],
	unsearchedOutputs: 0,
	...more,
});

export interface SearchSample {
	/** Typed first. */
	readonly text: string;
	/** Sent after the typing; the newest search has this number. */
	messages(number: number): readonly SearchToPage[];
	readonly setup?: SearchToPage;
}

export const searchSamples: Readonly<Record<string, SearchSample>> = {
	empty: { text: '', messages: () => [] },
	results: { text: 'area', messages: (number) => [found(number), done(number)] },
	cut: {
		text: 'area tool:Bash is:error after:7d',
		messages: (number) => [
			found(number),
			done(number, { isComplete: false, cutSessions: ['sessions/a'], unsearchedOutputs: 3 }),
		],
	},
	none: { text: 'zebra in:trash', messages: (number) => [done(number)] },
	invalid: {
		text: 'area is:wrong',
		messages: (number) => [
			{ kind: 'search.failed', number, message: 'is:wrong is not known. There is is:error.', isInvalid: true },
		],
	},
	failed: {
		text: 'area',
		messages: (number) => [
			{
				kind: 'search.failed',
				number,
				message:
					'ripgrep was not found in this VS Code or on the PATH, so sessions cannot be searched. Your sessions are safe.',
				isInvalid: false,
			},
		],
	},
	unavailable: {
		text: '',
		messages: () => [],
		setup: {
			kind: 'search.setup',
			unavailable:
				'Sessions are not kept on disk here (retrace.sessions.persist is off), so there is nothing to search. Ctrl+F in the chat finds in the open session.',
			tools: [],
		},
	},
};
