/** The line of a checkpoint that the user made, where it was made. */
import { html, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon } from './parts.ts';

type CheckpointItem = Extract<TranscriptItem, { kind: 'checkpoint' }>;

export function checkpointRow(item: CheckpointItem): TemplateResult {
	return html`<div class="rewound" data-row=${item.id} role="note" aria-label=${`Checkpoint: ${item.label}`}>
		${icon('bookmark')}<span class="rewound-text">Checkpoint: ${item.label}</span>
	</div>`;
}
