/** What stands in the place of a transcript: first run, untrusted workspace, no folder, or a quiet start. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ToHost } from '../../src/protocol/toHost.ts';
import type { PanelHead } from '../../src/protocol/toPanel.ts';
import { icon, textButton } from './parts.ts';
import type { Post } from './viewTypes.ts';

type NoticeAction = Extract<ToHost, { kind: 'notice.act' }>['action'];

export function emptyState(head: PanelHead | null, post: Post, fill: (text: string) => void): TemplateResult {
	const act = (action: NoticeAction) => () => post({ kind: 'notice.act', action });
	if (head === null) return html`<div class="empty" aria-busy="true"></div>`;
	if (!head.isTrusted) {
		return html`<div class="empty">
			<h2>${icon('workspace-untrusted')}This workspace is not trusted yet</h2>
			<p>Nothing runs here until you trust it: no tools, no commands, no project settings. Past sessions can be read.</p>
			<div class="card-buttons">${textButton({ label: 'Manage trust', look: 'primary', onClick: act('trustWorkspace') })}</div>
		</div>`;
	}
	if (!head.hasFolder) {
		return html`<div class="empty">
			<h2>${icon('folder')}No folder is open</h2>
			<p>You can talk to Retrace here. To read and edit files it needs an open folder.</p>
			<div class="card-buttons">${textButton({ label: 'Open folder', look: 'primary', onClick: act('openFolder') })}</div>
		</div>`;
	}
	if (head.needsSetup) return setupCard(act);
	return quietStart(head, fill);
}

function setupCard(act: (action: NoticeAction) => () => void): TemplateResult {
	return html`<section class="empty setup" aria-labelledby="setup-title">
		<h2 id="setup-title">Choose where replies come from</h2>
		<p>Retrace is a coding agent you can rewind: it keeps every step, and you can take each one back.</p>
		<ul class="choices">
			<li>
				<div><h3>Anthropic API</h3><p>Your key is kept in the system's secret storage and sent to one address only.</p></div>
				${textButton({ label: 'Set API key', look: 'primary', onClick: act('setApiKey') })}
			</li>
			<li>
				<div><h3>Compatible server</h3><p>A gateway or a local server that speaks the Messages API.</p></div>
				${textButton({ label: 'Open settings', look: 'secondary', onClick: act('openSettings') })}
			</li>
			<li>
				<div><h3>Language models of VS Code</h3><p>Those that other extensions bring, such as Copilot.</p></div>
				${textButton({ label: 'Use them', look: 'secondary', onClick: act('useVscodeLm') })}
			</li>
			<li>
				<div><h3>Demo model</h3><p>Offline, no key. Follows a few plain instructions on your real files.</p></div>
				${textButton({ label: 'Try the demo', look: 'secondary', onClick: act('useDemo') })}
			</li>
		</ul>
	</section>`;
}

function quietStart(head: PanelHead, fill: (text: string) => void): TemplateResult {
	const ideas = head.isDemo
		? ['Read README.md', 'Find "TODO"', 'Create notes.md with "Hello"']
		: ['Explain how this project is built', 'Find and fix a bug in ', 'Write tests for '];
	return html`<div class="empty">
		<h2>What should we change?</h2>
		<p>Every step is kept and can be taken back, files included.</p>
		<ul class="ideas" aria-label="Ideas">
			${ideas.map((idea) => html`<li><button type="button" class="link" @click=${() => fill(idea)}>${idea.trimEnd()}${idea.endsWith(' ') ? '…' : nothing}</button></li>`)}
		</ul>
	</div>`;
}
