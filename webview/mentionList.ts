/**
 * What `@` in the input offers while a mention is being typed: the host says what fits, this draws it and puts the chosen one in. Owns the
 * question it asked last; the text is the composer's.
 */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { MentionOffer } from '../src/protocol/toPanel.ts';
import { mentionAt } from './mentionAt.ts';
import type { Post } from './views/viewTypes.ts';

export interface MentionList {
	view(): TemplateResult | typeof nothing;
	/** The text or the caret moved. */
	inputChanged(input: HTMLTextAreaElement): void;
	/** True when the key was for the list. */
	takeKey(event: KeyboardEvent): boolean;
	offer(number: number, offers: readonly MentionOffer[]): void;
	close(): void;
	/** Id of the chosen row, for the input's `aria-activedescendant`. */
	readonly activeId: string | undefined;
}

export interface MentionListOptions {
	readonly post: Post;
	readonly input: () => HTMLTextAreaElement | null;
	readonly setValue: (value: string, caret: number) => void;
	readonly requestRender: () => void;
}

export function createMentionList({ post, input, setValue, requestRender }: MentionListOptions): MentionList {
	let number = 0;
	let asked: string | undefined;
	let offers: readonly MentionOffer[] = [];
	let index = 0;

	function close(): void {
		asked = undefined;
		number++;
		if (offers.length === 0) return;
		offers = [];
		requestRender();
	}

	function choose(offer: MentionOffer): void {
		const element = input();
		const mention = element && mentionAt(element.value, element.selectionStart);
		close();
		if (!element || !mention) return;
		const before = `${element.value.slice(0, mention.start)}${offer.mention} `;
		setValue(`${before}${element.value.slice(element.selectionStart).replace(/^ /, '')}`, before.length);
	}

	return {
		get activeId() {
			return offers.length === 0 ? undefined : `mention-${index}`;
		},
		inputChanged(element) {
			const isCaret = element.selectionStart === element.selectionEnd;
			const mention = isCaret ? mentionAt(element.value, element.selectionStart) : undefined;
			if (!mention) return close();
			if (mention.query === asked) return;
			asked = mention.query;
			number++;
			post({ kind: 'mention.find', number, query: mention.query });
		},
		offer(answered, found) {
			// An answer to what is not asked any more.
			if (answered !== number || asked === undefined) return;
			offers = found;
			index = 0;
			requestRender();
		},
		takeKey(event) {
			const chosen = offers[index];
			if (!chosen || event.isComposing) return false;
			if (event.key === 'ArrowDown') index = (index + 1) % offers.length;
			else if (event.key === 'ArrowUp') index = (index + offers.length - 1) % offers.length;
			else if (event.key === 'Escape') close();
			else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey) choose(chosen);
			else return false;
			event.preventDefault();
			event.stopPropagation();
			requestRender();
			return true;
		},
		close,
		view() {
			if (offers.length === 0) return nothing;
			return html`<ul class="slash" id="mention-list" role="listbox" aria-label="Mentions">
				${offers.map(
					(offer, at) =>
						html`<li
							role="option"
							id="mention-${at}"
							aria-selected=${at === index ? 'true' : 'false'}
							title=${offer.mention}
							@mousedown=${(event: MouseEvent) => {
								// The input keeps the focus.
								event.preventDefault();
								choose(offer);
							}}
						>
							<span class="slash-name">${offer.name}</span><span class="slash-detail">${offer.detail}</span>
						</li>`,
				)}
			</ul>`;
		},
	};
}
