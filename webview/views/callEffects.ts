/** What of a call's effects on files could not be taken back, and what it changed: a quiet line each, with the whole list behind it. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ShownChange, ShownChanges, ShownLimits } from '../../src/protocol/callEffects.ts';
import { icon, lineCounts } from './parts.ts';
import type { ViewContext } from './viewTypes.ts';

const NAMED_LIMITS = 2;

const limitsList = (id: string): string => `limits:${id}`;
const changesList = (id: string): string => `changes:${id}`;
/** The ids by which the lists of a row are open. */
export const effectLists = (id: string): readonly string[] => [limitsList(id), changesList(id)];

/** Nothing when all could be taken back. `id` names the row it belongs to. */
export function limitsLine(
	id: string,
	limits: ShownLimits | undefined,
	context: ViewContext,
): TemplateResult | typeof nothing {
	if (limits?.unavailable !== undefined)
		return html`<p class="effects-line is-unseen">${icon('warning')}<span>What it changes cannot be taken back: ${limits.unavailable}.</span></p>`;
	if (!limits || limits.items.length === 0) return nothing;
	const key = limitsList(id);
	const named = limits.items.slice(0, NAMED_LIMITS);
	const more = limits.items.length - named.length + limits.more;
	const isOpen = more > 0 && context.openRows.has(key);
	const words = isOpen ? 'Show less' : `and ${more} more`;
	return html`<div class="effects">
		<p class="effects-line">
			<span
				>Cannot be taken back if it changes them:${isOpen ? nothing : ` ${named.map(limitText).join(', ')}`}
				${more > 0 ? html`<button type="button" class="link" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(key)}>${words}</button>` : nothing}</span
			>
		</p>
		${
			isOpen
				? html`<ul class="effects-list" aria-label="Cannot be taken back">
						${limits.items.map(({ path, reason }) => html`<li><span class="effects-path" title=${path}>${path}</span><span class="quiet">${reason}</span></li>`)}
						${limits.more > 0 ? html`<li class="quiet">and ${limits.more} more</li>` : nothing}
					</ul>`
				: nothing
		}
	</div>`;
}

const limitText = ({ path, reason }: ShownLimits['items'][number]): string => `${path} (${reason})`;

export function unsavedLine(unsaved: readonly string[], save: () => void): TemplateResult {
	return html`<p class="effects-line is-unseen">
		${icon('circle-filled')}<span
			>Unsaved changes in ${listed(unsaved)} are not seen by the command.
			<button type="button" class="link" @click=${save}>Save and allow once</button></span
		>
	</p>`;
}

function listed(paths: readonly string[]): string {
	const [first = '', second = ''] = paths;
	if (paths.length === 1) return first;
	return paths.length === 2 ? `${first} and ${second}` : `${first} and ${paths.length - 1} other files`;
}

/** What a call changed, closed at first. */
export function changesLine(id: string, changes: ShownChanges, context: ViewContext): TemplateResult {
	const key = changesList(id);
	const isOpen = context.openRows.has(key);
	const more = changes.fileCount - changes.items.length;
	return html`<div class="effects">
		<button type="button" class="tool-line changes-line" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => context.toggleRow(key)}>
			${icon(isOpen ? 'chevron-down' : 'chevron-right')}
			<span class="changes-text">${filesText(changes.fileCount)} changed</span>
			${countsOf(changes)}
			${changes.lostCount > 0 ? html`<span class="lost" title="${changes.lostCount} cannot be taken back">${icon('warning')}<span>${changes.lostCount} not recorded</span></span>` : nothing}
		</button>
		${
			isOpen
				? html`<ul class="effects-list" aria-label="Changed files">
						${changes.items.map((item) => html`<li>${changeItem(id, item, context)}</li>`)}
						${more > 0 ? html`<li class="quiet">and ${more.toLocaleString('en-US')} more</li>` : nothing}
					</ul>
					${
						changes.items.filter((item) => item.hasDiff).length > 1
							? html`<div class="changes-links"><button type="button" class="link" @click=${() => context.post({ kind: 'change.open', id })}>Open all diffs</button></div>`
							: nothing
					}`
				: nothing
		}
	</div>`;
}

function changeItem(id: string, item: ShownChange, context: ViewContext): TemplateResult {
	const name = item.from === undefined ? item.path : `${item.from} → ${item.path}`;
	const text = html`<span class="op is-${item.op}" title=${OP_WORDS[item.op]}><span class="sr-only">${OP_WORDS[item.op]}</span><span aria-hidden="true">${OP_LETTERS[item.op]}</span></span>
		<span class="effects-path" title=${name}><bdi>${name}</bdi></span>${countsOf(item)}`;
	const note = item.note === '' ? nothing : html`<span class="quiet change-note">${item.note}</span>`;
	if (!item.hasDiff) return html`<span class="change">${text}</span>${note}`;
	return html`<button type="button" class="change" title="Open diff of ${name}" @click=${() => context.post({ kind: 'change.open', id, key: item.key })}>${text}</button>${note}`;
}

const OP_LETTERS: Readonly<Record<ShownChange['op'], string>> = {
	create: 'A',
	change: 'M',
	delete: 'D',
	rename: 'R',
	chmod: 'M',
};
const OP_WORDS: Readonly<Record<ShownChange['op'], string>> = {
	create: 'Added',
	change: 'Modified',
	delete: 'Deleted',
	rename: 'Renamed',
	chmod: 'Mode changed',
};

function countsOf({
	addedLines,
	removedLines,
}: Pick<ShownChanges, 'addedLines' | 'removedLines'>): TemplateResult | typeof nothing {
	if (addedLines === undefined || removedLines === undefined || addedLines + removedLines === 0) return nothing;
	return lineCounts(addedLines, removedLines);
}

const filesText = (count: number): string => `${count.toLocaleString('en-US')} file${count === 1 ? '' : 's'}`;
