/**
 * The dialog `Rewind`: what to take back, what that does to each file, and what cannot be taken back. It holds the
 * choices made in it and nothing else; the plan is the host's.
 */
import { repeat } from 'lit/directives/repeat.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { assertNever } from '../src/base/assertNever.ts';
import { plural } from '../src/base/text.ts';
import { type RewindScope, rewindScopeSchema } from '../src/protocol/toHost.ts';
import type { RewindFile } from '../src/protocol/toPanel.ts';
import { firstLine } from './format.ts';
import type { RewindPlan } from './panelState.ts';
import { controlValue, icon, lineCounts, textButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

export interface RewindDialog {
	view(plan: RewindPlan): TemplateResult;
}

const SCOPES: readonly { readonly scope: RewindScope; readonly label: string }[] = [
	{ scope: 'both', label: 'Conversation and code' },
	{ scope: 'conversation', label: 'Conversation only' },
	{ scope: 'code', label: 'Code only' },
];

export function createRewindDialog(post: Post, onClose: () => void, requestRender: () => void): RewindDialog {
	let shownPlan: RewindPlan | null = null;
	let scope: RewindScope = 'both';
	let overwrite = new Set<string>();

	function tick(key: string, isTicked: boolean): void {
		if (isTicked) overwrite.add(key);
		else overwrite.delete(key);
		requestRender();
	}

	function planView(plan: RewindPlan, entryId: string): TemplateResult {
		return html`<p class="rewind-to">To before <q>${firstLine(plan.promptText, 160)}</q></p>
			<vscode-radio-group
				class="scopes"
				orientation="vertical"
				aria-label="What to take back"
				value=${scope}
				@change=${(event: Event) => {
					// The property: the attribute follows later.
					const chosen = rewindScopeSchema.safeParse(controlValue(event));
					if (!chosen.success || chosen.data === scope) return;
					scope = chosen.data;
					requestRender();
				}}
			>
				${SCOPES.map(
					(choice) =>
						html`<vscode-radio value=${choice.scope} ?disabled=${plan.codeReason !== null && choice.scope !== 'conversation'}>${choice.label}</vscode-radio>`,
				)}
			</vscode-radio-group>
			${plan.codeReason === null ? nothing : html`<p class="card-note">${icon('info')}${plan.codeReason}</p>`}
			<section class="preview" aria-label="Preview">
				${scope === 'code' ? nothing : html`<p>${icon('comment-discussion')}${plural(plan.messageCount, 'message')} ${plan.messageCount === 1 ? 'leaves' : 'leave'} the conversation. Your prompt returns to the input.</p>`}
				${scope === 'conversation' ? html`<p>${icon('files')}Files stay as they are.</p>` : fileList(plan)}
			</section>
			${
				plan.warnings.length === 0 || scope === 'conversation'
					? nothing
					: html`<ul class="warnings" aria-label="Cannot be taken back">${plan.warnings.map((warning) => html`<li>${icon('warning')}<span>${warning}</span></li>`)}</ul>`
			}
			<p class="quiet">Nothing is lost: the way back is kept as Undo rewind.</p>
			<footer class="dialog-buttons">
				${textButton({ label: 'Cancel', look: 'secondary', onClick: onClose })}
				${textButton({
					label: 'Rewind',
					look: 'primary',
					onClick: () => {
						post({ kind: 'rewind.apply', entryId, scope, overwrite: scope === 'conversation' ? [] : [...overwrite] });
						onClose();
					},
				})}
			</footer>`;
	}

	function fileList(plan: RewindPlan): TemplateResult {
		const files = plan.files.filter((file) => file.action !== 'none' || file.status !== 'ok');
		if (files.length === 0) return html`<p>${icon('files')}No file has changed since.</p>`;
		return html`<ul class="files" aria-label="Files">
			${repeat(files, (file) => file.key, fileRow)}
		</ul>`;
	}

	function fileRow(file: RewindFile): TemplateResult {
		return html`<li class="file is-${file.status}">
			<div class="file-line">
				${icon(fileIcon(file))}
				<span class="path" title=${file.path}><bdi>${file.path}</bdi></span>
				${file.status === 'blocked' ? nothing : lineCounts(file.addedLines, file.removedLines)}
			</div>
			${noteOf(file) === '' ? nothing : html`<p class="file-note">${noteOf(file)}</p>`}
			${
				file.status === 'conflict'
					? html`<vscode-checkbox
							aria-label="Overwrite my changes in ${file.path}"
							?checked=${overwrite.has(file.key)}
							@change=${(event: Event) => tick(file.key, isChecked(event.currentTarget))}
							>Overwrite my changes</vscode-checkbox
						>`
					: nothing
			}
		</li>`;
	}

	return {
		view(plan) {
			if (plan !== shownPlan) {
				shownPlan = plan;
				scope = plan.codeReason === null ? 'both' : 'conversation';
				overwrite = new Set();
			}
			const entryId = plan.entryId;
			return html`<dialog class="dialog" aria-label="Rewind" @close=${onClose}>
				<header class="dialog-head">
					<h2>${entryId === null ? 'Rewind to…' : 'Rewind'}</h2>
				</header>
				<div class="dialog-body">${entryId === null ? promptList(plan, post, onClose) : planView(plan, entryId)}</div>
			</dialog>`;
		},
	};
}

function promptList(plan: RewindPlan, post: Post, onClose: () => void): TemplateResult {
	if (plan.prompts.length === 0) {
		return html`<p>There is no message to go back to yet.</p>
			<footer class="dialog-buttons">${textButton({ label: 'Cancel', look: 'secondary', onClick: onClose })}</footer>`;
	}
	return html`<ul class="prompts" aria-label="Messages">
			${plan.prompts.toReversed().map(
				(prompt) =>
					html`<li>
							<button type="button" class="prompt-choice" @click=${() => post({ kind: 'rewind.preview', entryId: prompt.entryId })}>
								<span class="prompt-choice-text">${firstLine(prompt.text, 200)}</span>
								<time class="quiet" datetime=${new Date(prompt.timestamp).toISOString()}>${new Date(prompt.timestamp).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
							</button>
						</li>`,
			)}
		</ul>
		<footer class="dialog-buttons">${textButton({ label: 'Cancel', look: 'secondary', onClick: onClose })}</footer>`;
}

function fileIcon(file: RewindFile): string {
	if (file.status === 'conflict') return 'warning';
	if (file.status === 'blocked') return 'circle-slash';
	if (file.status === 'merge') return 'git-merge';
	if (file.action === 'delete') return 'trash';
	return file.action === 'create' ? 'new-file' : 'discard';
}

/** What happens to the file, where it is not simply put back, and why. */
function noteOf(file: RewindFile): string {
	return [actionText(file), file.note].filter((part) => part !== '').join(' ');
}

function actionText(file: RewindFile): string {
	switch (file.status) {
		case 'blocked':
			return 'Stays as it is.';
		case 'conflict':
			return file.note === '' ? 'You changed it too. It stays as it is.' : '';
		case 'merge':
			return 'Your own changes are kept.';
		case 'ok':
			return OK_TEXTS[file.action];
		default:
			return assertNever(file.status);
	}
}

const OK_TEXTS: Readonly<Record<RewindFile['action'], string>> = {
	restore: '',
	delete: 'Is removed: Retrace created it.',
	create: 'Is created again.',
	none: '',
};

function isChecked(target: EventTarget | null): boolean {
	return target !== null && 'checked' in target && target.checked === true;
}
