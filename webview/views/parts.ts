/** Small pieces that many views share: icons, buttons, a line of a card. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../src/base/text.ts';

export function icon(name: string): TemplateResult {
	return html`<i class="codicon codicon-${name}" aria-hidden="true"></i>`;
}

export interface IconButton {
	readonly name: string;
	readonly icon: string;
	readonly onClick: (event: Event) => void;
	readonly isDisabled?: boolean;
	/** Longer than the name, for the tooltip. */
	readonly hint?: string;
}

export function iconButton(button: IconButton): TemplateResult {
	return html`<vscode-button
		appearance="icon"
		aria-label=${button.name}
		title=${button.hint ?? button.name}
		?disabled=${button.isDisabled ?? false}
		@click=${button.onClick}
		>${icon(button.icon)}</vscode-button
	>`;
}

export interface TextButton {
	readonly label: string;
	readonly onClick: (event: Event) => void;
	readonly look: 'primary' | 'secondary';
	readonly hint?: string;
	readonly isDisabled?: boolean;
}

export function textButton(button: TextButton): TemplateResult {
	return html`<vscode-button
		appearance=${button.look}
		title=${button.hint ?? nothing}
		?disabled=${button.isDisabled ?? false}
		@click=${button.onClick}
		>${button.label}</vscode-button
	>`;
}

/** `+12 −3`, spoken as words. */
export function lineCounts(addedLines: number, removedLines: number): TemplateResult {
	return html`<span class="counts" title="${plural(addedLines, 'line')} added, ${removedLines} removed"
		><span class="sr-only">${plural(addedLines, 'line')} added, ${removedLines} removed</span
		><span class="added" aria-hidden="true">+${addedLines}</span> <span class="removed" aria-hidden="true">−${removedLines}</span></span
	>`;
}

/** The value of the control that an event was listened on; empty when it has none. */
export function controlValue(event: Event): string {
	const target = event.currentTarget;
	return target !== null && 'value' in target && typeof target.value === 'string' ? target.value : '';
}
