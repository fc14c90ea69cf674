/** The line where the conversation was made shorter: from how much to how much and why, what stands there on demand, and the way back. */
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { shortTokens } from '../../src/protocol/contextMeter.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { renderMarkdown } from '../markdown.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type CompactedItem = Extract<TranscriptItem, { kind: 'compacted' }>;

export function compactedRow(item: CompactedItem, context: ViewContext): TemplateResult {
	const isOpen = context.openRows.has(item.id);
	const what = item.strategy === 'summarize' ? 'summary' : 'what was left out';
	const canUndo = context.state.head?.readOnlyReason === null;
	return html`<div class="rewound compacted" data-row=${item.id} role="group" aria-label="Conversation summarized">
		<div class="rewound-line">
			${icon('fold')}<span class="rewound-text"
				>${item.title}: ${shortTokens(item.tokensBefore)} → ${shortTokens(item.tokensAfter)} tokens; ${item.cause}.
				<button type="button" class="link" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(item.id)}>${isOpen ? 'Hide' : 'Show'} ${what}</button></span
			>
			${canUndo ? textButton({ label: 'Undo', look: 'secondary', hint: 'Go back to the whole conversation', onClick: () => context.post({ kind: 'context.undoCompact', id: item.id }) }) : nothing}
		</div>
		${
			isOpen
				? html`<div class="answer compacted-summary">
						${unsafeHTML(renderMarkdown(item.summary))}
						${
							item.facts.length === 0
								? nothing
								: html`<h4>Facts kept</h4>
									<ul>${item.facts.map((fact) => html`<li>${fact}</li>`)}</ul>`
						}
					</div>`
				: nothing
		}
	</div>`;
}
