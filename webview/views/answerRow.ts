/**
 * Text of Retrace: plain on the panel, with Fork and Copy that show on hover and focus. While it streams only its last block is parsed and
 * drawn again.
 */
import { guard } from 'lit/directives/guard.js';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { renderMarkdown } from '../markdown.ts';
import { splitBlocks } from '../markdownBlocks.ts';
import { iconButton } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type AnswerItem = Extract<TranscriptItem, { kind: 'answer' }>;

export function answerRow(item: AnswerItem, context: ViewContext): TemplateResult {
	// Blank lines at the end of a block come with the next one and change nothing.
	const blocks = splitBlocks(item.text).map((block) => block.trimEnd());
	return html`<div class="answer" data-row=${item.id}>
		${blocks.map((block, index) => {
			const isGrowing = item.isStreaming && index === blocks.length - 1;
			// Sanitised by renderMarkdown; see its SANITISE list.
			return html`<div class="block ${isGrowing ? 'is-growing' : ''}">${guard([block], () => unsafeHTML(renderMarkdown(block)))}</div>`;
		})}
		${item.isPartial ? html`<p class="quiet">Stopped here.</p>` : nothing}
		${item.entryId === undefined ? nothing : answerActions(item.text, item.entryId, context)}
	</div>`;
}

function answerActions(text: string, entryId: string, context: ViewContext): TemplateResult {
	return html`<span class="row-actions">
		${iconButton({ name: 'Fork from here', icon: 'repo-forked', hint: 'Fork from here: a new session that goes on after this answer', onClick: () => context.post({ kind: 'session.fork', entryId }) })}
		${iconButton({ name: 'Copy', icon: 'copy', hint: 'Copy this answer', onClick: () => context.copy(text) })}
	</span>`;
}
