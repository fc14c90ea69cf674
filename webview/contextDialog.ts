/**
 * The dialog `Context`: how full the window is, everything the next request carries, and what can be done about it. It shows what the host
 * says; what an edit costs is asked before it is made.
 */

import { ref } from 'lit/directives/ref.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ContextOp, ContextPlan, Inspect, PanelContextItem } from '../src/protocol/contextItems.ts';
import { describeMeter } from '../src/protocol/contextMeter.ts';
import type { ToPanel } from '../src/protocol/toPanel.ts';
import { contextFacts } from './context/contextFacts.ts';
import { listRows, type SortBy } from './context/contextRows.ts';
import { type ActionWishes, itemActions, planCard } from './context/itemActions.ts';
import { createItemList } from './context/itemList.ts';
import { createFactsSection } from './factsSection.ts';
import { meterTrack } from './meterBar.ts';
import type { ContextBreakdown } from './panelState.ts';
import { iconButton, textButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

/** A turn changes the context many times a second; the list follows at its own pace. */
const REFRESH_AFTER_MS = 300;

export type ContextDialog = {
	view(breakdown: ContextBreakdown): TemplateResult;
	/** Asks for the list again when what came may have changed it. */
	receive(message: ToPanel, isOpen: boolean): void;
};

export function createContextDialog(
	post: Post,
	wishes: { close(): void; forgetPlan(): void; requestRender(): void; drawNow(): void },
): ContextDialog {
	let sort: SortBy = 'order';
	let filter = '';
	let refreshTimer: number | undefined;
	let shown:
		| { readonly items: readonly PanelContextItem[]; readonly sort: SortBy; readonly filter: string }
		| undefined;
	let rowCount = 0;
	const inspect = (act: Inspect) => post({ kind: 'context.inspect', act });
	const open = (item: PanelContextItem) => {
		const [what] = item.opens;
		if (what === undefined) return;
		inspect({ kind: 'open', id: item.id, what });
		// What it shows is behind the dialog.
		if (what === 'message') wishes.close();
	};
	const facts = createFactsSection({
		act(fact) {
			inspect({ kind: 'fact', fact });
			// What it shows is behind the dialog.
			if (fact.op === 'open') wishes.close();
		},
		requestRender: wishes.requestRender,
	});
	const list = createItemList({ chosen: () => onChosen(), open });

	function onChosen(): void {
		wishes.forgetPlan();
		wishes.requestRender();
	}

	const actions: ActionWishes = {
		act(op: ContextOp, ids) {
			inspect({ kind: op === 'pin' || op === 'unpin' ? 'apply' : 'plan', op, ids: [...ids] });
		},
		confirm(plan: ContextPlan) {
			inspect({ kind: 'apply', op: plan.op, ids: plan.ids });
			wishes.forgetPlan();
			wishes.drawNow();
			list.clearChosen();
			list.focus();
		},
		cancel() {
			wishes.forgetPlan();
			wishes.drawNow();
			list.focus();
		},
		open,
	};

	function receive(message: ToPanel, isOpen: boolean): void {
		if (!isOpen) return;
		if (message.kind === 'context.plan')
			requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-plan-confirm]')?.focus());
		if (message.kind !== 'meter' && message.kind !== 'head') return;
		clearTimeout(refreshTimer);
		refreshTimer = setTimeout(() => inspect({ kind: 'refresh' }), REFRESH_AFTER_MS);
	}

	function setRows({ items }: ContextBreakdown['list']): void {
		if (shown?.items === items && shown.sort === sort && shown.filter === filter) return;
		const isOther = shown !== undefined && (shown.sort !== sort || shown.filter !== filter);
		shown = { items, sort, filter };
		const rows = listRows(items, sort, filter);
		rowCount = rows.reduce((sum, { kind }) => sum + (kind === 'item' ? 1 : 0), 0);
		list.setRows(rows, sort === 'size', isOther);
	}

	function view({ meter, model, list: content, plan }: ContextBreakdown): TemplateResult {
		setRows(content);
		const { items, busyReason, hasLast, miss } = content;
		const byId = new Map(plan === null ? [] : items.map((item) => [item.id, item]));
		const onFilter = (event: Event) => {
			filter = event.currentTarget instanceof HTMLInputElement ? event.currentTarget.value : '';
			wishes.requestRender();
		};
		const onSort = (event: Event) => {
			sort =
				event.currentTarget instanceof HTMLSelectElement && event.currentTarget.value === 'size' ? 'size' : 'order';
			wishes.requestRender();
		};
		return html`<dialog class="dialog context-dialog" aria-label="Context" @close=${() => wishes.close()}>
			<header class="dialog-head">
				<h2>Context</h2>
				${iconButton({ name: 'Close', icon: 'close', onClick: () => wishes.close() })}
			</header>
			<div class="dialog-body">
				<div class="context-top">
					<p>${describeMeter(meter)}</p>
					<div class="meter is-large" aria-hidden="true">${meterTrack(meter)}</div>
					<details class="context-facts"><summary>Figures by layer</summary>${contextFacts(meter, model)}</details>
					<div class="context-views" role="group" aria-label="Requests">
						${viewLink('Next request', () => inspect({ kind: 'show', what: 'nextRequest' }))}
						${hasLast ? viewLink('Last request', () => inspect({ kind: 'show', what: 'lastRequest' })) : nothing}
						${hasLast ? viewLink('Last response', () => inspect({ kind: 'show', what: 'lastResponse' })) : nothing}
					</div>
					${
						miss === null
							? nothing
							: html`<p class="context-miss">${miss} ${textButton({ label: 'Why Did the Cache Miss?', look: 'secondary', onClick: () => inspect({ kind: 'show', what: 'cacheMiss' }) })}</p>`
					}
				</div>
				${facts.view(content.facts, busyReason)}
				<div class="item-tools">
					<input
						type="search"
						class="item-filter"
						placeholder="Filter"
						aria-label="Filter items"
						autocomplete="off"
						spellcheck="false"
						autofocus
						.value=${filter}
						@input=${onFilter}
						@keydown=${(event: KeyboardEvent) => {
							if (event.key !== 'ArrowDown') return;
							event.preventDefault();
							list.focus();
						}}
					/>
					<select class="item-sort" aria-label="Sort items" .value=${sort} @change=${onSort}>
						<option value="order">In order</option>
						<option value="size">By size</option>
					</select>
				</div>
				<div
					class="item-list"
					role="listbox"
					aria-multiselectable="true"
					aria-label="What the next request carries"
					${ref((element) => list.attach(element))}
				></div>
				<p class="sr-only" role="status">${filter === '' ? '' : `${rowCount} of ${items.length} items`}</p>
				${rowCount > 0 ? nothing : html`<p class="item-none">${items.length === 0 ? 'Nothing is sent yet.' : 'No item matches the filter.'}</p>`}
				${
					plan === null
						? itemActions(list.targets(), busyReason, actions)
						: planCard(
								plan,
								plan.ids.flatMap((id) => byId.get(id) ?? []),
								actions,
							)
				}
			</div>
		</dialog>`;
	}

	return { view, receive };
}

function viewLink(label: string, onClick: () => void): TemplateResult {
	return html`<button type="button" class="link-button" @click=${onClick}>${label}</button>`;
}
