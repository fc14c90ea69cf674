/** The brief that waits for the user: at most one per session. It is shown, may be changed or drafted anew, and is used or dropped. */
import { CancelledError } from '../../base/errors.ts';
import type { BriefDraft } from '../../core/agent/draftBrief.ts';
import type { PanelBrief } from '../../protocol/brief.ts';

export type BriefAnswer =
	| { readonly kind: 'use'; readonly text: string }
	/** A fresh session that takes nothing along. */
	| { readonly kind: 'without' }
	/** Once more, for this purpose. `text` is what stands in the dialog now. */
	| { readonly kind: 'redraft'; readonly focus: string; readonly text: string }
	| { readonly kind: 'cancel' };

/** What is shown. */
export type BriefOffer = Pick<BriefDraft, 'text' | 'costUsd'> & {
	readonly focus: string;
	/** What the user should know of it; empty = nothing. */
	readonly note: string;
	/** The brief of a session that has started with it and sent nothing yet. */
	readonly isStarted: boolean;
};

export class BriefReview {
	readonly #changed: () => void;
	#waiting: { readonly offer: BriefOffer; readonly answer: (answer: BriefAnswer) => void } | undefined;
	#count = 0;

	constructor(changed: () => void) {
		this.#changed = changed;
	}

	/** What the page shows; null while nothing waits. */
	get shown(): PanelBrief | null {
		return this.#waiting ? { id: String(this.#count), ...this.#waiting.offer } : null;
	}

	/** Rejects with CancelledError when `signal` aborts first. */
	async ask(offer: BriefOffer, signal: AbortSignal): Promise<BriefAnswer> {
		this.#waiting?.answer({ kind: 'cancel' });
		this.#count++;
		try {
			return await new Promise<BriefAnswer>((resolve, reject) => {
				this.#waiting = { offer, answer: resolve };
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
	answer(id: string, answer: BriefAnswer): boolean {
		if (!this.#waiting || id !== String(this.#count)) return false;
		this.#waiting.answer(answer);
		return true;
	}
}
