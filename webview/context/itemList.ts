/**
 * The list of context items: thousands of rows of which only those in sight are drawn, one row that has the focus, and rows that are chosen.
 * A list box: arrows move, Space chooses, Enter opens. Draws itself, apart from the page, so that scrolling costs nothing else.
 */

import { html, nothing, render, type TemplateResult } from 'lit/html.js';
import { plural } from '../../src/base/text.ts';
import type { PanelContextItem } from '../../src/protocol/contextItems.ts';
import { shortTokens } from '../../src/protocol/contextMeter.ts';
import { icon } from '../views/parts.ts';
import { ageOf, ICONS, isBadge, isStart, type ListRow, metaOf } from './contextRows.ts';
import { placesOf, rowsInSight, scrollTo } from './rowPlaces.ts';

const SPARE_ROWS = 6;
/** Of the font size: two lines of an item, one of a heading and of an item that nothing is said of. */
const ITEM_LINES = 3.2;
const GROUP_LINES = 2.1;

export type ItemList = {
	/** The element to draw into; undefined when it is gone. */
	attach(element: Element | undefined): void;
	/** `hasAges`: no headings tell how old the items are. `isOther`: another part or order of the list, so it starts at its top. */
	setRows(rows: readonly ListRow[], hasAges: boolean, isOther: boolean): void;
	/** The chosen items, else the one that has the focus. */
	targets(): readonly PanelContextItem[];
	clearChosen(): void;
	/** Puts the focus on the row that has it in the list. */
	focus(): void;
};

