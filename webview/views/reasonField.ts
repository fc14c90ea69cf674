/** The one-line "what should it do instead?" of a refusal. Enter sends it, Escape closes it. */
import { ref } from 'lit/directives/ref.js';
import { html, type TemplateResult } from 'lit/html.js';

export function reasonField(label: string, onDone: (reason: string | null) => void): TemplateResult {
	return html`<input
		class="reason"
		type="text"
		aria-label=${label}
		placeholder=${label}
		${ref((element) => element instanceof HTMLInputElement && focusOnce(element))}
		@keydown=${(event: KeyboardEvent) => {
			if (event.isComposing) return;
			if (event.key === 'Escape') {
				event.stopPropagation();
				onDone(null);
			}
			if (event.key === 'Enter' && event.currentTarget instanceof HTMLInputElement)
				onDone(event.currentTarget.value.trim());
		}}
	/>`;
}

const focused = new WeakSet<HTMLInputElement>();

function focusOnce(element: HTMLInputElement): void {
	if (focused.has(element)) return;
	focused.add(element);
	queueMicrotask(() => element.focus());
}
