/** A question before something runs: the exact command first, then why it asks, then the choice and its scope. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { assertNever } from '../../src/base/assertNever.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { limitsLine, unsavedLine } from './callEffects.ts';
import { icon, textButton } from './parts.ts';
import { reasonField } from './reasonField.ts';
import type { ViewContext } from './viewTypes.ts';

type PermissionItem = Extract<TranscriptItem, { kind: 'permission' }>;

export function permissionCard(item: PermissionItem, context: ViewContext): TemplateResult {
	const name = `Permission: ${item.tool}`;
	if (item.state !== 'asking') {
		return html`<div class="tool" data-row=${item.id} role="group" aria-label=${name}>
			<div class="tool-line is-plain" title=${item.target}>
				${icon(item.state === 'denied' ? 'circle-slash' : 'shield')}
				<span class="verb">${verdictOf(item)}</span>
				<span class="target">${item.target}</span>
			</div>
		</div>`;
	}
	if (item.goOn !== undefined) return goOnCard(item, item.goOn, context);
	const describedBy = `target-${item.id} cause-${item.id}`;
	const rule = item.rule;
	return html`<section class="card needs-you" data-row=${item.id} role="group" aria-label=${name} aria-describedby=${describedBy}>
		<header class="card-head">${icon('shield')}<span class="card-title">${item.tool === 'Bash' ? 'Run this command?' : `Allow ${item.tool}?`}</span>
			<button
				type="button"
				class="plain-icon more"
				aria-label="Deny with a reason"
				title="Deny with a reason…"
				aria-expanded=${context.reasonFor === item.id ? 'true' : 'false'}
				@click=${() => context.askReason(context.reasonFor === item.id ? null : item.id)}
			>
				${icon('comment')}
			</button>
		</header>
		<pre class="command" id="target-${item.id}" tabindex="0">${item.target}</pre>
		<p class="card-note" id="cause-${item.id}">${item.agent === undefined ? nothing : html`<span class="card-agent">Agent ${item.agent}.</span> `}${item.cause}</p>
		${item.unsaved === undefined || item.unsaved.length === 0 ? nothing : unsavedLine(item.unsaved, () => answer(item, context, 'allowOnce', true))}
		${limitsLine(item.id, item.limits, context)}
		<div class="card-buttons">
			${textButton({ label: 'Allow once', look: 'primary', onClick: () => answer(item, context, 'allowOnce') })}
			${
				rule === undefined
					? nothing
					: textButton({
							label: 'Always allow',
							look: 'secondary',
							hint: `Adds the rule ${rule}`,
							onClick: () => answer(item, context, 'alwaysAllow'),
						})
			}
			${textButton({ label: 'Deny', look: 'secondary', onClick: () => answer(item, context, 'deny') })}
		</div>
		${rule === undefined ? nothing : html`<p class="card-scope">Always allow adds the rule <code>${rule}</code></p>`}
		${
			context.reasonFor === item.id
				? reasonField('What should it do instead?', (reason) => {
						context.askReason(null);
						if (reason !== null)
							context.post({
								kind: 'permission.answer',
								id: item.id,
								verdict: 'deny',
								...(reason === '' ? {} : { reason }),
							});
					})
				: nothing
		}
	</section>`;
}

/** The turn came to a limit of the user's. */
function goOnCard(item: PermissionItem, goOn: string, context: ViewContext): TemplateResult {
	return html`<section class="card needs-you" data-row=${item.id} role="group" aria-label="Limit reached" aria-describedby="target-${item.id}">
		<header class="card-head">${icon('debug-pause')}<span class="card-title">Go on?</span></header>
		<p class="card-note" id="target-${item.id}">${item.target} ${item.cause}.</p>
		<div class="card-buttons">
			${textButton({ label: goOn, look: 'primary', onClick: () => answer(item, context, 'allowOnce') })}
			${textButton({ label: 'Stop here', look: 'secondary', onClick: () => answer(item, context, 'deny') })}
		</div>
	</section>`;
}

function answer(
	item: PermissionItem,
	context: ViewContext,
	verdict: 'allowOnce' | 'alwaysAllow' | 'deny',
	savesFirst = false,
): void {
	context.post({ kind: 'permission.answer', id: item.id, verdict, ...(savesFirst ? { savesFirst } : {}) });
}

function verdictOf(item: PermissionItem): string {
	switch (item.state) {
		case 'asking':
			return 'Asks';
		case 'allowed':
			return 'Allowed';
		case 'alwaysAllowed':
			return 'Always allowed';
		case 'denied':
			return 'Denied';
		case 'withdrawn':
			return 'Withdrawn';
		default:
			return assertNever(item.state);
	}
}
