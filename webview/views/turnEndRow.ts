/** The quiet line under a finished turn: how long it took, what it cost, and why the prompt cache did not hold what it should. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { shortCost, shortDuration } from '../format.ts';

type TurnEndItem = Extract<TranscriptItem, { kind: 'turnEnd' }>;

export function turnEndRow(item: TurnEndItem): TemplateResult {
	return html`<p class="turn-end" data-row=${item.id}>
		<span>${item.text}</span><span title="${item.durationMs} ms">${shortDuration(item.durationMs)}</span>${cost(item)}${
			item.cacheNote === undefined ? nothing : html`<span class="turn-end-note">${item.cacheNote}</span>`
		}
	</p>`;
}

function cost({ costUsd, costNote }: TurnEndItem): TemplateResult | typeof nothing {
	// What is free needs no word; a price that is not known is not free.
	if (costUsd === 0) return nothing;
	if (costUsd === null) return html`<span title=${costNote ?? ''}>price not known</span>`;
	return html`<span title=${costNote ?? `$${costUsd}`}>${shortCost(costUsd)}</span>`;
}
