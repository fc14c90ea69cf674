/** A message of the user: a faint box, with Rewind, Fork and Copy that show on hover and focus and are always reachable. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { shortSize } from '../format.ts';
import { icon, iconButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type PromptItem = Extract<TranscriptItem, { kind: 'prompt' }>;

/** Longer prompts are cut until they are opened. */
const LONG_PROMPT_CHARS = 900;
const LONG_PROMPT_LINES = 12;

export function promptRow(item: PromptItem, context: ViewContext): TemplateResult {
	const isLong = item.text.length > LONG_PROMPT_CHARS || item.text.split('\n').length > LONG_PROMPT_LINES;
	const isOpen = (!isLong && item.command === undefined) || context.openRows.has(item.id);
	const headingId = `heading-${item.id}`;
	return html`<article class="prompt" data-row=${item.id} aria-labelledby=${headingId}>
		<header class="row-head">
			<h2 id=${headingId} title=${new Date(item.timestamp).toLocaleString()}>You</h2>
			<span class="row-actions">
				${iconButton({ name: 'Rewind to here', icon: 'discard', hint: 'Rewind to here: the conversation, the files, or both', onClick: () => context.post({ kind: 'rewind.preview', entryId: item.entryId }) })}
				${iconButton({ name: 'Fork from here', icon: 'repo-forked', hint: 'Fork from here: a new session that goes on after this message', onClick: () => context.post({ kind: 'session.fork', entryId: item.entryId }) })}
				${iconButton({ name: 'Copy', icon: 'copy', hint: 'Copy this message', onClick: () => context.copy(item.command ?? item.text) })}
			</span>
		</header>
		<div class="prompt-box">
			${item.command === undefined ? nothing : html`<div class="prompt-command"><code>${item.command}</code></div>`}
			${item.command !== undefined && !isOpen ? nothing : html`<div class="prompt-text ${isOpen ? '' : 'is-cut'}">${item.text}</div>`}
			${
				isLong || item.command !== undefined
					? html`<button type="button" class="link" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(item.id)}>
							${isOpen ? 'Show less' : item.command === undefined ? 'Show all' : 'Show the whole prompt'}
						</button>`
					: nothing
			}
			${
				item.attachments.length > 0
					? html`<ul class="chips" aria-label="Attachments">
							${item.attachments.map(
								(attachment) =>
									html`<li class="chip">${icon('file')}<span>${attachment.name}</span><span class="quiet">${shortSize(attachment.sizeBytes)}</span></li>`,
							)}
						</ul>`
					: nothing
			}
		</div>
	</article>`;
}
