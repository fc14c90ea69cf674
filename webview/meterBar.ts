/** The context meter: layers stacked, the line where compaction starts, the rot zone, and one line of numbers. Click opens the dialog. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { type ContextMeter, describeMeter, shortTokens } from '../src/protocol/contextMeter.ts';
import { percent, shortCost } from './format.ts';
import { icon } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

export function meterBar(meter: ContextMeter, post: Post): TemplateResult {
	const open = () => post({ kind: 'context.show' });
	// The meter may not contain a control (its children are presentational), so the line of numbers is the button and the
	// whole area answers to the mouse.
	return html`<div class="meter-area" title=${zoneOf(meter) ?? describeMeter(meter)} @click=${open}>
		<div
			role="meter"
			class="meter"
			aria-label="Context usage"
			aria-valuemin="0"
			aria-valuenow=${meter.usedTokens}
			aria-valuemax=${meter.maxTokens}
			aria-valuetext=${describeMeter(meter)}
		>
			${meterTrack(meter)}
		</div>
		<button type="button" class="meter-line" aria-haspopup="dialog">
			<span class="sr-only">Show context: </span>${zoneOf(meter) === null ? nothing : icon('warning')}${meterLine(meter)}
		</button>
	</div>`;
}

/** `41.2k / 200k · cache 97 % · $0.18`. */
function meterLine(meter: ContextMeter): string {
	const parts = [`${shortTokens(meter.usedTokens)} / ${shortTokens(meter.maxTokens)}`];
	if (meter.cacheShare !== null) parts.push(`cache ${percent(meter.cacheShare)}`);
	parts.push(meter.costText ?? shortCost(meter.costUsd));
	return parts.join(' · ');
}

/** The bar alone; the dialog draws it larger. Places are set through the style property: the page's policy forbids the attribute. */
export function meterTrack(meter: ContextMeter): TemplateResult {
	const share = (tokens: number) => `${Math.min(100, (100 * tokens) / meter.maxTokens)}%`;
	const hasRotZone = meter.rotTokens < meter.maxTokens;
	return html`<div class="track">
		${hasRotZone ? html`<div class="rot" .style=${`left: ${share(meter.rotTokens)}`}></div>` : nothing}
		<div class="layers">
			${meter.layers.map((layer) => html`<div class="layer layer-${layer.layer}" .style=${`width: ${share(layer.tokens)}`}></div>`)}
		</div>
		${
			meter.triggerTokens > 0 && meter.triggerTokens < meter.maxTokens
				? html`<div class="trigger" .style=${`left: ${share(meter.triggerTokens)}`}></div>`
				: nothing
		}
	</div>`;
}

/** Why the meter warns; null while there is room. */
function zoneOf(meter: ContextMeter): string | null {
	if (meter.triggerTokens > 0 && meter.usedTokens >= meter.triggerTokens)
		return `${describeMeter(meter)}. Compaction is due.`;
	if (meter.usedTokens >= meter.rotTokens) return `${describeMeter(meter)}. From here on models get less attentive.`;
	return null;
}
