/** The quiet line under a finished turn. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { shortCost, shortDuration } from '../format.ts';

type TurnEndItem = Extract<TranscriptItem, { kind: 'turnEnd' }>;

export function turnEndRow(item: TurnEndItem): TemplateResult {
	return html`<p class="turn-end" data-row=${item.id}>
		<span>${item.text}</span><span title="${item.durationMs} ms">${shortDuration(item.durationMs)}</span>${
			item.costUsd === null || item.costUsd === 0
				? nothing
				: html`<span title="$${item.costUsd}">${shortCost(item.costUsd)}</span>`
		}
	</p>`;
}
