/** The line above the transcript: title (click = rename), other sessions; and the banners that concern the whole session. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { PanelHead } from '../../src/protocol/toPanel.ts';
import { icon, iconButton } from './parts.ts';
import type { Post } from './viewTypes.ts';

export function header(head: PanelHead, post: Post): TemplateResult {
	const title = head.title === '' ? 'New session' : head.title;
	const act = (action: 'rename' | 'menu' | 'origin' | 'worktree') => () => post({ kind: 'session.act', action });
	return html`<header class="panel-head">
			<h1>
				<button type="button" class="title" title="${title}: click to rename" ?disabled=${head.sessionId === null} @click=${act('rename')}>
					<span class="title-text">${title}</span>
				</button>
			</h1>
			${head.isPersisted ? nothing : html`<span class="tag" title="This session is gone when the window closes (retrace.sessions.persist is off)">Not saved</span>`}
			${head.worktree ? worktreeMark(head.worktree, act('worktree')) : nothing}
			<span class="head-actions">
				${head.isFork ? iconButton({ name: 'Open origin session', icon: 'arrow-up', hint: 'This is a fork: open the session it was forked from', onClick: act('origin') }) : nothing}
				${iconButton({ name: 'Resume session', icon: 'history', hint: 'Resume another session…', onClick: act('menu') })}
			</span>
		</header>
		${
			head.readOnlyReason === null
				? nothing
				: html`<div class="banner" role="group" aria-label="Read-only">${icon('lock')}<span>${head.readOnlyReason}</span></div>`
		}`;
}

/** Says that the session works in a copy, and leads to what can be done with it. */
function worktreeMark({ isGone, path }: NonNullable<PanelHead['worktree']>, onClick: () => void): TemplateResult {
	const hint = isGone
		? 'The worktree of this session is not there: restore it…'
		: `This session works in a worktree, a copy of your files: merge back, open or discard it… (${path})`;
	return html`<button type="button" class="tag worktree-mark ${isGone ? 'is-gone' : ''}" title=${hint} @click=${onClick}>
		${icon(isGone ? 'warning' : 'worktree')}<span>${isGone ? 'Worktree missing' : 'Worktree'}</span>
	</button>`;
}
