/** Something to know that is nobody's message: what happened, what is safe, what to do next. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type NoticeItem = Extract<TranscriptItem, { kind: 'notice' }>;

export function noticeRow(item: NoticeItem, context: ViewContext): TemplateResult {
	return html`<div class="notice is-${item.level}" data-row=${item.id} role="group" aria-label=${titleOf(item)}>
		${icon(item.level)}
		<div class="notice-body">
			<p>${item.text}</p>
			${
				item.actions.length === 0
					? nothing
					: html`<div class="card-buttons">
							${item.actions.map((choice, index) =>
								textButton({
									label: choice.label,
									look: index === 0 && item.level === 'error' ? 'primary' : 'secondary',
									onClick: () => context.post({ kind: 'notice.act', action: choice.action, id: item.id }),
								}),
							)}
						</div>`
			}
		</div>
	</div>`;
}

function titleOf(item: NoticeItem): string {
	if (item.level === 'error') return 'Error';
	return item.level === 'warning' ? 'Warning' : 'Notice';
}
