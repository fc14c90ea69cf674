/** Puts the focus on a card that asks, once for each, and only where nothing is being typed or worked with. */
import type { PanelState } from './panelState.ts';

export interface AskFocus {
	/** Call when the rows changed and are drawn. */
	rowsChanged(state: PanelState, mayTake: boolean): void;
}

export function createAskFocus(root: HTMLElement): AskFocus {
	let known: ReadonlySet<string> = new Set();
	return {
		rowsChanged(state, mayTake) {
			const asks = state.items.filter(({ kind }) => kind === 'question' || kind === 'plan');
			const fresh = asks.find(({ id }) => !known.has(id));
			known = new Set(asks.map(({ id }) => id));
			if (fresh === undefined || !mayTake || !isIdle()) return;
			const card = [...root.querySelectorAll<HTMLElement>('[data-ask]')].find((one) => one.dataset.row === fresh.id);
			(card?.querySelector<HTMLElement>('fieldset input') ?? card)?.focus({ preventScroll: true });
		},
	};
}

/** The focus of the page is nowhere, or in the input. */
function isIdle(): boolean {
	const active = document.activeElement;
	return document.hasFocus() && (active === null || active === document.body || active.matches('textarea.input'));
}
