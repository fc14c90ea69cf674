/**
 * The search page: textbox, filters, results. Types → asks the host, debounced; what comes back goes through searchState.ts.
 * The typed text is the only truth: the controls of the filters read it and write into it.
 */
import { html, nothing, render, type TemplateResult } from 'lit/html.js';
import { filterValue, quoted, type SearchFilterKey, withFilter } from '../../src/base/searchWords.ts';
import {
	type SearchPageHit,
	type SearchSession,
	type SearchToHost,
	searchToPageSchema,
} from '../../src/protocol/searchMessages.ts';
import { icon } from '../views/parts.ts';
import { resultTree } from './resultTree.ts';
import {
	initialSearchState,
	notes,
	received,
	type SearchPageState,
	statusText,
	toggled,
	treeKey,
	typed,
	visibleRows,
} from './searchState.ts';

export interface SearchPage {
	/** A message as it came; what does not parse is reported and dropped. */
	receive(raw: unknown): void;
}
export interface PageMemory {
	load(): unknown;
	save(state: unknown): void;
}

/** Long enough that a fast typist starts one search, short enough to feel immediate. */
const DEBOUNCE_MS = 120;
/** A screen reader is told the count when it stands still. */
const SPEAK_AFTER_MS = 600;

export function createSearchPage(
	root: HTMLElement,
	post: (message: SearchToHost) => void,
	memory: PageMemory,
): SearchPage {
	let state: SearchPageState = initialSearchState;
	let timer: number | undefined;
	let speakTimer: number | undefined;
	let spoken = '';
	let isFrameAsked = false;

	function set(next: SearchPageState): void {
		if (next === state) return;
		state = next;
		clearTimeout(speakTimer);
		speakTimer = setTimeout(() => {
			const text = [statusText(state), ...notes(state)].join('. ');
			if (text === spoken) return;
			spoken = text;
			requestRender();
		}, SPEAK_AFTER_MS);
		requestRender();
	}

	function type(text: string, delayMs = DEBOUNCE_MS): void {
		set(typed(state, text));
		memory.save({ text });
		clearTimeout(timer);
		const start = () => post({ kind: 'search.start', number: state.number, text: state.text });
		// Nothing to wait for when there is nothing to search.
		timer = setTimeout(start, text.trim() === '' ? 0 : delayMs);
	}

	function receive(raw: unknown): void {
		const parsed = searchToPageSchema.safeParse(raw);
		if (!parsed.success) {
			post({ kind: 'search.pageError', message: `Unreadable message: ${parsed.error.message}` });
			return;
		}
		const message = parsed.data;
		const wasSetUp = state.setup !== null;
		set(received(state, message));
		if (message.kind === 'search.focus') {
			if (message.text !== undefined) type(message.text, 0);
			drawNow();
			input()?.focus();
			input()?.select();
		} else if (message.kind === 'search.setup' && !wasSetUp) restore();
	}

	/** The page is thrown away when it is hidden; what was typed is searched for again. */
	function restore(): void {
		const kept = memory.load();
		const text = typeof kept === 'object' && kept !== null && 'text' in kept ? kept.text : undefined;
		if (typeof text === 'string' && text !== '' && state.text === '') type(text, 0);
	}

	function requestRender(): void {
		if (isFrameAsked) return;
		isFrameAsked = true;
		requestAnimationFrame(drawNow);
	}

	function drawNow(): void {
		isFrameAsked = false;
		try {
			render(page(), root);
		} catch (error) {
			// Barrier of the page: the host logs it, the last good picture stays.
			post({
				kind: 'search.pageError',
				message: error instanceof Error ? (error.stack ?? error.message) : String(error),
			});
		}
	}

	function page(): TemplateResult {
		const isUnavailable = state.setup?.unavailable != null;
		const isInvalid = state.failure?.isInvalid ?? false;
		return html`<h1 class="sr-only">Search Sessions</h1>
			<div class="head" role="search">
				<div class="box ${isInvalid ? 'is-invalid' : ''}">
					${icon('search')}
					<input
						type="text"
						aria-label="Search sessions"
						aria-invalid=${isInvalid ? 'true' : 'false'}
						aria-describedby=${isInvalid ? 'problem' : nothing}
						placeholder="Search all sessions"
						spellcheck="false"
						autocomplete="off"
						.value=${state.text}
						?disabled=${isUnavailable}
						@input=${(event: InputEvent) => event.target instanceof HTMLInputElement && type(event.target.value)}
						@paste=${onPaste}
						@keydown=${onInputKey}
					/>
					${
						state.text === ''
							? nothing
							: html`<button type="button" class="plain-icon" aria-label="Clear search" title="Clear search (Escape)" @click=${clear}>${icon('close')}</button>`
					}
				</div>
				${isUnavailable ? nothing : filters()}
			</div>
			<main class="results" @keydown=${onTreeKey}>
				${body()}
				${resultTree(state, { open, toggle, focused })}
				${notes(state).map((note) => html`<p class="note">${icon('info')}<span>${note}</span></p>`)}
			</main>
			<div class="sr-only" role="status">${spoken}</div>`;
	}

	function body(): unknown {
		const unavailable = state.setup?.unavailable ?? null;
		if (unavailable !== null) return html`<p class="message">${icon('info')}<span>${unavailable}</span></p>`;
		if (state.failure !== null)
			return html`<p class="message is-error" id="problem" role="alert">${icon(state.failure.isInvalid ? 'warning' : 'error')}<span>${state.failure.message}</span></p>`;
		if (state.phase === 'empty') return hints();
		if (state.phase === 'done' && state.hitCount === 0)
			return html`<div class="message"><span>No message in any session has ${filterTexts().length > 0 ? 'this with these filters' : 'all of these words'}.
				${filterTexts().length > 0 ? html`<button type="button" class="link" @click=${clearFilters}>Clear the filters</button>` : nothing}</span></div>`;
		return html`<p class="status">${statusText(state)}</p>`;
	}

	function hints(): TemplateResult {
		const example = (text: string, says: string) =>
			html`<li><button type="button" class="link" @click=${() => useExample(text)}><code>${text}</code></button> <span>${says}</span></li>`;
		return html`<div class="hints">
			<p>Prompts, replies, commands, outputs and errors of every session, the trash included.</p>
			<ul>
				${example('"exact words"', 'a phrase')} ${example('is:error', 'what failed')}
				${example('file:', 'about a file')} ${example('after:7d', 'in the last week')}
			</ul>
		</div>`;
	}

	function filters(): TemplateResult {
		const tools = state.setup?.tools ?? [];
		const isErrorsOnly = filterValue(state.text, 'is')?.toLowerCase() === 'error';
		return html`<div class="filters" role="group" aria-label="Filters">
			${choice('Where', 'in', [
				['', 'All'],
				['sessions', 'Sessions'],
				['trash', 'Trash'],
			])}
			${choice('When', 'after', [
				['', 'Any time'],
				['today', 'Today'],
				['7d', 'Last 7 days'],
				['30d', 'Last 30 days'],
			])}
			${choice('Tool', 'tool', [['', 'Any tool'], ...tools.map((tool) => [tool, tool] as const)])}
			<button type="button" class="toggle" aria-pressed=${isErrorsOnly ? 'true' : 'false'} @click=${() => filter('is', isErrorsOnly ? undefined : 'error')}>
				Errors
			</button>
		</div>`;
	}

	function choice(
		name: string,
		key: SearchFilterKey,
		options: readonly (readonly [value: string, label: string])[],
	): TemplateResult {
		const value = filterValue(state.text, key) ?? '';
		const known = options.find(([one]) => one.toLowerCase() === value.toLowerCase())?.[0];
		const all = known === undefined ? [...options, [value, value] as const] : options;
		return html`<select aria-label=${name} title=${name} class=${value === '' ? '' : 'is-set'} @change=${(event: Event) => event.target instanceof HTMLSelectElement && filter(key, event.target.value || undefined)}>
			${all.map(([one, label]) => html`<option value=${one} ?selected=${one === (known ?? value)} .selected=${one === (known ?? value)}>${label}</option>`)}
		</select>`;
	}

	function filter(key: SearchFilterKey, value: string | undefined): void {
		type(withFilter(state.text, key, value), 0);
	}

	function filterTexts(): readonly string[] {
		return (['in', 'after', 'before', 'tool', 'is', 'file'] as const).flatMap(
			(key) => filterValue(state.text, key) ?? [],
		);
	}

	function clearFilters(): void {
		let text = state.text;
		for (const key of ['in', 'after', 'before', 'tool', 'is', 'file'] as const) text = withFilter(text, key, undefined);
		type(text, 0);
		input()?.focus();
	}

	function useExample(text: string): void {
		type(text, 0);
		drawNow();
		const box = input();
		box?.focus();
		if (text.startsWith('"')) box?.setSelectionRange(1, text.length - 1);
	}

	function clear(): void {
		type('');
		drawNow();
		input()?.focus();
	}

	/** A textbox of one line would drop the line breaks: several lines become a phrase, where a space stands for them. */
	function onPaste(event: ClipboardEvent): void {
		const text = event.clipboardData?.getData('text/plain') ?? '';
		const box = input();
		if (!/[\r\n]/.test(text.trim()) || box === null) return;
		event.preventDefault();
		const phrase = quoted(text.trim().replaceAll(/\s+/g, ' '));
		const [start, end] = [box.selectionStart ?? box.value.length, box.selectionEnd ?? box.value.length];
		type(`${box.value.slice(0, start)}${phrase}${box.value.slice(end)}`);
	}

	function onInputKey(event: KeyboardEvent): void {
		if (event.isComposing) return;
		if (event.key === 'Escape') {
			if (state.text === '') return;
			event.preventDefault();
			clear();
		} else if (event.key === 'ArrowDown' || event.key === 'Enter') {
			const rows = visibleRows(state);
			const first = event.key === 'Enter' ? rows.find((row) => row.kind === 'hit') : rows[0];
			if (!first) return;
			event.preventDefault();
			if (event.key === 'Enter' && first.kind === 'hit') open(first.session, first.hit);
			else focusRow(first.key);
		}
	}

	function onTreeKey(event: KeyboardEvent): void {
		const isInTree = event.target instanceof Element && event.target.closest('[role="treeitem"]') !== null;
		if (!isInTree || event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === 'Escape') {
			event.preventDefault();
			input()?.focus();
			return;
		}
		if (event.key === 'Enter' || event.key === ' ') {
			const row = visibleRows(state).find(({ key }) => key === state.current);
			if (!row) return;
			event.preventDefault();
			if (row.kind === 'hit') open(row.session, row.hit);
			else if (event.key === 'Enter') open(row.session, null);
			else toggle(row.session);
			return;
		}
		const next = treeKey(state, event.key);
		if (next === undefined) return;
		event.preventDefault();
		if (next === 'input') {
			input()?.focus();
			return;
		}
		set(next.state);
		if (state.current !== null) focusRow(state.current);
	}

	function focusRow(key: string): void {
		set({ ...state, current: key });
		drawNow();
		const row = [...root.querySelectorAll<HTMLElement>('[data-key]')].find((element) => element.dataset.key === key);
		row?.focus();
		row?.scrollIntoView({ block: 'nearest' });
	}

	function focused(key: string): void {
		if (state.current !== key) set({ ...state, current: key });
	}

	function toggle(session: SearchSession): void {
		set(toggled({ ...state, current: session.key }, session.key, state.closed.has(session.key)));
	}

	function open(session: SearchSession, hit: SearchPageHit | null): void {
		post({ kind: 'search.open', session: session.key, entryId: hit?.entryId ?? null, text: state.text });
	}

	const input = (): HTMLInputElement | null => root.querySelector('input');

	drawNow();
	return { receive };
}
