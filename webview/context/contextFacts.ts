/** The figures of the dialog `Context`: what the next request carries by layer, and where the lines are. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { type ContextMeter, shortTokens } from '../../src/protocol/contextMeter.ts';
import { percent, shortCost } from '../format.ts';

export function contextFacts(meter: ContextMeter, model: string): TemplateResult {
	return html`<table class="layer-table">
			<caption class="sr-only">Tokens of the next request by layer</caption>
			<thead class="sr-only"><tr><th scope="col">Layer</th><th scope="col">Tokens</th><th scope="col">Share</th></tr></thead>
			<tbody>
				${meter.layers.map((layer) => tokenRow(layer.label, layer.tokens, meter, `layer-${layer.layer}`))}
				${tokenRow('Free', Math.max(0, meter.maxTokens - meter.usedTokens), meter, 'layer-free')}
			</tbody>
		</table>
		<dl class="facts">
			${fact('Model', model)} ${fact('Nearly full at', shortTokens(meter.triggerTokens), String(meter.triggerTokens))}
			${meter.rotTokens < meter.maxTokens ? fact('Attention drops from', shortTokens(meter.rotTokens), String(meter.rotTokens)) : nothing}
			${fact('Read from the cache', meter.cacheShare === null ? 'nothing sent yet' : percent(meter.cacheShare))}
			${meter.sessionCacheShare == null ? nothing : fact('Cache, whole session', percent(meter.sessionCacheShare))}
			${fact('Cost so far', meter.costText ?? shortCost(meter.costUsd), `$${meter.costUsd}`)}
			${meter.turnsLeft === null ? nothing : fact('Full in about', `${meter.turnsLeft} ${meter.turnsLeft === 1 ? 'turn' : 'turns'}`)}
			${meter.estimatedTokens === 0 ? nothing : fact('Of these estimated', shortTokens(meter.estimatedTokens), String(meter.estimatedTokens))}
		</dl>
		${meter.costNote === undefined ? nothing : html`<p class="facts-note">${meter.costNote}</p>`}`;
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
