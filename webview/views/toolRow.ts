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
/** Only this is worth its place in a narrow panel. */
const LONG_FROM_MS = 1_000;
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
			@click=${() => {
				if (!isOpen && needsPictures(item, context)) askForRest(item, context);
				context.toggleRow(item.id);
			}}
		>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="verb">${item.verb}</span>
			<span class="target">${item.target}</span>
			<span class="result" title=${item.summary === '' ? nothing : item.summary}>${item.state === 'failed' ? icon('error') : item.state === 'interrupted' ? icon('circle-slash') : nothing}<span class="result-text">${resultText(item)}</span></span>
			${
				item.durationMs !== undefined && item.durationMs >= SHOWN_FROM_MS
					? html`<span class="time ${item.durationMs < LONG_FROM_MS ? 'is-short' : ''}" title="${item.durationMs} ms">${shortDuration(item.durationMs)}</span>`
					: nothing
			}
		</button>
		${item.note === undefined || isOpen ? nothing : html`<p class="tool-note is-cut" title=${item.note}>${item.note}</p>`}
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

function outputOf(item: ToolItem, output: string): TemplateResult | typeof nothing {
	if (item.pictures !== undefined && !output.includes('\n'))
		// A word about the picture.
		return output === '' ? nothing : html`<p class="tool-reason">${output}</p>`;
	if (output === '') return html`<p class="quiet">${item.state === 'running' ? 'No output yet.' : 'No output.'}</p>`;
	if (item.isMarkdown)
		return html`<div class="answer tool-prose"><div class="block">${markdownText(output)}</div></div>`;
	return html`<pre tabindex="0" aria-label="Output of ${item.verb} ${item.target}">${output}</pre>`;
}

const needsPictures = ({ id, pictures = 0 }: ToolItem, { state }: ViewContext): boolean =>
	pictures > 0 && !state.pictures.has(id);

function askForRest({ id }: ToolItem, { post }: ViewContext): void {
	post({ kind: 'item.expand', id });
}

/** What the model saw. A row that was opened by something else than a click asks for them with a button. */
function pictures(item: ToolItem, context: ViewContext): TemplateResult | typeof nothing {
	const shown = context.state.pictures.get(item.id);
	if (item.pictures === undefined) return nothing;
	if (shown === undefined)
		return html`<p><button type="button" class="link" @click=${() => askForRest(item, context)}>${item.pictures === 1 ? 'Show picture' : `Show ${item.pictures} pictures`}</button></p>`;
	const missing = item.pictures - shown.length;
	return html`${shown.map((address, index) => {
		const which = shown.length > 1 ? ` (${index + 1} of ${shown.length})` : '';
		return html`<button type="button" class="tool-picture" aria-pressed="false" title="Show at its full size" @click=${toggleSize}>
			<img src=${address} alt="Picture${which}: ${item.verb} ${item.target}" />
		</button>`;
	})}
	${missing > 0 ? html`<p class="quiet">${missing === 1 ? '1 more picture is' : `${missing} more pictures are`} too large to be shown here.</p>` : nothing}`;
}

/** The page keeps it by itself, as it keeps what is scrolled. */
function toggleSize({ currentTarget }: Event): void {
	if (!(currentTarget instanceof HTMLElement)) return;
	currentTarget.ariaPressed = currentTarget.ariaPressed === 'true' ? 'false' : 'true';
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
		${item.note === undefined || output.startsWith(item.note) ? nothing : html`<p class="tool-reason">${item.note}</p>`}
		${outputOf(item, output)} ${pictures(item, context)}
		<div class="tool-links">
			${
				item.isTruncated && whole === undefined
					? html`<button type="button" class="link" @click=${() => askForRest(item, context)}>Show all output</button>`
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
