/** The dialog `Context`: what the next request carries, by layer, and where the lines are. It shows; it changes nothing. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { type ContextMeter, describeMeter, shortTokens } from '../src/protocol/contextMeter.ts';
import { percent, shortCost } from './format.ts';
import { meterTrack } from './meterBar.ts';
import type { ContextBreakdown } from './panelState.ts';
import { iconButton } from './views/parts.ts';

export function contextDialog(breakdown: ContextBreakdown, onClose: () => void): TemplateResult {
	const { meter } = breakdown;
	return html`<dialog class="dialog" aria-label="Context" @close=${onClose}>
		<header class="dialog-head">
			<h2>Context</h2>
			${iconButton({ name: 'Close', icon: 'close', onClick: onClose })}
		</header>
		<div class="dialog-body">
			<p>${describeMeter(meter)}</p>
			<div class="meter is-large" aria-hidden="true">${meterTrack(meter)}</div>
			<table class="layer-table">
				<caption class="sr-only">Tokens of the next request by layer</caption>
				<thead class="sr-only"><tr><th scope="col">Layer</th><th scope="col">Tokens</th><th scope="col">Share</th></tr></thead>
				<tbody>
					${meter.layers.map((layer) => tokenRow(layer.label, layer.tokens, meter, `layer-${layer.layer}`))}
					${tokenRow('Free', Math.max(0, meter.maxTokens - meter.usedTokens), meter, 'layer-free')}
				</tbody>
			</table>
			<dl class="facts">
				${fact('Model', breakdown.model)} ${fact('Nearly full at', shortTokens(meter.triggerTokens), String(meter.triggerTokens))}
				${meter.rotTokens < meter.maxTokens ? fact('Attention drops from', shortTokens(meter.rotTokens), String(meter.rotTokens)) : nothing}
				${fact('Read from the cache', meter.cacheShare === null ? 'nothing sent yet' : percent(meter.cacheShare))}
				${fact('Cost so far', shortCost(meter.costUsd), `$${meter.costUsd}`)}
				${meter.turnsLeft === null ? nothing : fact('Full in about', `${meter.turnsLeft} ${meter.turnsLeft === 1 ? 'turn' : 'turns'}`)}
				${meter.estimatedTokens === 0 ? nothing : fact('Of these estimated', shortTokens(meter.estimatedTokens), String(meter.estimatedTokens))}
			</dl>
			${
				breakdown.lastRequest === null
					? nothing
					: html`<details class="last-request">
							<summary>Last request</summary>
							<pre tabindex="0">${breakdown.lastRequest}</pre>
						</details>`
			}
		</div>
	</dialog>`;
}

function tokenRow(label: string, tokens: number, meter: ContextMeter, className: string): TemplateResult {
	return html`<tr>
		<th scope="row"><span class="swatch ${className}" aria-hidden="true"></span>${label}</th>
		<td title="${tokens.toLocaleString('en-US')} tokens">${shortTokens(tokens)}</td>
		<td>${percent(tokens / meter.maxTokens)}</td>
	</tr>`;
}

function fact(name: string, value: string, whole = value): TemplateResult {
	return html`<div><dt>${name}</dt><dd title=${whole}>${value}</dd></div>`;
}
