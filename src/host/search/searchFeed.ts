/** What a search finds → messages for its page, batched, so that a thousand hits are not a thousand messages. Pure but for its timer. */
import type { SearchEnd, SearchFound, SearchHit } from '../../core/search/searchPort.ts';
import type { SearchPageHit, SearchSession, SearchToPage } from '../../protocol/searchMessages.ts';

/** The first hits go at once; what follows comes in steps that the eye takes for continuous. */
const BATCH_MS = 50;

export class SearchFeed {
	readonly #post: (message: SearchToPage) => void;
	readonly #schedule: (callback: () => void, delayMs: number) => void;
	#number = 0;
	#sessions: SearchSession[] = [];
	#hits: SearchPageHit[] = [];
	#isScheduled = false;
	#hasSent = false;

	constructor(post: (message: SearchToPage) => void, schedule: (callback: () => void, delayMs: number) => void) {
		this.#post = post;
		this.#schedule = schedule;
	}

	/** What the search before found and was not sent yet is dropped. */
	start(number: number): void {
		this.#number = number;
		this.#sessions = [];
		this.#hits = [];
		this.#hasSent = false;
	}

	take(found: SearchFound): void {
		if (found.kind === 'session') {
			const { key, title, updatedAt, trashName } = found.session;
			this.#sessions.push({ key, title, updatedAt, isTrashed: trashName !== undefined });
			return;
		}
		this.#hits.push(pageHit(found.hit));
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		this.#schedule(
			() => {
				this.#isScheduled = false;
				this.flush();
			},
			this.#hasSent ? BATCH_MS : 0,
		);
	}

	end(end: SearchEnd): void {
		this.flush();
		const { isComplete, cutSessions, unsearchedOutputs } = end;
		this.#post({
			kind: 'search.done',
			number: this.#number,
			isComplete,
			cutSessions: [...cutSessions],
			unsearchedOutputs,
		});
	}

	flush(): void {
		if (this.#hits.length === 0 && this.#sessions.length === 0) return;
		const [sessions, hits] = [this.#sessions, this.#hits];
		this.#sessions = [];
		this.#hits = [];
		this.#hasSent = true;
		this.#post({ kind: 'search.found', number: this.#number, sessions, hits });
	}
}

export function pageHit(hit: SearchHit): SearchPageHit {
	return {
		session: hit.session,
		entryId: hit.entryId,
		label: labelOf(hit),
		isError: hit.isError,
		isThinking: hit.kind === 'thinking',
		timestamp: hit.timestamp,
		text: hit.snippet.text,
		ranges: hit.snippet.ranges.map(([start, end]) => [start, end]),
	};
}

/** Who said it, in the words of the transcript. */
function labelOf(hit: SearchHit): string {
	switch (hit.kind) {
		case 'prompt':
			return 'You';
		case 'reply':
			return 'Retrace';
		case 'thinking':
			return 'Thinking';
		case 'tool':
			return hit.tool ?? 'Tool';
		case 'output':
			return hit.tool === undefined ? 'Output' : `${hit.tool} output`;
		case 'error':
			return hit.tool ?? 'Error';
		case 'title':
			return 'Title';
		case 'summary':
			return 'Summary';
		case 'file':
			return 'File';
		case 'notice':
			return 'Note';
	}
}
