/** The rows of the list of context items: sorted, filtered, under headings, and what each is called. Pure. */
import { plural } from '../../src/base/text.ts';
import type { ContextOp, PanelContextItem } from '../../src/protocol/contextItems.ts';

export type SortBy = 'order' | 'size';

export type GroupRow = { readonly kind: 'group'; readonly label: string; readonly tokens: number };
export type ItemRow = { readonly kind: 'item'; readonly item: PanelContextItem; readonly position: number };
export type ListRow = GroupRow | ItemRow;

/** Headings stand in the order of sending only: by size the items of all turns are mixed. Every word of the filter must match. */
export function listRows(items: readonly PanelContextItem[], sort: SortBy, filter: string): readonly ListRow[] {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const shown = words.length === 0 ? items : items.filter((item) => matches(item, words));
	if (sort === 'size')
		return shown
			.toSorted((a, b) => b.tokens - a.tokens)
			.map((item, index) => ({ kind: 'item', item, position: index + 1 }));
	const rows: ListRow[] = [];
	let group: { kind: 'group'; label: string; tokens: number } | undefined;
	shown.forEach((item, index) => {
		const label = groupOf(item);
		if (group?.label !== label) {
			group = { kind: 'group', label, tokens: 0 };
			rows.push(group);
		}
		group.tokens += item.tokens;
		rows.push({ kind: 'item', item, position: index + 1 });
	});
	return rows;
}

function matches(item: PanelContextItem, words: readonly string[]): boolean {
	const text = `${item.label} ${KIND_NAMES[item.kind]} ${metaOf(item, true).join(' ')}`.toLowerCase();
	return words.every((word) => text.includes(word));
}

function groupOf({ kind, turnsAgo }: PanelContextItem): string {
	switch (kind) {
		case 'tools':
			return 'Tools';
		case 'system':
			return 'System prompt';
		case 'environment':
		case 'memory':
			return 'Project context';
		default:
			return ageOf(turnsAgo);
	}
}

/** The frozen start of every request: as old as the session, and worth everything. */
export const isStart = (kind: PanelContextItem['kind']) =>
	kind === 'tools' || kind === 'system' || kind === 'environment' || kind === 'memory';

export const ageOf = (turnsAgo: number) => (turnsAgo === 0 ? 'Newest turn' : `${plural(turnsAgo, 'turn')} ago`);

const KIND_NAMES: Readonly<Record<PanelContextItem['kind'], string>> = {
	tools: 'Tool',
	system: 'Section',
	environment: 'Facts about the machine',
	memory: 'Memory file',
	prompt: 'Message',
	attachment: 'Attachment',
	reply: 'Reply',
	thinking: 'Thinking',
	toolResult: 'Call and result',
	image: 'Image',
	reminder: 'Reminder',
	summary: 'Summary',
	restored: 'Kept beside the summary',
	fact: 'Facts',
};

/** What is said of an item beside its name, the most important first. Under a heading its age is said already, and so is what a start is. */
export function metaOf(item: PanelContextItem, isWhole: boolean): readonly string[] {
	const { kind, turnsAgo, state, isPinned, isSuperseded, stale } = item;
	return [
		...(isPinned ? ['pinned'] : []),
		...(state === 'whole' ? [] : [state]),
		...(stale === null ? [] : [stale === 'gone' ? 'file is gone' : 'stale on disk']),
		...(isSuperseded ? ['superseded'] : []),
		...(isWhole || !isStart(kind) ? [KIND_NAMES[kind]] : []),
		...(isWhole && !isStart(kind) ? [ageOf(turnsAgo).toLowerCase()] : []),
	];
}

/** Badges are worth a colour, the rest is quiet. */
export const isBadge = (word: string): boolean =>
	['pinned', 'folded', 'dropped', 'stale on disk', 'file is gone', 'superseded'].includes(word);

export const ICONS: Readonly<Record<PanelContextItem['kind'], string>> = {
	tools: 'tools',
	system: 'settings-gear',
	environment: 'device-desktop',
	memory: 'book',
	prompt: 'account',
	attachment: 'link',
	reply: 'comment',
	thinking: 'lightbulb',
	toolResult: 'output',
	image: 'file-media',
	reminder: 'info',
	summary: 'fold',
	restored: 'history',
	fact: 'bookmark',
};

/** The ids among `items` that take this operation. */
export const idsFor = (items: readonly PanelContextItem[], op: ContextOp): readonly string[] =>
	items.filter(({ ops }) => ops.includes(op)).map(({ id }) => id);

/** `Read src/area.ts`, or `3 items, 12,300 tokens`. */
export function nameOfAll(items: readonly PanelContextItem[]): string {
	const [first] = items;
	if (!first) return 'Nothing is chosen';
	if (items.length === 1) return first.label;
	const tokens = items.reduce((sum, item) => sum + item.tokens, 0);
	return `${plural(items.length, 'item')}, ${plural(tokens, 'token')}`;
}
