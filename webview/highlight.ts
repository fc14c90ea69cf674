/**
 * Colours finished code blocks in idle time, never while one still grows. The languages come in a chunk of their own
 * (highlightLanguages.ts), loaded with the first block that needs them. Colours only: no size changes, so nothing shifts.
 */

/** Above this a block stays plain: colouring would cost more than it tells. */
const MAX_CODE_CHARS = 60_000;

let isScheduled = false;

/** Colours what is finished under `root`, soon. Cheap to call after every render. */
export function scheduleHighlight(root: ParentNode): void {
	if (isScheduled || root.querySelector(PENDING) === null) return;
	isScheduled = true;
	requestIdleCallback(
		() => {
			isScheduled = false;
			void highlightPending(root);
		},
		{ timeout: 500 },
	);
}

const PENDING = '.block:not(.is-growing) code[data-language]:not([data-language=""]):not([data-coloured])';

async function highlightPending(root: ParentNode): Promise<void> {
	const { highlightCode } = await import('./highlightLanguages.ts');
	for (const element of root.querySelectorAll(PENDING)) {
		const code = element.textContent ?? '';
		element.setAttribute('data-coloured', '');
		if (code.length > MAX_CODE_CHARS) continue;
		const html = highlightCode(code, element.getAttribute('data-language') ?? '');
		if (html !== null) element.innerHTML = html;
	}
}
