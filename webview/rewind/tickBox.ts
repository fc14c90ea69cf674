/** A tick box with a third state. The browser's own element: hundreds of them must draw in a frame. */

import { live } from 'lit/directives/live.js';
import { html, type TemplateResult } from 'lit/html.js';
import type { Tick } from './rewindChoice.ts';

export function tickBox(box: {
	readonly name: string;
	readonly tick: Tick;
	readonly onTick: (isTicked: boolean) => void;
}): TemplateResult {
	return html`<input
		type="checkbox"
		class="tick"
		data-row-tick
		aria-label=${box.name}
		title=${box.name}
		.checked=${live(box.tick === 'on')}
		.indeterminate=${live(box.tick === 'part')}
		@change=${(event: Event) => box.onTick(event.currentTarget instanceof HTMLInputElement && event.currentTarget.checked)}
	/>`;
}
