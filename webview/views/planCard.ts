/** A plan that waits: the plan itself, then how to go on with it. It can be rewritten in an editor; what stands there then is what counts. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { AskAnswer } from '../../src/protocol/asking.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { markdownText } from './markdownText.ts';
import { icon, textButton } from './parts.ts';
import { reasonField } from './reasonField.ts';
import type { ViewContext } from './viewTypes.ts';

type PlanItem = Extract<TranscriptItem, { kind: 'plan' }>;

export function planCard(item: PlanItem, context: ViewContext): TemplateResult {
	const send = (answer: AskAnswer) => context.post({ kind: 'ask.answer', id: item.id, answer });
	const isCommenting = context.reasonFor === item.id;
	return html`<section class="card needs-you plan" data-row=${item.id} data-ask role="group" aria-label="Plan" tabindex="-1">
		<header class="card-head">
			${icon('checklist')}<span class="card-title">Plan</span>
			${item.isChanged ? html`<span class="quiet">changed by you</span>` : nothing}
			<button type="button" class="plain-icon more" aria-label="Edit Plan" title="Edit Plan: open it in an editor" @click=${() => context.post({ kind: 'plan.edit', id: item.id })}>
				${icon('edit')}
			</button>
		</header>
		<div class="plan-text answer" tabindex="0" role="region" aria-label="Plan text"><div class="block">${markdownText(item.text)}</div></div>
		<div class="card-buttons">
			${textButton({ label: 'Accept and review edits', look: 'primary', hint: 'Carry it out in the mode Ask: each edit is a diff first', onClick: () => send({ kind: 'acceptPlan', mode: 'ask' }) })}
			${textButton({ label: 'Accept and apply edits', look: 'secondary', hint: 'Carry it out in the mode Accept edits: review them after', onClick: () => send({ kind: 'acceptPlan', mode: 'acceptEdits' }) })}
			${textButton({ label: 'Keep planning', look: 'secondary', hint: 'Say what should be different', onClick: () => context.askReason(isCommenting ? null : item.id) })}
		</div>
		${
			isCommenting
				? reasonField('What should be different?', (comment) => {
						context.askReason(null);
						if (comment !== null) send({ kind: 'keepPlanning', ...(comment === '' ? {} : { comment }) });
					})
				: nothing
		}
	</section>`;
}
