/** The summary that waits for the user: at most one per session. It is shown, may be changed, and is used or dropped. */
import { CancelledError } from '../../base/errors.ts';
import type { SummaryDraft } from '../../core/context/summaryDraft.ts';
import type { PanelSummary } from '../../protocol/toPanel.ts';

export class SummaryReview {
	readonly #changed: () => void;
	#waiting: { readonly draft: SummaryDraft; readonly answer: (text: string | undefined) => void } | undefined;
	#count = 0;

	constructor(changed: () => void) {
		this.#changed = changed;
	}

	/** What the page shows; null while nothing waits. */
	get shown(): PanelSummary | null {
		if (!this.#waiting) return null;
		const { wish, summary, previous, tokensBefore, costUsd } = this.#waiting.draft;
		return {
			id: String(this.#count),
			text: summary,
			hasPrevious: previous !== undefined,
			scope: wish.scope.kind,
			tokensBefore,
			costUsd,
		};
	}

	/** Both versions, for a diff; undefined when there is nothing to compare. */
	get versions(): { readonly previous: string; readonly summary: string } | undefined {
		const draft = this.#waiting?.draft;
		if (draft?.previous === undefined) return undefined;
		return { previous: draft.previous, summary: draft.summary };
	}

	/** The text to use, or undefined when the user does not want it. Rejects with CancelledError when `signal` aborts first. */
	async ask(draft: SummaryDraft, signal: AbortSignal): Promise<string | undefined> {
		this.#waiting?.answer(undefined);
		this.#count++;
		try {
			return await new Promise<string | undefined>((resolve, reject) => {
				this.#waiting = { draft, answer: resolve };
				signal.addEventListener('abort', () => reject(new CancelledError()), { once: true });
				if (signal.aborted) reject(new CancelledError());
				this.#changed();
			});
		} finally {
			this.#waiting = undefined;
			this.#changed();
		}
	}

	/** False when it waits no longer. */
	answer(id: string, text: string | undefined): boolean {
		if (!this.#waiting || id !== String(this.#count)) return false;
		this.#waiting.answer(text);
		return true;
	}
}
