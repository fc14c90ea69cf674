/** An agent that works for the session, at the row of the call that started it: what it does, how much of it there is, and what it did. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { AgentLane } from '../../src/protocol/agentLane.ts';
import { shortTokens } from '../../src/protocol/contextMeter.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { shortCost, shortDuration } from '../format.ts';
import type { ToolItem } from '../transcriptGroups.ts';
import { markdownText } from './markdownText.ts';
import { icon, lineCounts } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

type LaneItem = ToolItem & { readonly agent: AgentLane };

export const isLane = (item: ToolItem): item is LaneItem => item.agent !== undefined;

export function agentLane(item: LaneItem, context: ViewContext): TemplateResult {
	const { agent } = item;
	const isOpen = context.openRows.has(item.id);
	const name = agent.agentId ?? agent.name;
	const isOver = OVER.has(agent.state);
	return html`<div class="tool lane is-${agent.state}" data-row=${item.id} role="group" aria-label="Agent: ${item.target}">
		<button
			type="button"
			class="tool-line"
			title="${name}: ${item.target}"
			aria-expanded=${isOpen ? 'true' : 'false'}
			@click=${() => {
				context.toggleRow(item.id);
				context.post({ kind: 'agent.show', id: item.id, isOpen: !isOpen });
			}}
		>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="verb">Agent</span>
			<span class="target prose">${item.target}</span>
			<span class="result">${stateIcon(agent.state)}<span class="result-text">${STATE_WORDS[agent.state]}</span></span>
			${
				agent.durationMs === undefined
					? nothing
					: html`<span class="time" title="${agent.durationMs} ms">${shortDuration(agent.durationMs)}</span>`
			}
		</button>
		<div class="lane-now">
			<span class="lane-name">${name}</span>
			<span class="lane-step" title=${agent.step}>${stepText(agent)}</span>
			${
				agent.state === 'waiting' || agent.state === 'running' || agent.state === 'asking'
					? html`<button type="button" class="link lane-stop" aria-label="Stop ${name}" title="Stop ${name}; the others go on" @click=${() => act(item, context, 'stop')}>Stop</button>`
					: nothing
			}
		</div>
		${agent.startedAt === undefined || (isOver && !isOpen) ? nothing : amounts(agent, name)}
		${isOpen ? opened(item, context) : nothing}
		${isOver && (isOpen || agent.state !== 'done') && agent.agentId !== undefined ? actions(item, context) : nothing}
	</div>`;
}

const OVER: ReadonlySet<AgentLane['state']> = new Set(['done', 'stopped', 'failed', 'limit', 'interrupted']);

const STATE_WORDS: Readonly<Record<AgentLane['state'], string>> = {
	waiting: 'waiting',
	running: 'working',
	asking: 'needs you',
	done: 'done',
	stopped: 'stopped',
	failed: 'failed',
	limit: 'out of steps',
	interrupted: 'interrupted',
};

function stateIcon(state: AgentLane['state']): TemplateResult | typeof nothing {
	if (state === 'failed') return icon('error');
	if (state === 'asking') return icon('shield');
	return state === 'stopped' || state === 'interrupted' || state === 'limit' ? icon('circle-slash') : nothing;
}

function stepText(agent: AgentLane): string {
	if (agent.state === 'waiting') return 'begins when another one ends';
	if (!OVER.has(agent.state)) return agent.step;
	if (agent.changedFiles === 0) return '';
	return agent.changedFiles === 1 ? '1 file changed' : `${agent.changedFiles} files changed`;
}

/** Its own meter: what its next request carries, steps and price. */
function amounts(agent: AgentLane, name: string): TemplateResult {
	const { tokens, windowTokens, steps, costUsd } = agent;
	const parts = [
		...(windowTokens > 0 ? [`${shortTokens(tokens)} / ${shortTokens(windowTokens)}`] : []),
		steps === 1 ? '1 step' : `${steps} steps`,
		costUsd === null ? 'price not known' : shortCost(costUsd),
	];
	const share = windowTokens > 0 ? Math.min(100, (100 * tokens) / windowTokens) : 0;
	return html`<div class="lane-amounts">
		${
			windowTokens > 0
				? html`<div
						class="lane-meter"
						role="meter"
						aria-label="Context of ${name}"
						aria-valuemin="0"
						aria-valuenow=${Math.min(tokens, windowTokens)}
						aria-valuemax=${windowTokens}
						aria-valuetext="${tokens.toLocaleString('en-US')} of ${windowTokens.toLocaleString('en-US')} tokens"
					>
						<div class="track"><div class="lane-fill" .style=${`width: ${share}%`}></div></div>
					</div>`
				: nothing
		}
		<span class="lane-figures" title=${parts.join(' · ')}>${parts.join(' · ')}</span>
	</div>`;
}

function actions(item: LaneItem, context: ViewContext): TemplateResult {
	return html`<div class="tool-links lane-links">
		<button type="button" class="link" @click=${() => act(item, context, 'continue')}>Continue…</button>
		${
			item.agent.changedFiles > 0
				? html`<button type="button" class="link" @click=${() => act(item, context, 'takeBack')}>Take back its edits…</button>`
				: nothing
		}
		<button type="button" class="link" @click=${() => act(item, context, 'open')}>Open transcript</button>
	</div>`;
}

function act(item: LaneItem, context: ViewContext, action: 'stop' | 'continue' | 'takeBack' | 'open'): void {
	context.post({ kind: 'agent.act', id: item.id, action });
}

function opened(item: LaneItem, context: ViewContext): TemplateResult {
	const rows = context.state.agentRows.get(item.id);
	const name = item.agent.agentId ?? item.agent.name;
	if (!rows || rows.items.length === 0)
		return html`<p class="quiet lane-body">${item.agent.state === 'waiting' ? 'It has not begun.' : 'Nothing yet.'}</p>`;
	return html`<div class="lane-body" tabindex="0" role="region" aria-label="What ${name} did">
		${rows.olderRows > 0 ? html`<p class="quiet">${rows.olderRows} earlier ${rows.olderRows === 1 ? 'row' : 'rows'}</p>` : nothing}
		${rows.items.map(laneRow)}
	</div>`;
}

/** A row of an agent's transcript: to be read, with nothing to press. */
function laneRow(item: TranscriptItem): TemplateResult | typeof nothing {
	switch (item.kind) {
		case 'prompt':
			return html`<p class="lane-prompt">${item.text}</p>`;
		case 'answer':
			return html`<div class="answer lane-answer">${markdownText(item.text)}</div>`;
		case 'tool':
			return line(item.verb, item.target, item.summary, item.state === 'failed');
		case 'edit':
			return line(
				'Edit',
				item.path,
				item.note,
				item.state === 'failed',
				lineCounts(item.addedLines, item.removedLines),
			);
		case 'notice':
			return html`<p class="quiet">${item.text}</p>`;
		default:
			return nothing;
	}
}

function line(
	verb: string,
	target: string,
	result: string,
	isFailed: boolean,
	counts: TemplateResult | typeof nothing = nothing,
): TemplateResult {
	return html`<div class="tool-line is-plain lane-line" title="${verb} ${target}">
		<span class="verb">${verb}</span><span class="target">${target}</span>
		<span class="result">${isFailed ? icon('error') : nothing}${counts}<span class="result-text">${result}</span></span>
	</div>`;
}
