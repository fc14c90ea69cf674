/**
 * The dialog `Rewind`: what to take back, what that does to each file, and what cannot be taken back. It holds the
 * choices made in it and nothing else; the plan is the host's.
 */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../src/base/text.ts';
import type { RewindScope } from '../src/protocol/toHost.ts';
import { firstLine } from './format.ts';
import type { RewindFileDetail, RewindPlan } from './panelState.ts';
import { asProposed, chosenFiles, countChosen, type RewindChoice } from './rewind/rewindChoice.ts';
import { createRewindFiles } from './rewind/rewindFiles.ts';
import { countsText } from './rewind/rewindTexts.ts';
import { controlValue, icon, textButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

export interface RewindDialog {
	/** `isRunning`: a turn runs, so the rewind stops it first. */
	view(plan: RewindPlan, details: ReadonlyMap<string, RewindFileDetail>, isRunning: boolean): TemplateResult;
}

/** The last two take nothing back: they shorten what the model is sent. */
type Scope = RewindScope | SummaryPart;
type SummaryPart = 'from' | 'upTo';
const SCOPES: readonly { readonly scope: Scope; readonly label: string }[] = [
	{ scope: 'both', label: 'Conversation and code' },
	{ scope: 'conversation', label: 'Conversation only' },
	{ scope: 'code', label: 'Code only' },
	{ scope: 'from', label: 'Summarize from here' },
	{ scope: 'upTo', label: 'Summarize up to here' },
];

const WHERE_TO: Readonly<Record<Scope, string>> = {
	both: 'To before',
	conversation: 'To before',
	code: 'To before',
	from: 'From',
	upTo: 'Up to before',
};
const SUMMARY_TEXTS: Readonly<Record<SummaryPart, string>> = {
	from: 'From this message on, the model is sent a summary instead of the messages.',
	upTo: 'Before this message, the model is sent a summary instead of the messages.',
};

export function createRewindDialog(post: Post, onClose: () => void, requestRender: () => void): RewindDialog {
	let shownPlan: RewindPlan | null = null;
	let scope: Scope = 'both';
	let choice: RewindChoice = asProposed;
	const files = createRewindFiles({
		post,
		requestRender,
		choose(chosen) {
			choice = chosen;
			requestRender();
		},
	});

	function planView(
		plan: RewindPlan,
		entryId: string,
		details: ReadonlyMap<string, RewindFileDetail>,
		isRunning: boolean,
	): TemplateResult {
		const part = scope === 'from' || scope === 'upTo' ? scope : undefined;
		const isSummary = part !== undefined;
		const hasFiles = scope === 'both' || scope === 'code';
		return html`<p class="rewind-to">${WHERE_TO[scope]} <q>${firstLine(plan.promptText, 160)}</q></p>
			<vscode-radio-group
				class="scopes"
				orientation="vertical"
				aria-label="What to take back"
				value=${scope}
				@change=${(event: Event) => {
					// The property: the attribute follows later.
					const chosen = SCOPES.find((one) => one.scope === controlValue(event))?.scope;
					if (chosen === undefined || chosen === scope) return;
					scope = chosen;
					requestRender();
				}}
			>
				${SCOPES.map(
					(choice) =>
						html`<vscode-radio value=${choice.scope} ?disabled=${isUnavailable(choice.scope, plan, entryId)}>${choice.label}</vscode-radio>`,
				)}
			</vscode-radio-group>
			${plan.codeReason === null ? nothing : html`<p class="card-note">${icon('info')}${plan.codeReason}</p>`}
			<section class="preview" aria-label="Preview">
				${part ? html`<p>${icon('fold')}${SUMMARY_TEXTS[part]} Nothing is deleted, and no file changes.</p>` : nothing}
				${scope === 'code' || isSummary ? nothing : html`<p>${icon('comment-discussion')}${plural(plan.messageCount, 'message')} ${plan.messageCount === 1 ? 'leaves' : 'leave'} the conversation. Your prompt returns to the input.</p>`}
				${scope === 'conversation' ? html`<p>${icon('files')}Files stay as they are.</p>` : nothing}
				${hasFiles ? files.view({ plan, details, choice }) : nothing}
			</section>
			${
				plan.warnings.length === 0 || !hasFiles
					? nothing
					: html`<ul class="warnings" aria-label="Cannot be taken back">${plan.warnings.map((warning) => html`<li>${icon('warning')}<span>${warning}</span></li>`)}</ul>`
			}
			<p class="quiet" role="status">
				${hasFiles && plan.files.length > 0 ? `${countsText(countChosen(choice, plan.files))} ` : ''}${isSummary ? 'It can be undone where the summary stands.' : 'Nothing is lost: the way back is kept as Undo rewind.'}
			</p>
			<footer class="dialog-buttons">
				${textButton({ label: 'Cancel', look: 'secondary', onClick: onClose })}
				${textButton({
					label: isSummary ? 'Summarize' : isRunning ? 'Stop and rewind' : 'Rewind',
					look: 'primary',
					isDisabled: isSummary && isRunning,
					onClick: () => {
						if (scope === 'from' || scope === 'upTo')
							post({ kind: 'context.compact', focus: '', part: { kind: scope, entryId } });
						else post({ kind: 'rewind.apply', entryId, scope, ...chosenFiles(choice, hasFiles ? plan.files : []) });
						onClose();
					},
				})}
			</footer>`;
	}

	return {
		view(plan, details, isRunning) {
			if (plan !== shownPlan) {
				shownPlan = plan;
				scope = plan.codeReason === null ? 'both' : 'conversation';
				choice = asProposed;
				files.reset(plan);
			}
			const entryId = plan.entryId;
			return html`<dialog class="dialog" aria-label="Rewind" @close=${onClose}>
				<header class="dialog-head">
					<h2>${entryId === null ? 'Rewind to…' : 'Rewind'}</h2>
				</header>
				<div class="dialog-body">${entryId === null ? promptList(plan, post, onClose) : planView(plan, entryId, details, isRunning)}</div>
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

function isUnavailable(scope: Scope, plan: RewindPlan, entryId: string): boolean {
	// Nothing stands before the first message.
	if (scope === 'upTo') return plan.prompts[0]?.entryId === entryId;
	return plan.codeReason !== null && (scope === 'both' || scope === 'code');
}