export function createItemList(on: {
	/** Other items are chosen, or another one has the focus. */
	chosen(): void;
	open(item: PanelContextItem): void;
}): ItemList {
	let element: HTMLElement | undefined;
	let rows: readonly ListRow[] = [];
	let places = placesOf([]);
	let hasAges = false;
	/** Items among the rows. */
	let count = 0;
	let fontPx = 0;
	/** The height of the lowest rows. */
	let groupPx = 1;
	/** As many elements as rows can be in sight. */
	let slotCount = 0;
	let isFrameAsked = false;
	let activeId: string | undefined;
	/** Where a range that is chosen with Shift starts. */
	let anchorId: string | undefined;
	const chosen = new Set<string>();
	const resized = new ResizeObserver(() => ask());

	const itemAt = (index: number): PanelContextItem | undefined => {
		const row = rows[index];
		return row?.kind === 'item' ? row.item : undefined;
	};
	const indexOf = (id: string | undefined) =>
		id === undefined ? -1 : rows.findIndex((row) => row.kind === 'item' && row.item.id === id);

	function attach(next: Element | undefined): void {
		if (next === element) return;
		resized.disconnect();
		element = next instanceof HTMLElement ? next : undefined;
		if (!element) return;
		element.addEventListener('scroll', ask, { passive: true });
		element.addEventListener('keydown', onKeyDown);
		resized.observe(element);
		fontPx = 0;
		ask();
	}

	function setRows(next: readonly ListRow[], withAges: boolean, isOther: boolean): void {
		rows = next;
		hasAges = withAges;
		count = rows.reduce((sum, { kind }) => sum + (kind === 'item' ? 1 : 0), 0);
		fontPx = 0;
		const known = new Set(rows.flatMap((row) => (row.kind === 'item' ? [row.item.id] : [])));
		for (const id of chosen) if (!known.has(id)) chosen.delete(id);
		if (isOther && element) element.scrollTop = 0;
		if (activeId === undefined || !known.has(activeId) || (isOther && chosen.size === 0))
			activeId = rows.flatMap((row) => (row.kind === 'item' ? [row.item.id] : []))[0];
		ask();
	}

	function ask(): void {
		if (isFrameAsked) return;
		isFrameAsked = true;
		requestAnimationFrame(draw);
	}

	function measure(list: HTMLElement): void {
		if (fontPx > 0) return;
		fontPx = Number.parseFloat(getComputedStyle(list).fontSize) || 13;
		const [item, group] = [Math.round(fontPx * ITEM_LINES), Math.round(fontPx * GROUP_LINES)];
		groupPx = Math.max(1, group);
		const isHigh = (row: ListRow) => row.kind === 'item' && metaOf(row.item, hasAges).length > 0;
		places = placesOf(rows.map((row) => (isHigh(row) ? item : group)));
	}

	function draw(): void {
		isFrameAsked = false;
		if (!element?.isConnected) return;
		measure(element);
		slotCount = Math.max(slotCount, Math.ceil(element.clientHeight / groupPx) + 2 + 2 * SPARE_ROWS);
		const hadFocus = element.contains(document.activeElement);
		const { from, to } = rowsInSight(places, element.scrollTop, element.clientHeight, SPARE_ROWS);
		// A row keeps its element while it is in sight, and one that comes into sight takes over the element of one that went.
		const slots = new Array<TemplateResult | typeof nothing>(slotCount).fill(nothing);
		for (let index = from; index < to; index++) slots[index % slotCount] = rowView(index);
		// The row with the focus is always there, or the focus would be lost with it.
		const active = indexOf(activeId);
		const isOutside = active >= 0 && (active < from || active >= to);
		render(
			html`<div class="item-space" role="presentation" .style=${`height: ${places.at(-1) ?? 0}px`}>
				${slots}${isOutside ? rowView(active) : nothing}
			</div>`,
			element,
		);
		if (hadFocus) focusActive();
	}

	function rowView(index: number): TemplateResult {
		const row = rows[index];
		const top = places[index] ?? 0;
		const style = `top: ${top}px; height: ${(places[index + 1] ?? top) - top}px`;
		if (row?.kind !== 'item')
			return html`<div class="item-group" role="presentation" .style=${style}>
				<span>${row?.label}</span><span class="item-tokens">${shortTokens(row?.tokens ?? 0)}</span>
			</div>`;
		const { item, position } = row;
		const isActive = item.id === activeId;
		const meta = metaOf(item, hasAges);
		const worth = Math.round(100 * item.importance);
		return html`<div
			class="item-row is-${item.state}"
			role="option"
			id="context-item-${index}"
			tabindex=${isActive ? 0 : -1}
			aria-selected=${chosen.has(item.id)}
			aria-posinset=${position}
			aria-setsize=${count}
			title=${`${item.label}\n${item.tokens.toLocaleString('en-US')} tokens, importance ${worth} %`}
			.style=${style}
			@click=${(event: MouseEvent) => onClick(event, item)}
			@dblclick=${() => on.open(item)}
		>
			${icon(item.isPinned ? 'pinned' : ICONS[item.kind])}
			<span class="item-label">${item.label}</span>
			<span class="item-tokens"
				><span aria-hidden="true">${shortTokens(item.tokens)}</span><span class="sr-only">, ${plural(item.tokens, 'token')}, </span></span
			>
			${meta.length === 0 ? nothing : html`<span class="item-meta">${meta.map((word, at) => metaWord(word, at))}</span>`}
			${
				isStart(item.kind)
					? nothing
					: html`<span class="item-worth"
							><span .style=${`width: ${worth}%`}></span><span class="sr-only">, ${hasAges ? '' : `${ageOf(item.turnsAgo)}, `}importance ${worth} %</span></span
						>`
			}
		</div>`;
	}

	function metaWord(word: string, at: number): TemplateResult {
		return html`${at === 0 ? nothing : ' · '}<span class=${isBadge(word) ? 'item-badge' : ''}>${word}</span>`;
	}

	function onClick(event: MouseEvent, item: PanelContextItem): void {
		if (event.shiftKey) chooseRange(anchorId ?? activeId, item.id);
		else if (event.ctrlKey || event.metaKey) toggle(item.id);
		else {
			chosen.clear();
			chosen.add(item.id);
			anchorId = item.id;
		}
		activate(item.id);
	}

	function toggle(id: string): void {
		if (!chosen.delete(id)) chosen.add(id);
		anchorId = id;
	}

	function chooseRange(from: string | undefined, to: string): void {
		const [start, end] = [indexOf(from), indexOf(to)].sort((a, b) => a - b);
		chosen.clear();
		for (let index = Math.max(0, start ?? 0); index <= (end ?? -1); index++) {
			const item = itemAt(index);
			if (item) chosen.add(item.id);
		}
	}

	/** What nothing can be done with is left out. */
	function chooseAll(): void {
		for (const row of rows) if (row.kind === 'item' && row.item.ops.length > 0) chosen.add(row.item.id);
	}

	function activate(id: string): void {
		activeId = id;
		const row = indexOf(id);
		if (element && row >= 0) {
			// The heading of a first item comes into sight with it.
			const head = rows[row - 1]?.kind === 'group' ? (places[row] ?? 0) - (places[row - 1] ?? 0) : 0;
			element.scrollTop = scrollTo(places, row, element.scrollTop, element.clientHeight, head);
		}
		draw();
		focusActive();
		on.chosen();
	}

	function focusActive(): void {
		element?.querySelector<HTMLElement>('[role="option"][tabindex="0"]')?.focus({ preventScroll: true });
	}

	/** The item `steps` further on, or the outermost one. */
	function moved(steps: number): PanelContextItem | undefined {
		const items = rows.flatMap((row) => (row.kind === 'item' ? [row.item] : []));
		const at = items.findIndex(({ id }) => id === activeId);
		return items[Math.min(items.length - 1, Math.max(0, at + steps))];
	}

	function onKeyDown(event: KeyboardEvent): void {
		if (event.altKey || event.isComposing || !act(event)) return;
		event.preventDefault();
		event.stopPropagation();
	}

	function act(event: KeyboardEvent): boolean {
		const hasCommand = event.ctrlKey || event.metaKey;
		const item = itemAt(indexOf(activeId));
		const page = Math.max(1, Math.floor((element?.clientHeight ?? 0) / Math.max(1, fontPx * ITEM_LINES)) - 1);
		const steps = STEPS[event.key] ?? (event.key === 'PageDown' ? page : event.key === 'PageUp' ? -page : undefined);
		if (steps !== undefined && !hasCommand) {
			const next = moved(steps);
			if (!next) return true;
			anchorId = event.shiftKey ? (anchorId ?? activeId) : undefined;
			if (anchorId !== undefined) chooseRange(anchorId, next.id);
			activate(next.id);
			return true;
		}
		if (event.key === ' ' && item) toggle(item.id);
		else if (event.key === 'Enter' && item) on.open(item);
		else if (event.key.toLowerCase() === 'a' && hasCommand) chooseAll();
		else if (event.key === 'Escape' && chosen.size > 0) chosen.clear();
		else return false;
		draw();
		on.chosen();
		return true;
	}

	return {
		attach,
		setRows,
		targets() {
			const all = rows.flatMap((row) => (row.kind === 'item' ? [row.item] : []));
			if (chosen.size > 0) return all.filter(({ id }) => chosen.has(id));
			return all.filter(({ id }) => id === activeId);
		},
		clearChosen() {
			chosen.clear();
			anchorId = undefined;
			ask();
		},
		focus: focusActive,
	};
}

const STEPS: Readonly<Record<string, number>> = {
	ArrowDown: 1,
	ArrowUp: -1,
	Home: Number.NEGATIVE_INFINITY,
	End: Number.POSITIVE_INFINITY,
};
