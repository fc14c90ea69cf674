/** The line that stands where the conversation was taken back: what became of the files, the conflicts to merge, and the way forward again. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type RewoundItem = Extract<TranscriptItem, { kind: 'rewound' }>;

/** More of them are told by their number. */
const MAX_CONFLICTS = 20;

export function rewoundRow(item: RewoundItem, context: ViewContext): TemplateResult {
	const { post } = context;
	return html`<div class="rewound" data-row=${item.id} role="status">
		<div class="rewound-line">
			${icon(item.isMerge ? 'git-merge' : 'discard')}<span class="rewound-text">${item.text}${detailsButton(item, context)}</span>
			${item.canUndo ? textButton({ label: item.isMerge ? 'Undo merge' : 'Undo rewind', look: 'secondary', onClick: () => post({ kind: 'rewind.undo' }) }) : nothing}
			${item.canRedo ? textButton({ label: 'Redo rewind', look: 'secondary', onClick: () => post({ kind: 'rewind.redo' }) }) : nothing}
		</div>
		${item.conflicts.length === 0 ? nothing : conflictList(item, context)}
		${context.openRows.has(item.id) ? detailList(item) : nothing}
	</div>`;
}

function detailsButton(item: RewoundItem, context: ViewContext): TemplateResult | typeof nothing {
	if (item.details.length === 0) return nothing;
	const isOpen = context.openRows.has(item.id);
	return html` <button type="button" class="link" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(item.id)}>${isOpen ? 'Hide details' : 'Details'}</button>`;
}

function conflictList(item: RewoundItem, { post }: ViewContext): TemplateResult {
	const more = item.conflicts.length - MAX_CONFLICTS;
	return html`<ul class="conflicts" aria-label="Conflicts to merge">
		${item.conflicts.slice(0, MAX_CONFLICTS).map(
			({ restoreId, key, path }) => html`<li>
				${icon('warning')}<span class="path" title=${path}><bdi>${path}</bdi></span>
				<button type="button" class="link" aria-label="Resolve ${path}" @click=${() => post({ kind: 'conflict.open', restoreId, key })}>Resolve</button>
			</li>`,
		)}
		${more > 0 ? html`<li class="quiet">and ${more} more, one after the other</li>` : nothing}
	</ul>`;
}

function detailList(item: RewoundItem): TemplateResult {
	return html`<ul class="rewound-details" aria-label="Files that were not restored">
		${item.details.map(({ path, what, note }) => html`<li>${icon(ICONS[what])}<span><span class="detail-path">${path}</span> <span class="quiet">${note}</span></span></li>`)}
		${item.moreDetails > 0 ? html`<li class="quiet">and ${item.moreDetails.toLocaleString('en-US')} more</li>` : nothing}
	</ul>`;
}

const ICONS: Readonly<Record<RewoundItem['details'][number]['what'], string>> = {
	kept: 'pinned',
	conflict: 'warning',
	blocked: 'circle-slash',
};
