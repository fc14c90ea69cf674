/** The dialog `Brief`: what a fresh session starts with, to be read, changed or drafted anew before it does. */
import { keyed } from 'lit/directives/keyed.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { PanelBrief } from '../src/protocol/brief.ts';
import { shortCost } from './format.ts';
import { icon, textButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

type Answer = Extract<Parameters<Post>[0], { kind: 'brief.answer' }>['answer'];

export function briefDialog(brief: PanelBrief, post: Post): TemplateResult {
	const answer = (given: Answer) => post({ kind: 'brief.answer', id: brief.id, answer: given });
	const textIn = (event: Event, selector: 'textarea' | 'input') => {
		const dialog = event.currentTarget instanceof Element ? event.currentTarget.closest('dialog') : null;
		return dialog?.querySelector<HTMLTextAreaElement | HTMLInputElement>(selector)?.value.trim() ?? '';
	};
	const use = (event: Event) => {
		const text = textIn(event, 'textarea');
		answer(text === '' && !brief.isStarted ? { kind: 'without' } : { kind: 'use', text });
	};
	const redraft = (event: Event) =>
		answer({ kind: 'redraft', focus: textIn(event, 'input'), text: textIn(event, 'textarea') });
	// Escape drops it; the host closes the dialog by saying that nothing waits any more.
	const onCancel = (event: Event) => {
		event.preventDefault();
		answer({ kind: 'cancel' });
	};
	const onFocusKey = (event: KeyboardEvent) => {
		if (event.key !== 'Enter' || event.isComposing) return;
		event.preventDefault();
		redraft(event);
	};
	const cancel = textButton({ label: 'Cancel', look: 'secondary', onClick: () => answer({ kind: 'cancel' }) });
	const view = html`<dialog class="dialog summary-dialog brief-dialog" aria-label="Brief" @cancel=${onCancel}>
		<header class="dialog-head"><h2>${brief.isStarted ? 'Brief' : 'New session with a brief'}</h2></header>
		<div class="dialog-body">
			<p>${brief.isStarted ? 'This goes with the first prompt of this session.' : introduction(brief)}</p>
			${brief.note === '' ? nothing : html`<p class="brief-note">${icon('info')}<span>${brief.note}</span></p>`}
			<textarea aria-label="Brief text" rows="16" spellcheck="false" .defaultValue=${brief.text}></textarea>
			${
				brief.isStarted
					? nothing
					: html`<div class="brief-focus">
							<input
								type="text"
								aria-label="What the new session is for"
								placeholder="What is it for? (optional)"
								.defaultValue=${brief.focus}
								@keydown=${onFocusKey}
							/>
							${textButton({ label: 'Draft Again', look: 'secondary', hint: 'Drafts it anew for this purpose', onClick: redraft })}
						</div>`
			}
			<div class="dialog-buttons">
				${brief.isStarted ? nothing : textButton({ label: 'Start Without', look: 'secondary', hint: 'A fresh session that takes nothing along', onClick: () => answer({ kind: 'without' }) })}
				${cancel}
				${textButton({ label: brief.isStarted ? 'Save Brief' : 'Start Session', look: 'primary', onClick: use })}
			</div>
		</div>
	</dialog>`;
	// A text that was drafted anew takes the place of what was typed; nothing else does.
	return html`${keyed(brief.id, view)}`;
}

function introduction({ costUsd }: PanelBrief): string {
	const cost = costUsd === null || costUsd === 0 ? '' : ` Drafting it cost ${shortCost(costUsd)}.`;
	return `A fresh session starts with this; it goes with your first prompt there. This session stays as it is, one click away.${cost}`;
}
