/**
 * The preview list of the dialog `Rewind`: files in groups, each with a tick box and, opened, its hunks. Thousands of files are shown by
 * folder and in pages. It holds what is open and nothing of the choice.
 */
import { repeat } from 'lit/directives/repeat.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../src/base/text.ts';
import type { RewindFile } from '../../src/protocol/toPanel.ts';
import type { RewindFileDetail, RewindPlan } from '../panelState.ts';
import { icon, lineCounts } from '../views/parts.ts';
import type { Post } from '../views/viewTypes.ts';
import { type FolderNode, nodesBelow, type TreeNode } from './fileTree.ts';
import { moveFocus } from './moveFocus.ts';
import {
	type FileGroup,
	groupOf,
	type Moves,
	movesOf,
	type RewindChoice,
	tickFiles,
	tickOfAll,
	withMoved,
} from './rewindChoice.ts';
import { rewindHunks } from './rewindHunks.ts';
import { actionOf, noteOf, tickName } from './rewindTexts.ts';
import { tickBox } from './tickBox.ts';

/** With more, a group is shown by folder. */
const FLAT_FILES = 300;
/** So many rows at a time. */
const PAGE_ROWS = 100;

const GROUPS: readonly { readonly group: FileGroup; readonly title: string; readonly hint: string }[] = [
	{ group: 'restored', title: 'Will be restored', hint: '' },
	{
		group: 'conflict',
		title: 'Conflicts',
		hint: 'You changed these too. They stay as they are unless ticked, and can be merged after the rewind.',
	},
	{
		group: 'unknown',
		title: 'Changed by an unknown author',
		hint: 'These changed while a command ran: it may have been the command or you. They stay as they are unless ticked.',
	},
	{ group: 'blocked', title: 'Cannot be restored', hint: '' },
];

export type FilesView = {
	readonly plan: RewindPlan;
	readonly details: ReadonlyMap<string, RewindFileDetail>;
	readonly choice: RewindChoice;
};

export interface RewindFiles {
	/** Another plan is shown: nothing is open in it. */
	reset(plan: RewindPlan): void;
	view(files: FilesView): TemplateResult;
}

