/** One thing the agent did, on one line: verb, target, result, time. Opening it shows the output. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { shortDuration } from '../format.ts';
import { describeFold, type ToolItem } from '../transcriptGroups.ts';
import { agentLane, isLane } from './agentLane.ts';
import { changesLine, limitsLine } from './callEffects.ts';
import { markdownText } from './markdownText.ts';
import { icon } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

/** Below this a duration is noise. */
const SHOWN_FROM_MS = 100;
const SHORT_TARGET_CHARS = 32;
/** What a call of Bash reads as. */
const COMMAND_VERB = 'Run';

export function toolRow(item: ToolItem, context: ViewContext): TemplateResult {
	if (isLane(item)) return agentLane(item, context);
	const isOpen = context.openRows.has(item.id);
	return html`<div class="tool is-${item.state}" data-row=${item.id}>
		<button
			type="button"
			class="tool-line"
			title="${item.verb} ${item.target}"
			aria-expanded=${isOpen ? 'true' : 'false'}
			@click=${() => context.toggleRow(item.id)}
		>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="verb">${item.verb}</span>
			<span class="target">${item.target}</span>
			<span class="result">${item.state === 'failed' ? icon('error') : item.state === 'interrupted' ? icon('circle-slash') : nothing}<span class="result-text">${resultText(item)}</span></span>
			${
				item.durationMs !== undefined && item.durationMs >= SHOWN_FROM_MS
					? html`<span class="time" title="${item.durationMs} ms">${shortDuration(item.durationMs)}</span>`
					: nothing
			}
		</button>
		${
			// Before it is over it is what there is to know; later it would only be noise.
			isOpen || item.state === 'waiting' || item.state === 'running' || item.limits?.unavailable !== undefined
				? limitsLine(item.id, item.limits, context)
				: nothing
		}
		${isOpen ? toolBody(item, context) : nothing}
		${item.changes === undefined ? nothing : changesLine(item.id, item.changes, context)}
	</div>`;
}

export function foldRow(id: string, items: readonly ToolItem[], context: ViewContext): TemplateResult {
	const isOpen = context.openRows.has(id);
	const isRunning = items.some((item) => item.state === 'running');
	return html`<div class="tool fold" data-row=${id}>
		<button type="button" class="tool-line" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(id)}>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="verb">${isRunning ? 'Exploring' : 'Explored'}</span>
			<span class="target prose">${describeFold(items)}</span>
		</button>
		${isOpen ? html`<div class="fold-body">${items.map((item) => toolRow(item, context))}</div>` : nothing}
	</div>`;
}

/** A running command is shown as it prints; another one can be run once more, out of the agent's sight. */
function terminalLink({ id, state }: ToolItem, { post }: ViewContext): TemplateResult {
	const [label, action] =
		state === 'running' ? (['Show Terminal', 'terminal'] as const) : (['Run in My Terminal', 'runInTerminal'] as const);
	return html`<button type="button" class="link" @click=${() => post({ kind: 'command.act', id, action })}>${label}</button>`;
}

function resultText(item: ToolItem): string {
	if (item.summary !== '') return item.summary;
	switch (item.state) {
		case 'waiting':
			return 'waiting';
		case 'running':
			return 'running';
		case 'failed':
			return 'failed';
		case 'interrupted':
			return 'interrupted';
		case 'done':
			return '';
		default:
			return item.state satisfies never;
	}
}

function toolBody(item: ToolItem, context: ViewContext): TemplateResult {
	const whole = context.state.wholeOutputs.get(item.id);
	const output = whole ?? item.preview;
	const path = item.path;
	return html`<div class="tool-body">
		${
			// Shorter ones are whole in the line above.
			item.target.length > SHORT_TARGET_CHARS || item.target.includes('\n')
				? html`<div class="tool-target"><code>${item.target}</code></div>`
				: nothing
		}
		${
			output === ''
				? html`<p class="quiet">${item.state === 'running' ? 'No output yet.' : 'No output.'}</p>`
				: item.isMarkdown
					? html`<div class="answer tool-prose"><div class="block">${markdownText(output)}</div></div>`
					: html`<pre tabindex="0" aria-label="Output of ${item.verb} ${item.target}">${output}</pre>`
		}
		<div class="tool-links">
			${
				item.isTruncated && whole === undefined
					? html`<button type="button" class="link" @click=${() => context.post({ kind: 'item.expand', id: item.id })}>Show all output</button>`
					: nothing
			}
			${
				path === undefined
					? nothing
					: html`<button type="button" class="link" @click=${() => context.post({ kind: 'link.open', href: path })}>Open file</button>`
			}
			${
				output === ''
					? nothing
					: html`<button type="button" class="link" @click=${() => context.copy(output)}>Copy output</button>`
			}
			${item.verb === COMMAND_VERB ? terminalLink(item, context) : nothing}
		</div>
	</div>`;
}
