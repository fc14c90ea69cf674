/**
 * Turns changes of the shown session into numbered messages, batched. Pure but for its timer; knows no webview:
 * `post` is whatever the panel is. Until the panel said it is ready, nothing is sent.
 */

import type { ContextMeter } from '../../protocol/contextMeter.ts';
import type { PanelHead, ToPanel } from '../../protocol/toPanel.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { SessionChange } from '../session/openSession.ts';
import { PROGRESS_CHARS } from '../transcript/liveRows.ts';

/** One frame: text that streams looks smooth, and a burst costs one batch. What comes after a pause goes at once. */
const BATCH_MS = 16;

/** A row that grows is worth looking at so often, not more: each change of it sends the whole row. */
const GROWING_MS = 50;

/** No turn runs. */
const IS_OVER: ReadonlySet<string> = new Set(['created', 'ready', 'idle', 'closed']);

export type FeedSource = {
	head(): PanelHead;
	/** The rows to show, and whether older ones were left out. */
	items(): { readonly items: readonly TranscriptItem[]; readonly hasOlder: boolean };
	meter(): ContextMeter;
	draft(): string;
};

type RowMessage =
	| { readonly kind: 'item'; readonly item: TranscriptItem }
	| { readonly kind: 'itemRemoved'; readonly id: string }
	| { readonly kind: 'delta'; readonly id: string; readonly text: string };

export class PanelFeed {
	readonly #source: FeedSource;
	readonly #post: (message: ToPanel) => void;
	readonly #schedule: (callback: () => void, delayMs: number) => void;
	readonly #nowMs: () => number;
	#lastBatchMs = Number.NEGATIVE_INFINITY;
	#isReady = false;
	#seq = 0;
	#lastGrowingMs = Number.NEGATIVE_INFINITY;
	#rows: RowMessage[] = [];
	/** The newest state of rows that grow, by id. */
	readonly #growing = new Map<string, TranscriptItem>();
	#isHeadDue = false;
	#isMeterDue = false;
	#isSnapshotDue = false;
	#isScheduled = false;
	#isGrowingScheduled = false;

	constructor(
		source: FeedSource,
		post: (message: ToPanel) => void,
		schedule: (callback: () => void, delayMs: number) => void,
		nowMs: () => number = () => performance.now(),
	) {
		this.#source = source;
		this.#post = post;
		this.#schedule = schedule;
		this.#nowMs = nowMs;
	}

	/** The page has loaded: it gets everything at once. */
	ready(): void {
		this.#isReady = true;
		this.#isSnapshotDue = true;
		this.flush();
	}

	/** The page is gone. */
	detached(): void {
		this.#isReady = false;
		this.#rows = [];
		this.#growing.clear();
	}

	/** Sends a message that is no part of the state. */
	send(message: ToPanel): void {
		this.flush();
		if (this.#isReady) this.#post(message);
	}

	on(change: SessionChange): void {
		// Who comes later gets everything at once; until then nothing piles up.
		if (!this.#isReady) return;
		switch (change.kind) {
			case 'item':
				this.#growing.delete(change.item.id);
				this.#rows.push({ kind: 'item', item: change.item });
				break;
			case 'growing':
				this.#growing.set(change.item.id, change.item);
				this.#armGrowing();
				return;
			case 'removed':
				this.#growing.delete(change.id);
				this.#rows.push({ kind: 'itemRemoved', id: change.id });
				break;
			case 'delta':
				this.#addDelta(change.id, change.text, change.isOutput === true ? PROGRESS_CHARS : Number.POSITIVE_INFINITY);
				break;
			case 'reset':
				this.#isSnapshotDue = true;
				break;
			case 'head':
				this.#isHeadDue = true;
				break;
			case 'agentRows':
				this.send({ kind: 'agent.rows', ...change.rows, items: [...change.rows.items] });
				return;
			case 'context':
			case 'asks':
				return;
		}
		this.#arm();
	}

	meterChanged(): void {
		this.#isMeterDue = true;
		this.#arm();
	}

	/** Sends what is due, now. */
	flush(): void {
		if (!this.#isReady) {
			this.#rows = [];
			return;
		}
		if (this.#isSnapshotDue) {
			this.#snapshot();
			return;
		}
		const rows = this.#rows;
		this.#rows = [];
		const head = this.#isHeadDue ? this.#source.head() : undefined;
		// Who sees a row of a turn must see that it runs, and who sees that it is over must see all of its rows.
		const isHeadFirst = head !== undefined && !IS_OVER.has(head.state);
		if (head && isHeadFirst) this.#post({ kind: 'head', seq: ++this.#seq, head });
		for (const row of rows) this.#post({ ...row, seq: ++this.#seq });
		if (head && !isHeadFirst) this.#post({ kind: 'head', seq: ++this.#seq, head });
		if (this.#isMeterDue) this.#post({ kind: 'meter', seq: ++this.#seq, meter: this.#source.meter() });
		this.#isHeadDue = false;
		this.#isMeterDue = false;
	}

	#snapshot(): void {
		this.#rows = [];
		this.#growing.clear();
		this.#isSnapshotDue = false;
		this.#isHeadDue = false;
		this.#isMeterDue = false;
		this.#seq = 0;
		const { items, hasOlder } = this.#source.items();
		this.#post({
			kind: 'snapshot',
			seq: 0,
			head: this.#source.head(),
			items: [...items],
			hasOlder,
			meter: this.#source.meter(),
			draft: this.#source.draft(),
		});
	}

	/** What is printed faster than it is sent would otherwise pile up. */
	#addDelta(id: string, text: string, maxChars: number): void {
		const last = this.#rows.at(-1);
		if (last?.kind === 'delta' && last.id === id)
			this.#rows[this.#rows.length - 1] = { ...last, text: lastOf(last.text + text, maxChars) };
		else this.#rows.push({ kind: 'delta', id, text: lastOf(text, maxChars) });
	}

	/** In time of its own: what else is to be said does not wait for it, and does not speed it up. */
	#armGrowing(): void {
		if (this.#isGrowingScheduled || !this.#isReady) return;
		this.#isGrowingScheduled = true;
		const delayMs = Math.max(0, this.#lastGrowingMs + GROWING_MS - this.#nowMs());
		this.#schedule(() => {
			this.#isGrowingScheduled = false;
			this.#lastGrowingMs = this.#nowMs();
			for (const item of this.#growing.values()) this.#rows.push({ kind: 'item', item });
			this.#growing.clear();
			this.flush();
		}, delayMs);
	}

	#arm(): void {
		if (this.#isScheduled || !this.#isReady) return;
		this.#isScheduled = true;
		const delayMs = Math.max(0, this.#lastBatchMs + BATCH_MS - this.#nowMs());
		this.#schedule(() => {
			this.#isScheduled = false;
			this.#lastBatchMs = this.#nowMs();
			this.flush();
		}, delayMs);
	}
}

const lastOf = (text: string, maxChars: number): string => (text.length > maxChars ? text.slice(-maxChars) : text);
