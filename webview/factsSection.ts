/** The facts in the dialog `Context`: what outlives summaries, to be read, pinned, worded anew, added and deleted. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../src/base/text.ts';
import type { FactAct, PanelFact, PanelFactKind, PanelFacts } from '../src/protocol/facts.ts';
import { iconButton, textButton } from './views/parts.ts';

const MAX_TEXT_CHARS = 200;
const MAX_TOPIC_CHARS = 40;
const KINDS: Readonly<Record<PanelFactKind, string>> = {
	decision: 'Decision',
	cause: 'Cause',
	constraint: 'Constraint',
};
const NEW = 'new';

export type FactsSection = { view(facts: PanelFacts, busyReason: string | null): TemplateResult };

export function createFactsSection(wishes: { act(act: FactAct): void; requestRender(): void }): FactsSection {
	/** The fact whose words are being changed, or `new`. */
	let editing: string | undefined;

	const edit = (id: string | undefined) => {
		const left = editing;
		editing = id;
		wishes.requestRender();
		requestAnimationFrame(() => {
			const target = id === undefined ? `[data-fact="${left}"] [data-edit]` : '.fact-form textarea';
			document.querySelector<HTMLElement>(target)?.focus();
		});
	};

	const save = (event: Event, fact: PanelFact | undefined) => {
		event.preventDefault();
		if (!(event.currentTarget instanceof HTMLFormElement)) return;
		const fields = new FormData(event.currentTarget);
		const text = String(fields.get('text') ?? '').trim();
		const factKind = String(fields.get('kind') ?? 'decision');
		if (text === '' || !isKind(factKind)) return;
		const words = { factKind, topic: String(fields.get('topic') ?? '').trim(), text };
		wishes.act(fact === undefined ? { op: 'add', ...words } : { op: 'change', id: fact.id, ...words });
		edit(undefined);
	};

	const form = (fact: PanelFact | undefined) => html`<form
		class="fact-form"
		aria-label=${fact === undefined ? 'New fact' : 'Change fact'}
		@submit=${(event: Event) => save(event, fact)}
		@keydown=${(event: KeyboardEvent) => {
			if (event.key !== 'Escape') return;
			// The dialog stays open.
			event.preventDefault();
			event.stopPropagation();
			edit(undefined);
		}}
	>
		<div class="fact-fields">
			<select name="kind" aria-label="Kind of fact">
				${Object.entries(KINDS).map(([kind, label]) => html`<option value=${kind} ?selected=${kind === (fact?.kind ?? 'decision')}>${label}</option>`)}
			</select>
			<input name="topic" aria-label="Topic" placeholder="Topic" maxlength=${MAX_TOPIC_CHARS} .value=${fact?.topic ?? ''} />
		</div>
		<textarea name="text" aria-label="Fact" rows="2" required maxlength=${MAX_TEXT_CHARS} .defaultValue=${fact?.text ?? ''}></textarea>
		<div class="dialog-buttons">
			${textButton({ label: 'Cancel', look: 'secondary', onClick: () => edit(undefined) })}
			${textButton({ label: 'Save Fact', look: 'primary', onClick: (event) => submitForm(event) })}
		</div>
	</form>`;

	const row = (fact: PanelFact, isBusy: boolean) => {
		const { id, kind, topic, text } = fact;
		if (editing === id) return html`<li data-fact=${id}>${form(fact)}</li>`;
		const act = (op: 'delete' | 'pin' | 'unpin' | 'open') => () => wishes.act({ op, id });
		const named = (what: string) => `${what}: ${text}`;
		return html`<li class="fact" data-fact=${id}>
			<span class="fact-kind">${KINDS[kind]}${topic === '' ? nothing : html` · ${topic}`}${fact.isPinned ? html` · pinned` : nothing}</span>
			<span class="fact-text">${text}</span>
			<div class="fact-buttons">
				${fact.canOpen ? iconButton({ name: named('Show where it was said'), hint: 'Show where it was said', icon: 'go-to-file', onClick: act('open') }) : nothing}
				${
					fact.isPinned
						? iconButton({
								name: named('Unpin fact'),
								hint: 'Unpin',
								icon: 'pinned',
								isDisabled: isBusy,
								onClick: act('unpin'),
							})
						: iconButton({
								name: named('Pin fact'),
								hint: 'Pin: a later summary never takes it out',
								icon: 'pin',
								isDisabled: isBusy,
								onClick: act('pin'),
							})
				}
				<span data-edit tabindex="-1">${iconButton({ name: named('Change fact'), hint: 'Change', icon: 'edit', isDisabled: isBusy, onClick: () => edit(id) })}</span>
				${iconButton({ name: named('Delete fact'), hint: 'Delete', icon: 'trash', isDisabled: isBusy, onClick: act('delete') })}
			</div>
		</li>`;
	};

	function view({ facts, pendingTokens }: PanelFacts, busyReason: string | null): TemplateResult {
		const isBusy = busyReason !== null;
		return html`<details class="facts-section">
			<summary>${facts.length === 0 ? 'Facts' : plural(facts.length, 'fact')} kept through summaries</summary>
			<p class="fact-note">
				${facts.length === 0 ? 'A summary draws them from the conversation; you can add some yourself.' : nothing}
				${pendingTokens === 0 ? 'Changes go with your next message; nothing that was sent is changed.' : `Your changes go with your next message, about ${plural(pendingTokens, 'token')}. Nothing that was sent is changed.`}
			</p>
			<ul class="fact-list" aria-label="Facts">${facts.map((fact) => row(fact, isBusy))}</ul>
			${
				editing === NEW
					? form(undefined)
					: editing !== undefined && facts.some(({ id }) => id === editing)
						? nothing
						: html`<div data-fact=${NEW}><span data-edit tabindex="-1">${textButton({ label: 'Add Fact', look: 'secondary', isDisabled: isBusy, ...(busyReason === null ? {} : { hint: busyReason }), onClick: () => edit(NEW) })}</span></div>`
			}
		</details>`;
	}

	return { view };
}

const isKind = (value: string): value is PanelFactKind => value in KINDS;

/** The toolkit's button is no submit button. */
function submitForm(event: Event): void {
	if (event.currentTarget instanceof Element) event.currentTarget.closest('form')?.requestSubmit();
}
