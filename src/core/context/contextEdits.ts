/**
 * What the `contextEdit` entries of a branch make of its other entries: what stands in the place of folded and dropped parts, what is pinned,
 * and which thinking is left out because its past was changed. Pure; the request and the meter both ask here, so they cannot disagree.
 */
import type { EntryId } from '../../base/ids.ts';
import { replacedEntries } from '../session/compaction.ts';
import {
	type AssistantBlock,
	isTextBlock,
	isThinkingBlock,
	type StoredInputBlock,
	type TextBlock,
} from '../session/content.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';

export type ContextEditItem = EntryFields<'contextEdit'>['edits'][number];
export type ContextRef = ContextEditItem['ref'];

/** What stands in the place of a part. */
type Replacement = {
	readonly state: 'folded' | 'dropped';
	/** Empty: nothing does. */
	readonly text: string;
};
type EditsOfEntry = { readonly whole: Replacement | undefined; readonly blocks: ReadonlyMap<number, Replacement> };

export type ActiveEdits = {
	/** By entry; entries that stand as they are have none. */
	readonly replaced: ReadonlyMap<EntryId, EditsOfEntry>;
	/** In the order in which they were pinned. */
	readonly pins: readonly ContextRef[];
	/** Assistant entries whose thinking is not sent. */
	readonly strippedThinking: ReadonlySet<EntryId>;
	/** Undefined when this part stands as it is. */
	replacementOf(ref: ContextRef): Replacement | undefined;
	isPinned(ref: ContextRef): boolean;
};

/** For an edit that says nothing itself: a prompt or a result cannot vanish without leaving something. Part of render 1. */
const TAKEN_OUT = '[This was taken out of the context.]';

const known = new WeakMap<readonly Entry[], ActiveEdits>();

/**
 * The edits that count at the end of `branch`, in branch order, the last one per ref. A ref to what is not on the branch before its edit, or to
 * what a compaction replaced, counts nothing, and so does one half of a tool pair.
 */
export function activeEdits(branch: readonly Entry[]): ActiveEdits {
	let edits = known.get(branch);
	if (!edits) {
		edits = branch.some((entry) => entry.type === 'contextEdit' || hasPins(entry)) ? collect(branch) : NO_EDITS;
		known.set(branch, edits);
	}
	return edits;
}

/** Whether two refs name the same part. */
export const isSameRef = (left: ContextRef, right: ContextRef): boolean => keyOf(left) === keyOf(right);

/** Content of the user's side as it is sent; of a compaction, the summary and what stands beside it. */
export function editedContent(
	entry: EntryOf<'user' | 'attachment' | 'toolResult' | 'compaction'>,
	edits: ActiveEdits,
): readonly StoredInputBlock[] {
	const content = contentOf(entry);
	const of = edits.replaced.get(entry.id);
	if (!of) return content;
	if (of.whole) return [note(of.whole.text)];
	return content.flatMap((block, index): readonly StoredInputBlock[] => {
		const replacement = of.blocks.get(index);
		if (!replacement) return [block];
		return replacement.text === '' ? [] : [note(replacement.text)];
	});
}

/** Undefined when it is not sent. */
export function editedReminder(entry: EntryOf<'reminder'>, edits: ActiveEdits): string | undefined {
	const text = edits.replaced.get(entry.id)?.whole?.text ?? entry.text;
	return text.trim() === '' ? undefined : text;
}

/** The blocks of one reply as they are sent, `entries` in their order. A reply never becomes empty by edits: a note stands for it then. */
export function editedReply(
	entries: readonly EntryOf<'assistant'>[],
	edits: ActiveEdits,
	blockOf: (entry: EntryOf<'assistant'>) => AssistantBlock,
): readonly AssistantBlock[] {
	const blocks: AssistantBlock[] = [];
	let isShortened = false;
	for (const entry of entries) {
		const block = blockOf(entry);
		const replacement = edits.replaced.get(entry.id)?.whole;
		if (isThinkingBlock(block) && edits.strippedThinking.has(entry.id)) isShortened = true;
		else if (!replacement) blocks.push(block);
		else if (replacement.text === '') isShortened = true;
		else blocks.push(note(replacement.text));
	}
	// Without it the message before and the one after would become one, as if the turn had never ended.
	if (isShortened && blocks.every(isThinkingBlock)) blocks.push(note(TAKEN_OUT));
	return blocks;
}

/** Whether this part can be folded or dropped at all. A call without its result cannot, nor thinking; a summary can only be folded. */
export function isEditable(entry: Entry, op: 'fold' | 'drop', { block, toolUseId }: ContextRef): boolean {
	switch (entry.type) {
		case 'user':
		case 'attachment':
			return block === undefined || block < entry.content.length;
		case 'toolResult':
			if (toolUseId !== undefined && toolUseId !== entry.toolUseId) return false;
			return block === undefined || block < entry.content.length;
		case 'compaction':
			return block === undefined || block === 0 ? op === 'fold' : block <= entry.restored.length;
		case 'reminder':
			return block === undefined;
		case 'assistant':
			return block === undefined && isTextBlock(entry.block);
		default:
			return false;
	}
}

