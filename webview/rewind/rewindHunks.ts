/** What would change in one file of the dialog `Rewind`, hunk by hunk, each with a tick box. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { RewindFile, RewindHunk } from '../../src/protocol/toPanel.ts';
import type { RewindFileDetail } from '../panelState.ts';
import { diffLine } from '../views/editCard.ts';
import { lineCounts } from '../views/parts.ts';
import type { Post } from '../views/viewTypes.ts';
import { isHunkTicked, type RewindChoice, tickHunk } from './rewindChoice.ts';
import { tickBox } from './tickBox.ts';

type HunksView = {
	readonly file: RewindFile;
	/** Undefined until the host has answered. */
	readonly detail: RewindFileDetail | undefined;
	readonly choice: RewindChoice;
	readonly choose: (choice: RewindChoice) => void;
	readonly post: Post;
};

export function rewindHunks(view: HunksView): TemplateResult {
	const { file, detail, post } = view;
	return html`${
		!file.hasHunks
			? nothing
			: detail === undefined
				? html`<p class="quiet" role="status">Comparing…</p>`
				: html`${detail.note === '' ? nothing : html`<p class="quiet">${detail.note}</p>`}
					${detail.hunks.map((hunk, index) => hunkView(view, detail, hunk, index))}
					${detail.moreHunks > 0 ? html`<p class="quiet">${detail.moreHunks} more changes are in the diff editor.</p>` : nothing}`
	}
		<p>
			<button type="button" class="link" aria-label="Open diff of ${file.path}" @click=${() => post({ kind: 'rewind.diff', key: file.key })}>
				Open diff
			</button>
		</p>`;
}

function hunkView(
	{ file, choice, choose }: HunksView,
	detail: RewindFileDetail,
	hunk: RewindHunk,
	index: number,
): TemplateResult {
	const count = detail.hunks.length + detail.moreHunks;
	const place = placeOf(hunk);
	const isTicked = isHunkTicked(choice, file, index);
	return html`<div class="hunk ${isTicked ? '' : 'is-kept'}" role="group" aria-label=${place}>
		<div class="hunk-head">
			${tickBox({
				name: `Restore ${place.toLowerCase()} of ${file.path}`,
				tick: isTicked ? 'on' : 'off',
				onTick: (isOn) => choose(tickHunk(choice, file, { version: detail.version, hunk: index, count }, isOn)),
			})}
			<span>${place}</span>
			${isTicked ? lineCounts(hunk.addedLines, hunk.removedLines) : html`<span class="quiet">stays as it is</span>`}
		</div>
		<div class="diff" tabindex="0" role="group" aria-label="Changed lines">
			<div class="diff-lines">${hunk.lines.map(diffLine)}</div>
			${hunk.isTruncated ? html`<div class="diff-more">The rest is in the diff editor.</div>` : nothing}
		</div>
	</div>`;
}

function placeOf({ startLine, removedLines }: RewindHunk): string {
	if (removedLines === 0) return `Before line ${startLine}`;
	return removedLines === 1 ? `Line ${startLine}` : `Lines ${startLine} to ${startLine + removedLines - 1}`;
}
