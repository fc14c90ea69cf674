/** The views around the input: queue, attachment chips, slash list, pickers. Pure functions of what they are given. */
import { live } from 'lit/directives/live.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { type PromptAttachment, permissionModeSchema } from '../src/protocol/toHost.ts';
import type { PanelHead } from '../src/protocol/toPanel.ts';
import { firstLine, shortSize } from './format.ts';
import type { SlashCommand } from './slashCommands.ts';
import { controlValue, icon, iconButton } from './views/parts.ts';
import type { Post } from './views/viewTypes.ts';

type View = TemplateResult | typeof nothing;

const MODES = {
	plan: { label: 'Plan', detail: 'Read-only: nothing is changed or run' },
	ask: { label: 'Ask', detail: 'Every edit is a diff first; commands ask' },
	acceptEdits: { label: 'Accept edits', detail: 'Edits are applied and reviewed after; commands ask' },
	auto: { label: 'Auto', detail: 'Nothing asks, except for protected paths' },
} as const;

export function queueList(head: PanelHead, post: Post): View {
	if (head.queue.length === 0) return nothing;
	const act = (id: string, action: 'edit' | 'moveUp' | 'sendNow' | 'drop') => () =>
		post({ kind: 'queue.change', id, action });
	return html`<ul class="queue" aria-label="Queued messages">
		${head.queue.map(
			(queued, index) =>
				html`<li>
					${icon('comment')}<span class="queue-text" title=${queued.text}>${firstLine(queued.text, 120)}</span>
					${index === 0 ? nothing : iconButton({ name: 'Move up', icon: 'arrow-up', hint: 'Move up: send it earlier', onClick: act(queued.id, 'moveUp') })}
					${iconButton({ name: 'Edit', icon: 'edit', hint: 'Edit: back into the input', onClick: act(queued.id, 'edit') })}
					${iconButton({ name: 'Send now', icon: 'run', hint: 'Send now: stop this turn first', onClick: act(queued.id, 'sendNow') })}
					${iconButton({ name: 'Drop', icon: 'close', hint: 'Drop: do not send', onClick: act(queued.id, 'drop') })}
				</li>`,
		)}
	</ul>`;
}

export function attachmentChips(attachments: readonly PromptAttachment[], onRemove: (index: number) => void): View {
	if (attachments.length === 0) return nothing;
	return html`<ul class="chips" aria-label="Attachments">
		${attachments.map((attachment, index) => {
			const { name, size } = describeAttachment(attachment);
			return html`<li class="chip">
				${icon(attachment.kind === 'image' ? 'file-media' : 'file')}<span class="chip-name">${name}</span
				>${size === '' ? nothing : html`<span class="quiet">${size}</span>`}
				<button type="button" class="plain-icon" aria-label="Remove ${name}" title="Remove" @click=${() => onRemove(index)}>${icon('close')}</button>
			</li>`;
		})}
	</ul>`;
}

/** What the input is for while its line begins with `#`, and what goes behind a slash command. */
export function inputMode(isNote: boolean, called: SlashCommand | undefined): TemplateResult {
	// Without white space, so that the style sees that it is empty.
	const words = html`${icon('book')}<span>Memory: Enter keeps this line</span>`;
	const about =
		called &&
		html`${icon('terminal')}<span>/${called.name} ${called.hint}${called.detail === '' ? nothing : `: ${called.detail}`}</span>`;
	return html`<div class="input-mode" role="status">${isNote ? words : (about ?? nothing)}</div>`;
}

const ORIGINS = { project: 'project', user: 'yours', skill: 'skill', mcp: 'MCP' } as const;

export function slashList(
	commands: readonly SlashCommand[],
	active: SlashCommand | undefined,
	onChoose: (command: SlashCommand) => void,
): View {
	if (commands.length === 0) return nothing;
	return html`<ul class="slash" id="slash-list" role="listbox" aria-label="Commands" tabindex="0">
		${commands.map(
			(command) =>
				html`<li
					role="option"
					id="slash-${command.name}"
					aria-selected=${command === active ? 'true' : 'false'}
					title=${command.detail === '' ? nothing : command.detail}
					@mousedown=${(event: MouseEvent) => {
						// The input keeps the focus.
						event.preventDefault();
						onChoose(command);
					}}
				>
					<span class="slash-name">/${command.name}${command.hint ? html` <span class="slash-hint">${command.hint}</span>` : nothing}</span
					><span class="slash-detail">${command.detail}</span>${command.origin === undefined ? nothing : html`<span class="slash-origin">${ORIGINS[command.origin]}</span>`}
				</li>`,
		)}
	</ul>`;
}

export function pickers(head: PanelHead, post: Post): TemplateResult {
	const models = head.models.some((choice) => choice.id === head.model)
		? head.models
		: [{ id: head.model, label: head.model, detail: '' }, ...head.models];
	return html`<span class="picker">
			<select
				aria-label="Mode"
				title="Mode: ${MODES[head.mode].detail}"
				?disabled=${head.readOnlyReason !== null}
				.value=${live(head.mode)}
				@change=${(event: Event) => {
					const mode = permissionModeSchema.safeParse(controlValue(event));
					if (mode.success) post({ kind: 'mode.set', mode: mode.data });
				}}
			>
				${permissionModeSchema.options.map((mode) => html`<option value=${mode} title=${MODES[mode].detail} ?selected=${mode === head.mode}>${MODES[mode].label}</option>`)}
			</select>
			${icon('chevron-down')}</span
		><span class="picker is-model">
			<select
				aria-label="Model"
				title="${head.isDemo ? 'Replies come from the built-in offline demo model' : `Model, from ${head.provider}`}"
				?disabled=${head.readOnlyReason !== null}
				.value=${live(head.model)}
				@change=${(event: Event) => post({ kind: 'model.set', model: controlValue(event) })}
			>
				${models.map((choice) => html`<option value=${choice.id} title=${choice.detail} ?selected=${choice.id === head.model}>${choice.label}</option>`)}
			</select>
			${icon('chevron-down')}</span
		>${tuningButton(head, post)}`;
}

function tuningButton({ tuning, readOnlyReason }: PanelHead, post: Post): View {
	if (tuning == null || readOnlyReason !== null) return nothing;
	const onClick = () => post({ kind: 'session.act', action: 'effort' });
	return iconButton({ name: tuning, icon: 'dashboard', hint: `${tuning}. Change effort and thinking`, onClick });
}

function describeAttachment(attachment: PromptAttachment): { name: string; size: string } {
	switch (attachment.kind) {
		case 'file':
			return { name: attachment.path, size: '' };
		case 'text':
			return { name: attachment.name, size: `${attachment.text.length.toLocaleString('en-US')} characters` };
		case 'image':
			return { name: attachment.name, size: shortSize(Math.floor((attachment.base64.length * 3) / 4)) };
		default:
			return attachment satisfies never;
	}
}
