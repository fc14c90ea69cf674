/** An edit: a card with a small diff while it waits for the user, one line before and after. The real diff is the editor's. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { DiffLine, TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon, lineCounts, textButton } from './parts.ts';
import { reasonField } from './reasonField.ts';
import type { ViewContext } from './viewTypes.ts';

type EditItem = Extract<TranscriptItem, { kind: 'edit' }>;

export function editCard(item: EditItem, context: ViewContext): TemplateResult {
	const name = `Edit: ${item.path}`;
	if (item.state === 'writing' && item.lines.length > 0) return growingEdit(item, name);
	if (item.state !== 'proposed') return settledEdit(item, name, context);
	return html`<section class="card" data-row=${item.id} role="group" aria-label=${name}>
		<header class="card-head">
			${icon(item.isNewFile ? 'new-file' : 'edit')}
			<span class="card-title">${item.isNewFile ? 'New file' : 'Edit'}</span>
			<span class="path" title=${item.path}><bdi>${item.path}</bdi></span>
			${lineCounts(item.addedLines, item.removedLines)}
		</header>
		${item.agent === undefined ? nothing : html`<p class="card-note">Agent ${item.agent}</p>`}
		${diffLines(item)} ${item.note === '' ? nothing : html`<p class="card-note">${item.note}</p>`}
		<div class="card-buttons">
			${textButton({ label: 'Accept', look: 'primary', hint: 'Accept (Alt+Enter in the diff)', onClick: () => act(item, context, 'accept') })}
			${textButton({ label: 'Reject', look: 'secondary', hint: 'Reject (Alt+Backspace in the diff)', onClick: () => act(item, context, 'reject') })}
			${textButton({ label: 'Open diff', look: 'secondary', hint: 'See and change it in the diff editor', onClick: () => act(item, context, 'openDiff') })}
			<button
				type="button"
				class="plain-icon more"
				aria-label="Reject with a reason"
				title="Reject with a reason…"
				aria-expanded=${context.reasonFor === item.id ? 'true' : 'false'}
				@click=${() => context.askReason(context.reasonFor === item.id ? null : item.id)}
			>
				${icon('comment')}
			</button>
		</div>
		${
			context.reasonFor === item.id
				? reasonField('What should it do instead?', (reason) => {
						context.askReason(null);
						if (reason !== null)
							context.post({ kind: 'edit.act', id: item.id, action: 'reject', ...(reason === '' ? {} : { reason }) });
					})
				: nothing
		}
	</section>`;
}

/** What the model is about to change, as it comes. There is nothing to decide yet, so it is a row with its lines below, not a card. */
function growingEdit(item: EditItem, name: string): TemplateResult {
	return html`<div class="tool is-writing" data-row=${item.id} role="group" aria-label=${name}>
		<div class="tool-line is-plain" title="${verbOf(item)} ${item.path}">
			${icon('edit')}
			<span class="verb">${verbOf(item)}</span>
			<span class="target">${item.path}</span>
			<span class="result">${lineCounts(item.addedLines, item.removedLines)}</span>
		</div>
		<div class="tool-body">${diffLines(item)}</div>
	</div>`;
}

function settledEdit(item: EditItem, name: string, context: ViewContext): TemplateResult {
	const isOpen = context.openRows.has(item.id);
	const canOpen = item.lines.length > 0 || item.note !== '';
	return html`<div class="tool is-${item.state}" data-row=${item.id} role="group" aria-label=${name}>
		<div class="tool-split">
			<button type="button" class="tool-line" title="${verbOf(item)} ${item.path}" aria-expanded=${isOpen ? 'true' : 'false'} ?disabled=${!canOpen}
				@click=${() => context.toggleRow(item.id)}>
				${icon(isOpen ? 'chevron-down' : 'chevron-right')}
				<span class="verb">${verbOf(item)}</span>
				<span class="target">${item.path}</span>
				<span class="result">${resultOf(item)}</span>
			</button>
			${
				item.state === 'applied'
					? html`<button type="button" class="plain-icon" aria-label="Open diff" title="Open diff" @click=${() => act(item, context, 'openDiff')}>${icon('diff')}</button>`
					: nothing
			}
		</div>
		${item.note !== '' && !isOpen ? html`<p class="tool-note">${item.note}</p>` : nothing}
		${isOpen ? html`<div class="tool-body">${diffLines(item)}${item.note === '' ? nothing : html`<p class="quiet">${item.note}</p>`}</div>` : nothing}
	</div>`;
}

function verbOf(item: EditItem): string {
	switch (item.state) {
		case 'writing':
			return item.isNewFile ? 'Writing' : 'Editing';
		case 'proposed':
		case 'applied':
			return item.isNewFile ? 'Created' : 'Edited';
		case 'rejected':
			return 'Rejected';
		case 'failed':
		case 'interrupted':
			return 'Edit';
		default:
			return item.state satisfies never;
	}
}

function resultOf(item: EditItem): TemplateResult {
	if (item.state === 'failed') return html`${icon('error')}failed`;
	if (item.state === 'interrupted') return html`${icon('circle-slash')}not made`;
	return lineCounts(item.addedLines, item.removedLines);
}

function act(item: EditItem, context: ViewContext, action: 'openDiff' | 'accept' | 'reject'): void {
	context.post({ kind: 'edit.act', id: item.id, action });
}

function diffLines(item: EditItem): TemplateResult | typeof nothing {
	if (item.lines.length === 0) return nothing;
	const isGrowing = item.isGrowing === true;
	return html`<div class="diff" tabindex="0" role="group" aria-label="Changed lines">
		${isGrowing && item.isDiffTruncated ? html`<div class="diff-more">The newest lines</div>` : nothing}
		<div class="diff-lines">${item.lines.map(diffLine)}</div>
		${item.isDiffTruncated && !isGrowing ? html`<div class="diff-more">The rest is in the diff editor.</div>` : nothing}
	</div>`;
}

export function diffLine(line: DiffLine): TemplateResult {
	const tag = line.kind === '+' ? 'is-added' : line.kind === '-' ? 'is-removed' : '';
	const sign = line.kind === '-' ? '−' : line.kind;
	return html`<div class="diff-line ${tag}"><span class="line-number">${line.lineNumber === 0 ? nothing : line.lineNumber}</span><span class="sign">${sign}</span><span class="line-text">${line.text}</span></div>`;
}
