/** The results: a tree of sessions and their messages, with what matches marked. Draws; decides nothing. */
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { SearchPageHit, SearchSession } from '../../src/protocol/searchMessages.ts';
import { icon } from '../views/parts.ts';
import { count, hitKey, hitsOf, type SearchPageState } from './searchState.ts';

export interface TreeActions {
	open(session: SearchSession, hit: SearchPageHit | null): void;
	toggle(session: SearchSession): void;
	focused(key: string): void;
}

export function resultTree(state: SearchPageState, actions: TreeActions): TemplateResult | typeof nothing {
	if (state.sessions.length === 0) return nothing;
	// One row is in the tab order: the one that had the focus last, or the first.
	const current = isThere(state) ? state.current : state.sessions[0]?.key;
	return html`<div class="tree" role="tree" aria-label="Results">
		${repeat(
			state.sessions,
			(session) => session.key,
			(session) => sessionView(session, state, current, actions),
		)}
	</div>`;
}

function isThere({ current, sessions, hits, closed }: SearchPageState): boolean {
	if (current === null) return false;
	const session = sessions.find(({ key }) => current === key || current.startsWith(`${key} `));
	if (!session || session.key === current) return session !== undefined;
	return !closed.has(session.key) && (hits.get(session.key) ?? []).some((hit) => hitKey(hit) === current);
}

function sessionView(
	session: SearchSession,
	state: SearchPageState,
	current: string | null | undefined,
	actions: TreeActions,
): unknown {
	const hits = hitsOf(state, session.key);
	const isOpen = !state.closed.has(session.key);
	const isCut = state.end?.cutSessions.includes(session.key) ?? false;
	const ownCurrent = current?.startsWith(session.key) ? current : undefined;
	return guard([session, hits, isOpen, isCut, ownCurrent], () => {
		const total = isCut ? `${hits.length}+ results` : count(hits.length, 'result');
		const place = session.isTrashed ? ', in the trash' : '';
		return html`<div class="group" role="none">
			<div
				class="row session"
				role="treeitem"
				aria-level="1"
				aria-expanded=${isOpen ? 'true' : 'false'}
				aria-label="${session.title}, ${shortDate(session.updatedAt)}, ${total}${place}"
				aria-owns=${isOpen ? `hits-${session.key}` : nothing}
				tabindex=${ownCurrent === session.key ? '0' : '-1'}
				data-key=${session.key}
				title="${session.title}&#10;${fullDate(session.updatedAt)}${place}"
				@click=${() => actions.toggle(session)}
				@focus=${() => actions.focused(session.key)}
			>
				${icon(isOpen ? 'chevron-down' : 'chevron-right')}
				<span class="session-title">${session.title}</span>
				${session.isTrashed ? html`<span class="in-trash">${icon('trash')}</span>` : nothing}
				<span class="date">${shortDate(session.updatedAt)}</span>
				<span class="count">${hits.length}${isCut ? '+' : ''}</span>
			</div>
			${
				isOpen
					? html`<div role="group" id="hits-${session.key}">
							${hits.map((hit) => hitView(session, hit, ownCurrent, actions))}
							${isCut ? html`<p class="more" role="none">More in this session: open it and find there.</p>` : nothing}
						</div>`
					: nothing
			}
		</div>`;
	});
}

function hitView(
	session: SearchSession,
	hit: SearchPageHit,
	current: string | undefined,
	actions: TreeActions,
): TemplateResult {
	const key = hitKey(hit);
	return html`<div
		class="row hit ${hit.isError ? 'is-error' : ''} ${hit.isThinking ? 'is-thinking' : ''}"
		role="treeitem"
		aria-level="2"
		aria-label="${hit.label}: ${hit.text}"
		tabindex=${current === key ? '0' : '-1'}
		data-key=${key}
		title="${hit.label}, ${fullDate(hit.timestamp)}"
		@click=${() => actions.open(session, hit)}
		@focus=${() => actions.focused(key)}
	>
		<span class="label">${hit.isError ? icon('error') : nothing}${hit.label}</span>
		<span class="snippet">${marked(hit)}</span>
	</div>`;
}

/** The text with its ranges as `<mark>`. Ranges come in order; one that is not is left out. */
function marked({ text, ranges }: SearchPageHit): readonly unknown[] {
	const pieces: unknown[] = [];
	let at = 0;
	for (const [start, end] of ranges) {
		if (start < at || end > text.length || end <= start) continue;
		pieces.push(text.slice(at, start), html`<mark>${text.slice(start, end)}</mark>`);
		at = end;
	}
	pieces.push(text.slice(at));
	return pieces;
}

/** Today the time, this year the day, else the year too. */
function shortDate(timeMs: number): string {
	const date = new Date(timeMs);
	const now = new Date();
	if (date.toDateString() === now.toDateString())
		return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
	const isThisYear = date.getFullYear() === now.getFullYear();
	return date.toLocaleDateString(undefined, {
		month: 'short',
		day: 'numeric',
		...(isThisYear ? {} : { year: 'numeric' as const }),
	});
}

const fullDate = (timeMs: number): string => new Date(timeMs).toLocaleString();
