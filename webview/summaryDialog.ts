/** The dialog `Summary`: what will take the place of the conversation, to be read and changed before it does. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { shortTokens } from '../src/protocol/contextMeter.ts';
import type { PanelSummary } from '../src/protocol/toPanel.ts';
import { shortCost } from './format.ts';
import { textButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

export function summaryDialog(summary: PanelSummary, post: Post): TemplateResult {
	const answer = (text: string | null) => post({ kind: 'summary.answer', id: summary.id, text });
	const use = (event: Event) => {
		const dialog = event.currentTarget instanceof Element ? event.currentTarget.closest('dialog') : null;
		const text = dialog?.querySelector('textarea')?.value.trim() ?? '';
		answer(text === '' ? null : text);
	};
	// Escape drops it; the host closes the dialog by saying that nothing waits any more.
	const onCancel = (event: Event) => {
		event.preventDefault();
		answer(null);
	};
	return html`<dialog class="dialog summary-dialog" aria-label="Summary" @cancel=${onCancel}>
		<header class="dialog-head"><h2>Summary</h2></header>
		<div class="dialog-body">
			<p>${introduction(summary)} You can change it here first. Nothing is deleted, and it can be undone.</p>
			<textarea aria-label="Summary text" rows="16" spellcheck="false" .defaultValue=${summary.text}></textarea>
			<div class="dialog-buttons">
				${summary.hasPrevious ? textButton({ label: 'Compare with Previous', look: 'secondary', onClick: () => post({ kind: 'summary.compare' }) }) : nothing}
				${textButton({ label: 'Cancel', look: 'secondary', onClick: () => answer(null) })}
				${textButton({ label: 'Use Summary', look: 'primary', onClick: use })}
			</div>
		</div>
	</dialog>`;
}

const PLACES: Readonly<Record<PanelSummary['scope'], string>> = {
	all: 'the conversation so far',
	from: 'the conversation from the chosen message on',
	upTo: 'what precedes the chosen message',
};

function introduction({ scope, tokensBefore, costUsd }: PanelSummary): string {
	const cost = costUsd === null ? '' : `; it cost ${shortCost(costUsd)}`;
	return `This takes the place of ${PLACES[scope]} in what the model is sent (${shortTokens(tokensBefore)} tokens now${cost}).`;
}
