/**
 * Questions with choices: digits choose, Enter answers, Escape declines. What is chosen lives in the fields of the form alone, until it is
 * sent; the host keeps the questions.
 */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { AskAnswer, ShownQuestion } from '../../src/protocol/asking.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { icon, textButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type QuestionItem = Extract<TranscriptItem, { kind: 'question' }>;

const OWN = 'own';

export function questionCard(item: QuestionItem, context: ViewContext): TemplateResult {
	const send = (answer: AskAnswer) => context.post({ kind: 'ask.answer', id: item.id, answer });
	const submit = (form: HTMLFormElement) => {
		const missing = item.questions.findIndex((_, index) => isEmpty(answerOf(form, index)));
		if (missing < 0) send({ kind: 'answers', answers: item.questions.map((_, index) => answerOf(form, index)) });
		else firstField(form, missing)?.focus();
	};
	const formOf = (event: Event) =>
		event.currentTarget instanceof Element ? event.currentTarget.closest('form') : undefined;
	return html`<section class="card needs-you" data-row=${item.id} data-ask role="group" aria-label="Question"><form
		class="question"
		@submit=${(event: SubmitEvent) => event.preventDefault()}
		@keydown=${(event: KeyboardEvent) => onKey(event, submit, () => send({ kind: 'decline' }))}
	>
		${item.questions.map((question, index) => questionFields(item.id, question, index, item.questions.length))}
		<div class="card-buttons">
			${textButton({
				label: 'Answer',
				look: 'primary',
				hint: 'Answer (Enter)',
				onClick: (event) => {
					const form = formOf(event);
					if (form) submit(form);
				},
			})}
			${textButton({ label: 'Decline', look: 'secondary', hint: 'Go on without an answer (Esc)', onClick: () => send({ kind: 'decline' }) })}
		</div>
	</form></section>`;
}

function questionFields(id: string, question: ShownQuestion, index: number, count: number): TemplateResult {
	const name = fieldName(index);
	const type = question.isMulti ? 'checkbox' : 'radio';
	const number = count > 1 ? html`<span class="quiet">${index + 1} of ${count}</span>` : nothing;
	return html`<fieldset class="question-fields" data-question=${index}>
		<legend>
			<span class="card-head">${icon('question')}<span class="card-title">${question.header}</span>${number}</span>
			<span class="question-text">${question.text}</span>
			${question.isMulti ? html`<span class="quiet">Choose as many as you like.</span>` : nothing}
		</legend>
		${question.options.map(
			(option, position) =>
				html`<label class="option">
					<input
						type=${type}
						name=${name}
						value=${option.label}
						aria-label=${option.label}
						aria-describedby=${option.description === '' ? nothing : `${id}-${index}-${position}`}
					/>
					<span class="option-body">
						<span class="option-label">${option.label}</span>
						${option.description === '' ? nothing : html`<span class="option-about" id="${id}-${index}-${position}">${option.description}</span>`}
					</span>
					<kbd class="option-key" aria-hidden="true">${position + 1}</kbd>
				</label>`,
		)}
		<div class="option is-own">
			<input type=${type} name=${name} value="" data-own aria-label="My own answer" @change=${(event: Event) => ownField(event)?.focus()} />
			<input
				class="reason"
				type="text"
				name="${name}-${OWN}"
				aria-label="Own answer: ${question.header}"
				placeholder="My own answer"
				@input=${(event: Event) => {
					const field = event.currentTarget;
					if (!(field instanceof HTMLInputElement)) return;
					const choice = field.closest('.option')?.querySelector<HTMLInputElement>('[data-own]');
					if (choice) choice.checked = field.value.trim() !== '';
				}}
			/>
		</div>
	</fieldset>`;
}

function onKey(event: KeyboardEvent, submit: (form: HTMLFormElement) => void, decline: () => void): void {
	const form = event.currentTarget;
	if (event.isComposing || !(form instanceof HTMLFormElement)) return;
	const target = event.target instanceof Element ? event.target : undefined;
	if (event.key === 'Escape') {
		// It would stop the turn.
		event.stopPropagation();
		event.preventDefault();
		decline();
	} else if (event.key === 'Enter' && target?.closest('vscode-button') == null) {
		event.preventDefault();
		submit(form);
	} else if (/^[1-9]$/.test(event.key) && !isText(target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
		const fields = target?.closest('fieldset') ?? form.querySelector('fieldset');
		const choice = fields?.querySelectorAll<HTMLInputElement>('.option > input:not([type="text"])')[
			Number(event.key) - 1
		];
		if (!choice) return;
		event.preventDefault();
		choice.click();
		if (choice.dataset.own === undefined) choice.focus();
	}
}

function answerOf(form: HTMLFormElement, index: number): { chosen: string[]; other?: string } {
	const data = new FormData(form);
	const chosen = data
		.getAll(fieldName(index))
		.flatMap((value) => (typeof value === 'string' && value !== '' ? [value] : []));
	const own = form.querySelector<HTMLInputElement>(`fieldset[data-question="${index}"] [data-own]`)?.checked === true;
	const other = data.get(`${fieldName(index)}-${OWN}`);
	return { chosen, ...(own && typeof other === 'string' && other.trim() !== '' ? { other: other.trim() } : {}) };
}

const isEmpty = ({ chosen, other }: { chosen: readonly string[]; other?: string }): boolean =>
	chosen.length === 0 && other === undefined;
const fieldName = (index: number): string => `question-${index}`;
const isText = (element: Element | undefined): boolean =>
	element instanceof HTMLInputElement && element.type === 'text';

function firstField(form: HTMLFormElement, index: number): HTMLInputElement | null {
	return form.querySelector<HTMLInputElement>(`fieldset[data-question="${index}"] input`);
}

function ownField(event: Event): HTMLInputElement | null | undefined {
	const choice = event.currentTarget;
	if (!(choice instanceof HTMLInputElement) || !choice.checked) return undefined;
	return choice.closest('.option')?.querySelector<HTMLInputElement>('input[type="text"]');
}
