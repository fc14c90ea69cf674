/**
 * Making room without a model: what of a branch is left out, what of that part stays word for word, and the note that says so. Pure plans; how
 * each is measured and applied is the same for all. `summarize` is not here: its text comes from a model.
 */
import type { EntryId } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import { activeCompactions, replacedEntries } from '../session/compaction.ts';
import type { ContextStrategy } from '../session/compactionFields.ts';
import { isBlobRef, isTextBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { CompactionRange } from './compactionRange.ts';
import type { ContextRef } from './contextEdits.ts';
import type { ContextItem } from './contextItems.ts';

export type RoomPlan = {
	readonly strategy: ContextStrategy;
	readonly range: CompactionRange;
	readonly note: string;
	/** Parts of the range that stay, in the order of the conversation. */
	readonly kept: readonly ContextRef[];
	/** Good when the context is below this share of the line with it. */
	readonly maxShare: number;
};

export type RoomInput = {
	/** What may be left out ends with it. */
	readonly branch: readonly Entry[];
	readonly rollingWindowTurns: number;
	/** The context item by item, and how much of it there may be; for `selective` only. */
	readonly items: readonly ContextItem[];
	readonly targetTokens: number;
};

/** What such a part is called beside the note. */
export const KEPT = 'kept';
export const DEFAULT_WINDOW_TURNS = 10;
/** When fewer turns fit than the user wants, room for some more is made at once: each time costs the cache. */
const SPARE_SHARE = 0.7;
/** What is being worked on is never chosen from. */
const NEWEST_TURNS = 2;
/** Of what could stay: each plan keeps less than the one before. */
const KEPT_SHARES = [1, 0.6, 0.3, 0];
/** A block of its own for each: more would be crumbs. */
const MAX_KEPT = 150;
const CHOSEN_KINDS: ReadonlySet<string> = new Set([
	'prompt',
	'attachment',
	'reply',
	'toolResult',
	'image',
	'restored',
	'summary',
]);
const MAX_NAMED = 12;
const MAX_NAME_CHARS = 100;

/** Plans in the order in which they are to be tried, the one that keeps most first. None when nothing can be left out. */
export function roomPlans(strategy: Exclude<ContextStrategy, 'summarize'>, input: RoomInput): Iterable<RoomPlan> {
	return strategy === 'rollingWindow' ? rollingWindow(input) : selective(input);
}

function* rollingWindow({ branch, rollingWindowTurns }: RoomInput): Generator<RoomPlan> {
	const replaced = replacedEntries(branch);
	for (let turns = rollingWindowTurns; turns >= 0; turns--) {
		// At last the newest turn alone, however little room that leaves.
		const cut = cutBefore(branch, Math.max(1, turns), replaced);
		const maxShare = turns === rollingWindowTurns || turns === 0 ? 1 : SPARE_SHARE;
		if (cut)
			yield {
				strategy: 'rollingWindow',
				range: cut.range,
				note: noteOf(branch, cut.at, [], replaced),
				kept: [],
				maxShare,
			};
	}
}

function* selective({ branch, items, targetTokens }: RoomInput): Generator<RoomPlan> {
	const replaced = replacedEntries(branch);
	const byId = new Map(branch.map((entry) => [entry.id, entry]));
	const compactions = activeCompactions(branch).map(({ entry }) => entry.id);
	for (const turns of [NEWEST_TURNS, 1]) {
		const cut = cutBefore(branch, turns, replaced);
		if (!cut) continue;
		const older = new Set([...branch.slice(0, cut.at).map(({ id }) => id), ...compactions]);
		const isOlder = ({ entry }: ContextItem) => entry !== undefined && older.has(entry);
		const behind = items.reduce((sum, item) => sum + (isOlder(item) ? 0 : item.tokens), 0);
		const free = Math.max(0, targetTokens - behind);
		const candidates = items.filter((item) => isOlder(item) && isChoosable(item, byId));
		for (const share of KEPT_SHARES) {
			const kept = mostImportant(candidates, free * share);
			yield {
				strategy: 'selective',
				range: cut.range,
				note: noteOf(branch, cut.at, kept, replaced),
				kept: kept.flatMap(({ ref }) => ref ?? []),
				maxShare: share === 0 ? 1 : SPARE_SHARE,
			};
		}
	}
}

/** What is pinned stays by itself, and so does what every compaction brings back; a note of our own is made anew. */
function isChoosable(item: ContextItem, byId: ReadonlyMap<EntryId, Entry>): boolean {
	const { ref } = item;
	if (!ref || !CHOSEN_KINDS.has(item.kind) || item.isPinned || item.state === 'dropped') return false;
	const entry = byId.get(ref.entry);
	if (entry?.type !== 'compaction') return true;
	if (ref.block === undefined) return (entry.strategy ?? 'summarize') === 'summarize';
	// The summary is the first block of what is sent.
	return entry.restored[ref.block - 1]?.what === KEPT;
}

/** As many as fit, by importance; those of the same, the newer first. In the order of the conversation. */
function mostImportant(candidates: readonly ContextItem[], tokens: number): readonly ContextItem[] {
	const ranked = candidates
		.map((item, index) => ({ item, index }))
		.sort((left, right) => right.item.importance - left.item.importance || right.index - left.index);
	const kept: { readonly item: ContextItem; readonly index: number }[] = [];
	let left = tokens;
	for (const one of ranked) {
		if (kept.length === MAX_KEPT) break;
		const own = one.item.tokens - (one.item.callTokens ?? 0);
		if (own > left) continue;
		left -= own;
		kept.push(one);
	}
	return kept.sort((one, other) => one.index - other.index).map(({ item }) => item);
}

/** Everything before the last `turns` prompts. Undefined when there are no more than these. */
function cutBefore(
	branch: readonly Entry[],
	turns: number,
	replaced: ReadonlyMap<EntryId, EntryId>,
): { readonly at: number; readonly range: CompactionRange } | undefined {
	const prompts = branch.flatMap((entry, at) => (entry.type === 'user' && !replaced.has(entry.id) ? [at] : []));
	const at = prompts.at(-turns) ?? 0;
	const until = branch[at - 1];
	// With no prompt before it, there is at most an earlier note: nothing would be won.
	if (!until || prompts.length <= turns) return undefined;
	return { at, range: { after: null, until: until.id } };
}

function noteOf(
	branch: readonly Entry[],
	at: number,
	kept: readonly ContextItem[],
	replaced: ReadonlyMap<EntryId, EntryId>,
): string {
	const here = new Set(kept.flatMap(({ entry }) => entry ?? []));
	const prompts = branch
		.slice(0, at)
		.filter(
			(entry): entry is EntryOf<'user'> => entry.type === 'user' && !replaced.has(entry.id) && !here.has(entry.id),
		);
	const names = prompts.slice(-MAX_NAMED).map((prompt) => `- ${headOf(prompt)}`);
	const more = prompts.length - names.length;
	const parts = [
		kept.length > 0
			? 'The older part of this conversation was left out to make room, except for what follows here word for word.'
			: 'The older part of this conversation was left out to make room. The newest part follows as it was.',
		'What was left out is not lost: find words of it with the Recall tool, and read files again where you need them.',
	];
	if (names.length > 0)
		parts.push(
			`Among what was left out are these messages of the user${more > 0 ? `, and ${more} before them` : ''}:\n${names.join('\n')}`,
		);
	return parts.join('\n\n');
}

function headOf({ content }: EntryOf<'user'>): string {
	const block = content[0];
	const text =
		block === undefined ? '' : isBlobRef(block) ? '(a long message)' : isTextBlock(block) ? block.text : '(an image)';
	const line = text.trim().replaceAll(/\s+/g, ' ');
	return line.length > MAX_NAME_CHARS ? `${cutText(line, MAX_NAME_CHARS)}…` : line;
}
