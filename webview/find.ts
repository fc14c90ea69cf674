/**
 * Find in the conversation: the bar, what it asks the host, and the way from one match to the next. The host finds, since it knows
 * rows that this page does not have.
 */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ToPanel } from '../src/protocol/toPanel.ts';
import type { FoundMarks } from './foundMarks.ts';
import type { Reveal } from './revealRow.ts';
import { iconButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

export interface FindWorld {
	readonly root: HTMLElement;
	readonly post: Post;
	readonly reveal: Reveal;
	readonly marks: FoundMarks;
	drawNow(): void;
	requestRender(): void;
	/** The bar was closed: back to the input. */
	onClosed(): void;
}

export interface Find {
	readonly isOpen: boolean;
	view(): TemplateResult | typeof nothing;
	open(): void;
	close(): void;
	receive(message: ToPanel): void;
}

/** Long enough that a fast typist asks once. */
const DEBOUNCE_MS = 120;
/** While rows stream in, what is found is found anew not more often than this. */
const REFRESH_MS = 700;

export function createFind(world: FindWorld): Find {
	let isOpen = false;
	let query = '';
	let number = 0;
	let results: Extract<ToPanel, { kind: 'find.results' }> | null = null;
	let current: string | null = null;
	let timer: number | undefined;

	function view(): TemplateResult | typeof nothing {
		if (!isOpen) return nothing;
		const hasMatches = (results?.ids.length ?? 0) > 0;
		return html`<div class="find-bar" role="search" aria-label="Find" @keydown=${onKeyDown}>
			<input
				type="text"
				aria-label="Find in conversation"
				placeholder="Find"
				spellcheck="false"
				autocomplete="off"
				.value=${query}
				@input=${(event: InputEvent) => event.target instanceof HTMLInputElement && type(event.target.value)}
			/>
			<span class="find-count ${results !== null && !hasMatches ? 'is-none' : ''}" role="status">${countText()}</span>
			${iconButton({ name: 'Previous match', icon: 'arrow-up', hint: 'Previous match (Shift+Enter)', isDisabled: !hasMatches, onClick: () => go(-1) })}
			${iconButton({ name: 'Next match', icon: 'arrow-down', hint: 'Next match (Enter)', isDisabled: !hasMatches, onClick: () => go(1) })}
			${iconButton({ name: 'Close find', icon: 'close', hint: 'Close (Escape)', onClick: close })}
		</div>`;
	}

	function countText(): string {
		if (results === null || query.trim() === '') return '';
		const { ids, isComplete } = results;
		const more = isComplete ? '' : '+';
		if (ids.length === 0) return isComplete ? 'No results' : 'None so far';
		const index = current === null ? -1 : ids.indexOf(current);
		return index < 0 ? `${ids.length}${more} found` : `${index + 1} of ${ids.length}${more}`;
	}

	function type(text: string): void {
		query = text;
		ask(DEBOUNCE_MS);
		if (query.trim() === '') forget();
		world.requestRender();
	}

	function ask(delayMs: number): void {
		clearTimeout(timer);
		number++;
		timer = setTimeout(() => world.post({ kind: 'find', number, query }), delayMs);
	}

	function forget(): void {
		results = null;
		current = null;
		world.reveal.cancel();
		world.marks.clear();
	}

	function onResults(message: Extract<ToPanel, { kind: 'find.results' }>): void {
		if (!isOpen || message.number !== number || query.trim() === '') return;
		const isAnew = results === null || current === null || !message.ids.includes(current);
		results = message;
		if (message.ids.length === 0) {
			current = null;
			world.marks.clear();
		} else if (isAnew) show(startOf(message.ids));
		else world.marks.set(message.mark, new Set(message.ids), current);
		world.requestRender();
	}

	/** The first match that is in view or below; above it, the last. */
	function startOf(ids: readonly string[]): string | undefined {
		const top = world.root.querySelector('.scroller')?.getBoundingClientRect().top ?? 0;
		const rows = [...world.root.querySelectorAll<HTMLElement>('.log [data-row]')];
		const below = new Set(rows.filter((row) => row.getBoundingClientRect().bottom > top).map((row) => row.dataset.row));
		return ids.find((id) => below.has(id)) ?? ids.at(-1);
	}

	function go(step: 1 | -1): void {
		if (results === null || results.ids.length === 0) return;
		const { ids } = results;
		const index = current === null ? (step === 1 ? -1 : 0) : ids.indexOf(current);
		show(ids[(index + step + ids.length) % ids.length]);
	}

	function show(id: string | undefined): void {
		if (results === null || id === undefined) return;
		current = id;
		world.reveal.show(id, { mark: results.mark, rows: new Set(results.ids), takesFocus: false });
		world.requestRender();
	}

	function open(): void {
		isOpen = true;
		world.drawNow();
		const input = world.root.querySelector<HTMLInputElement>('.find-bar input');
		input?.focus();
		input?.select();
		if (results === null && query.trim() !== '') ask(0);
	}

	function close(): void {
		if (!isOpen) return;
		isOpen = false;
		clearTimeout(timer);
		number++;
		forget();
		// What is still being found is not wanted any more.
		world.post({ kind: 'find', number, query: '' });
		world.drawNow();
		world.onClosed();
	}

	function onKeyDown(event: KeyboardEvent): void {
		if (event.isComposing) return;
		if (event.key === 'Escape') close();
		else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) go(event.shiftKey ? -1 : 1);
		else return;
		event.preventDefault();
		// An Escape would stop the turn.
		event.stopPropagation();
	}

	return {
		get isOpen() {
			return isOpen;
		},
		view,
		open,
		close,
		receive(message) {
			if (message.kind === 'find.results') onResults(message);
			else if (isOpen && query.trim() !== '' && (message.kind === 'item' || message.kind === 'snapshot'))
				ask(REFRESH_MS);
		},
	};
}
