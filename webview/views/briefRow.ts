/**
 * Where a session came from and where it went on: the brief, which is a card as long as it can be changed and a line afterwards, and the
 * link to the session that continues this one.
 */
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { renderMarkdown } from '../markdown.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type BriefItem = Extract<TranscriptItem, { kind: 'brief' }>;
type ContinuedItem = Extract<TranscriptItem, { kind: 'continued' }>;

export function briefRow(item: BriefItem, context: ViewContext): TemplateResult {
	const { post } = context;
	const text = html`<div class="block">${unsafeHTML(renderMarkdown(item.text))}</div>`;
	const follow = html`<button type="button" class="link" title="Open the session that this one continues" @click=${() => post({ kind: 'session.follow', id: item.sessionId })}>${item.title}</button>`;
	if (item.canEdit && item.text !== '')
		return html`<section class="card brief-card" data-row=${item.id} role="group" aria-label="Brief">
			<header class="card-head">${icon('note')}<h3 class="card-title">Brief</h3><span class="quiet brief-from">from ${follow}</span></header>
			<div class="brief-text" tabindex="0" role="region" aria-label="Text of the brief">${text}</div>
			<div class="card-buttons">
				${textButton({ label: 'Edit Brief', look: 'secondary', onClick: () => post({ kind: 'brief.edit' }) })}
				<span class="quiet">Goes with your first prompt</span>
			</div>
		</section>`;
	const isOpen = context.openRows.has(item.id);
	return html`<div class="rewound" data-row=${item.id} role="group" aria-label="Continues another session">
		<div class="rewound-line">
			${icon('arrow-left')}<span class="rewound-text"
				>Continues ${follow}${
					item.text === ''
						? nothing
						: html` with a brief
								<button type="button" class="link" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(item.id)}>${isOpen ? 'Hide brief' : 'Show brief'}</button>`
				}</span
			>
		</div>
		${isOpen && item.text !== '' ? html`<div class="brief-text is-sent"><h3 class="sr-only">Brief</h3>${text}</div>` : nothing}
	</div>`;
}

export function continuedRow(item: ContinuedItem, context: ViewContext): TemplateResult {
	return html`<div class="rewound" data-row=${item.id} role="group" aria-label="Continued in a new session">
		<div class="rewound-line">
			${icon('arrow-right')}<span class="rewound-text">Continued in a new session</span>
			${textButton({ label: 'Open', look: 'secondary', hint: 'Open the session that continues this one', onClick: () => context.post({ kind: 'session.follow', id: item.sessionId }) })}
		</div>
	</div>`;
}
