/** The line that stands where the conversation was taken back, with the way forward again. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type RewoundItem = Extract<TranscriptItem, { kind: 'rewound' }>;

export function rewoundRow(item: RewoundItem, context: ViewContext): TemplateResult {
	return html`<div class="rewound" data-row=${item.id} role="status">
		${icon('discard')}<span class="rewound-text">${item.text}</span>
		${item.canUndo ? textButton({ label: 'Undo rewind', look: 'secondary', onClick: () => context.post({ kind: 'rewind.undo' }) }) : nothing}
	</div>`;
}
