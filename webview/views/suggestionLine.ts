/** A suggestion above the input: a reason, one thing to do about it, and a way to be rid of it. */
import { html, type TemplateResult } from 'lit/html.js';
import type { Suggestion } from '../../src/protocol/suggestion.ts';
import { icon, iconButton } from './parts.ts';
import type { Post } from './viewTypes.ts';

const LABELS = { clear: 'Clear with brief…', compact: 'Compact…' } as const;

/** `compact` begins a compaction in the way that fits what is being typed. */
export function suggestionLine(suggestion: Suggestion, post: Post, compact: () => void): TemplateResult {
	const dismiss = () => post({ kind: 'suggestion.dismiss', cause: suggestion.cause });
	const take = () => {
		dismiss();
		if (suggestion.action === 'clear') post({ kind: 'context.clear', focus: '' });
		else compact();
	};
	return html`<div class="suggestion" role="group" aria-label="Suggestion">
		${icon('lightbulb')}
		<span class="suggestion-text"
			>${suggestion.text} <button type="button" class="link" @click=${take}>${LABELS[suggestion.action]}</button></span
		>
		${iconButton({ name: 'Dismiss suggestion', icon: 'close', onClick: dismiss })}
	</div>`;
}
