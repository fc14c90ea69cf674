/** The steps of the work above the input: one line with how far it is and what is being done, opened by a click. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ShownTask } from '../../src/protocol/asking.ts';
import { icon } from './parts.ts';

const LOOKS = {
	pending: { icon: 'circle-large-outline', word: 'to do' },
	inProgress: { icon: 'record', word: 'now' },
	completed: { icon: 'pass-filled', word: 'done' },
} as const;

export function taskList(
	tasks: readonly ShownTask[],
	isOpen: boolean,
	onToggle: () => void,
): TemplateResult | typeof nothing {
	if (tasks.length === 0) return nothing;
	const done = tasks.filter(({ state }) => state === 'completed').length;
	const now = tasks.find(({ state }) => state === 'inProgress') ?? tasks.find(({ state }) => state === 'pending');
	const words = now?.text ?? 'All done';
	return html`<div class="tasks">
		<button
			type="button"
			class="tasks-line"
			aria-expanded=${isOpen ? 'true' : 'false'}
			title=${words}
			@click=${onToggle}
		>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="sr-only">Tasks</span>
			<span class="tasks-count" title="${done} of ${tasks.length} done">${done}/${tasks.length}</span>
			<span class="tasks-now">${words}</span>
		</button>
		${
			isOpen
				? html`<ul class="tasks-list" aria-label="Tasks" tabindex="0">
						${tasks.map(
							({ text, state }) =>
								html`<li class="task is-${state}">${icon(LOOKS[state].icon)}<span class="sr-only">${LOOKS[state].word}: </span><span>${text}</span></li>`,
						)}
					</ul>`
				: nothing
		}
	</div>`;
}