/** Whether it is gone without a word when it is dropped; a summary itself never is. */
export const leavesNothing = ({ type }: Entry): boolean =>
	type === 'reminder' || type === 'assistant' || type === 'compaction';

function collect(branch: readonly Entry[]): ActiveEdits {
	const positions = positionsOfRefs(branch);
	const gone = replacedEntries(branch);
	const replacements = new Map<string, { readonly ref: ContextRef; readonly replacement: Replacement }>();
	const pins = new Map<string, ContextRef>();
	/** Where the thinking that each contextEdit strips begins. */
	const stripsFrom = new Map<number, number>();
	branch.forEach((edit, at) => {
		// What was pinned before a compaction is pinned beside it, until it is unpinned there.
		if (hasPins(edit) && !gone.has(edit.id)) for (const ref of pinsOf(edit)) pins.set(keyOf(ref), ref);
		if (edit.type !== 'contextEdit') return;
		for (const { ref, op, text } of edit.edits) {
			const position = positions.get(ref.entry);
			const entry = position === undefined ? undefined : branch[position];
			if (position === undefined || !entry || position >= at || gone.has(ref.entry)) continue;
			const key = keyOf(ref);
			if (op === 'stripThinking') stripsFrom.set(at, Math.min(stripsFrom.get(at) ?? position, position));
			else if (op === 'pin') pins.set(key, ref);
			else if (op === 'unpin') pins.delete(key);
			else if (op === 'unfold') replacements.delete(key);
			else if (isEditable(entry, op, ref)) {
				const state = op === 'fold' ? 'folded' : 'dropped';
				replacements.set(key, { ref, replacement: { state, text: replacementText(entry, op, text) } });
			}
		}
	});
	return made(byEntry(replacements.values()), [...pins.values()], stripped(branch, stripsFrom));
}

/** Of the entries that an edit names; the others need not be looked up. */
function positionsOfRefs(branch: readonly Entry[]): ReadonlyMap<EntryId, number> {
	const named = new Set<EntryId>();
	for (const edit of branch) if (edit.type === 'contextEdit') for (const { ref } of edit.edits) named.add(ref.entry);
	const positions = new Map<EntryId, number>();
	branch.forEach(({ id }, position) => {
		if (named.has(id)) positions.set(id, position);
	});
	return positions;
}

function made(
	replaced: ActiveEdits['replaced'],
	pins: readonly ContextRef[],
	strippedThinking: ReadonlySet<EntryId>,
): ActiveEdits {
	const pinned = new Set(pins.map(keyOf));
	return {
		replaced,
		pins,
		strippedThinking,
		replacementOf({ entry, block }) {
			const of = replaced.get(entry);
			return block === undefined ? of?.whole : of?.blocks.get(block);
		},
		isPinned: (ref) => pinned.has(keyOf(ref)),
	};
}

const hasPins = (entry: Entry): entry is EntryOf<'compaction'> => entry.type === 'compaction' && entry.pins.length > 0;

const pinsOf = ({ id, restored }: EntryOf<'compaction'>): readonly ContextRef[] =>
	restored.flatMap(({ what }, index) => (what === 'pin' ? [{ entry: id, block: index + 1 }] : []));

/** The id of the call only says which pair is meant: a result is an entry of its own. */
function keyOf({ entry, block }: ContextRef): string {
	return block === undefined ? entry : `${entry} ${block}`;
}

/** Everything stands as it is. */
export const NO_EDITS = made(new Map(), [], new Set());

function contentOf(entry: EntryOf<'user' | 'attachment' | 'toolResult' | 'compaction'>): readonly StoredInputBlock[] {
	if (entry.type !== 'compaction') return entry.content;
	return [note(entry.summary), ...entry.restored.map(({ content }) => content)];
}

/** What stands in the place of an edited part. */
function replacementText(entry: Entry, op: 'fold' | 'drop', text: string | undefined): string {
	const said = text?.trim() ? text : TAKEN_OUT;
	return op === 'drop' && leavesNothing(entry) ? '' : said;
}

const note = (text: string): TextBlock => ({ type: 'text', text });

function byEntry(
	replacements: Iterable<{ readonly ref: ContextRef; readonly replacement: Replacement }>,
): ReadonlyMap<EntryId, EditsOfEntry> {
	const byId = new Map<EntryId, { whole: Replacement | undefined; blocks: Map<number, Replacement> }>();
	for (const { ref, replacement } of replacements) {
		const of = byId.get(ref.entry) ?? { whole: undefined, blocks: new Map() };
		if (ref.block === undefined) of.whole = replacement;
		else of.blocks.set(ref.block, replacement);
		byId.set(ref.entry, of);
	}
	return byId;
}

/** Thinking behind what an edit changed and before that edit. What is thought later is bound to the edited past, and stays. */
function stripped(branch: readonly Entry[], stripsFrom: ReadonlyMap<number, number>): ReadonlySet<EntryId> {
	const ids = new Set<EntryId>();
	let from = Number.POSITIVE_INFINITY;
	for (let position = branch.length - 1; position >= 0; position--) {
		from = Math.min(from, stripsFrom.get(position) ?? from);
		const entry = branch[position];
		if (position > from && entry?.type === 'assistant' && isThinkingBlock(entry.block)) ids.add(entry.id);
	}
	return ids;
}
