/** The branching point: what one may do at the end of the newest turn, as one quiet line. It keeps its place while the user types. */
import { html, type TemplateResult } from 'lit/html.js';
import type { Post } from './viewTypes.ts';

export interface Branching {
	readonly post: Post;
	/** Something is being typed: the choice is made. */
	readonly isHidden: boolean;
	/** Puts this into the input and the caret behind it. */
	fillInput(text: string): void;
}

export function branchingRow({ post, isHidden, fillInput }: Branching): TemplateResult {
	const choices = [
		{ label: 'Continue', hint: 'Write the next message', onClick: () => fillInput('') },
		{
			label: 'Rewind…',
			hint: 'Go back to an earlier message: the conversation, the files, or both',
			onClick: () => post({ kind: 'rewind.preview', entryId: '' }),
		},
		{
			label: 'Compact…',
			hint: 'Summarize the conversation; say behind the command what to keep above all',
			onClick: () => fillInput('/compact '),
		},
		{
			label: 'New with brief…',
			hint: 'A fresh session that starts with a brief of this one',
			onClick: () => post({ kind: 'context.clear', focus: '' }),
		},
	];
	return html`<div class="branching ${isHidden ? 'is-hidden' : ''}" role="group" aria-label="What next">
		${choices.map(
			({ label, hint, onClick }) =>
				html`<button type="button" class="quiet-link" title=${hint} @click=${onClick}>${label}</button>`,
		)}
	</div>`;
}
