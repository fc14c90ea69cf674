/** The model's thinking: one line, opened on demand. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type ThinkingItem = Extract<TranscriptItem, { kind: 'thinking' }>;

export function thinkingRow(item: ThinkingItem, context: ViewContext): TemplateResult {
	const isOpen = context.openRows.has(item.id);
	const lastLine = item.text.trimEnd().split('\n').at(-1) ?? '';
	return html`<div class="tool" data-row=${item.id}>
		<button type="button" class="tool-line" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(item.id)}>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="verb">${item.isStreaming ? 'Thinking' : 'Thought'}</span>
			<span class="target prose">${isOpen ? '' : lastLine}</span>
		</button>
		${isOpen ? html`<div class="tool-body thinking-text" tabindex="0" role="group" aria-label="Thinking">${item.text}</div>` : nothing}
	</div>`;
}