export function createRewindFiles(world: {
	readonly post: Post;
	readonly choose: (choice: RewindChoice) => void;
	readonly requestRender: () => void;
}): RewindFiles {
	const { post, choose, requestRender } = world;
	let groups: ReadonlyMap<FileGroup, readonly RewindFile[]> = new Map();
	let opened = new Set<string>();
	/** Pages shown of each list, when more than one. */
	let pages = new Map<string, number>();
	let nodes = new Map<string, readonly TreeNode[]>();
	let moves: Moves = new Map();

	function toggle(id: string): boolean {
		const isOpen = !opened.delete(id);
		if (isOpen) opened.add(id);
		requestRender();
		return isOpen;
	}

	function groupView(group: (typeof GROUPS)[number], files: readonly RewindFile[], shown: FilesView): TemplateResult {
		const { title, hint } = group;
		const isFixed = group.group === 'blocked';
		const id = `rewind-group-${group.group}`;
		return html`<section class="file-group is-${group.group}" aria-labelledby=${id}>
			<div class="group-head">
				${
					isFixed
						? html`<span class="tick-space">${icon('circle-slash')}</span>`
						: tickBox({
								name: `All files: ${title}`,
								tick: tickOfAll(shown.choice, withMoved(files, moves)),
								onTick: (isTicked) => choose(tickFiles(shown.choice, withMoved(files, moves), isTicked)),
							})
				}
				<h3 id=${id}>${title}</h3>
				<span class="quiet">${files.length.toLocaleString('en-US')}<span class="sr-only"> ${files.length === 1 ? 'file' : 'files'}</span></span>
			</div>
			${hint === '' ? nothing : html`<p class="group-hint">${hint}</p>`}
			${
				files.length > FLAT_FILES
					? listView(group.group, '', below(group.group, '', files), shown, title)
					: listView(
							group.group,
							'',
							files.map((file) => ({ kind: 'file', file })),
							shown,
							title,
						)
			}
		</section>`;
	}

	function below(group: string, prefix: string, files: readonly RewindFile[]): readonly TreeNode[] {
		const id = `${group}:${prefix}`;
		const known = nodes.get(id) ?? nodesBelow(files, prefix);
		nodes.set(id, known);
		return known;
	}

	function listView(
		group: FileGroup,
		prefix: string,
		list: readonly TreeNode[],
		shown: FilesView,
		name: string,
	): TemplateResult {
		const id = `${group}:${prefix}`;
		const rows = list.slice(0, (pages.get(id) ?? 1) * PAGE_ROWS);
		const rest = list.length - rows.length;
		return html`<ul class="files" aria-label=${name} @keydown=${moveFocus}>
				${repeat(
					rows,
					(node) => (node.kind === 'file' ? node.file.key : node.path),
					(node) => (node.kind === 'file' ? fileRow(node.file, prefix, shown) : folderRow(group, node, shown)),
				)}
			</ul>
			${
				rest > 0
					? html`<p class="more-files"><button type="button" class="link" @click=${() => {
							pages.set(id, (pages.get(id) ?? 1) + 1);
							requestRender();
						}}>Show ${Math.min(rest, PAGE_ROWS)} more of ${rest.toLocaleString('en-US')}</button></p>`
					: nothing
			}`;
	}

	function folderRow(group: FileGroup, node: FolderNode, shown: FilesView): TemplateResult {
		const id = `${group}:${node.path}`;
		const isOpen = opened.has(id);
		const count = plural(node.files.length, 'file');
		return html`<li class="file is-folder">
			<div class="file-line">
				${
					group === 'blocked'
						? html`<span class="tick-space"></span>`
						: tickBox({
								name: `${node.path}, ${count}`,
								tick: tickOfAll(shown.choice, withMoved(node.files, moves)),
								onTick: (isTicked) => choose(tickFiles(shown.choice, withMoved(node.files, moves), isTicked)),
							})
				}
				<button type="button" class="file-open" data-row-button aria-expanded=${isOpen ? 'true' : 'false'} title=${node.path} @click=${() => toggle(id)}>
					${icon(isOpen ? 'chevron-down' : 'chevron-right')}
					<span class="path"><bdi>${node.name}</bdi></span>
					<span class="quiet">${node.files.length.toLocaleString('en-US')}</span>
					${lineCounts(node.addedLines, node.removedLines)}
				</button>
			</div>
			${isOpen ? html`<div class="file-body">${listView(group, node.path, below(group, node.path, node.files), shown, node.path)}</div>` : nothing}
		</li>`;
	}

	function fileRow(file: RewindFile, prefix: string, shown: FilesView): TemplateResult {
		const isOpen = opened.has(file.key);
		const isBlocked = file.status === 'blocked';
		const source = moves.get(file.key);
		const action = actionOf(file, source);
		const note = noteOf(file);
		const open = () => {
			if (toggle(file.key) && file.hasHunks && !shown.details.has(file.key))
				post({ kind: 'rewind.expand', key: file.key });
		};
		return html`<li class="file is-${file.status}">
			<div class="file-line">
				${
					isBlocked
						? html`<span class="tick-space"></span>`
						: tickBox({
								name: tickName(file, source),
								tick: tickOfAll(shown.choice, withMoved([file], moves)),
								onTick: (isTicked) => choose(tickFiles(shown.choice, withMoved([file], moves), isTicked)),
							})
				}
				<button
					type="button"
					class="file-open"
					data-row-button
					aria-expanded=${isOpen ? 'true' : 'false'}
					title=${`${file.path}: ${action.words}`}
					@click=${open}
				>
					${icon(isOpen ? 'chevron-down' : 'chevron-right')}
					<span class="path ${action.isGone ? 'is-gone' : ''}">${prefix === '' ? nothing : html`<span class="sr-only">${prefix}</span>`}<bdi>${source === undefined ? nothing : `${source.path} → `}${file.path.slice(prefix.length)}</bdi></span>
					${action.tag === '' ? nothing : html`<span class="action-tag">${action.tag}</span>`}
					${isBlocked || source ? nothing : lineCounts(file.addedLines, file.removedLines)}
				</button>
			</div>
			${note === '' ? nothing : html`<p class="file-note">${note}</p>`}
			${isOpen ? html`<div class="file-body">${rewindHunks({ file, detail: shown.details.get(file.key), choice: shown.choice, choose, post })}</div>` : nothing}
		</li>`;
	}

	return {
		reset(plan) {
			opened = new Set();
			pages = new Map();
			nodes = new Map();
			moves = movesOf(plan.files);
			const sources = new Set([...moves.values()].map(({ key }) => key));
			const found = new Map<FileGroup, RewindFile[]>();
			for (const file of plan.files) {
				const group = groupOf(file);
				if (group === undefined || sources.has(file.key)) continue;
				const files = found.get(group);
				if (files) files.push(file);
				else found.set(group, [file]);
			}
			groups = found;
		},
		view: (shown) => {
			if (groups.size === 0) return html`<p>${icon('files')}No file has changed since.</p>`;
			return html`${GROUPS.map((one) => {
				const files = groups.get(one.group);
				return files ? groupView(one, files, shown) : nothing;
			})}`;
		},
	};
}
