/**
 * The next request as a list of items a person can tell apart, each with what it weighs and what it is worth. Follows the rules of
 * `buildContext` for what is sent; the tokens of all items add up to those of the meter. Pure, one pass over the branch.
 */
import type { EntryId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import { isBlobRef, isTextBlock, isToolUseBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { amountsOfEntry } from './entryAmounts.ts';
import { attachedFile, type FileUse, fileUseOf, supersededUses } from './fileUses.ts';
import { type ItemKind, importanceOf, namesIn, namesOf } from './itemImportance.ts';
import { isOnlyImages, labelOfCall, labelOfRestored, textOfItem, titleOf } from './itemLabels.ts';
import type { ContextMeasure } from './meter.ts';
import type { PrefixTexts } from './prefix.ts';
import { prefixPieces } from './prefixItems.ts';
import { type SentReply, sentEntries } from './sentEntries.ts';
import { amountOf, type TokenRatios, tokensOf } from './tokenRatios.ts';

/** What an edit of the context may name. */
export type ContextRef = EntryOf<'contextEdit'>['edits'][number]['ref'];
export type ContextOp = EntryOf<'contextEdit'>['edits'][number]['op'];

export type ContextItem = {
	/** The same for the same part of the same branch. */
	readonly id: string;
	/** Absent for what no edit may name: the start of the request, thinking, and calls without a result. */
	readonly ref?: ContextRef;
	/** The entry it stands in; absent for the start of the request. */
	readonly entry?: EntryId;
	readonly kind: ItemKind;
	readonly label: string;
	/** The file it shows or changes: absolute, with `/`. */
	readonly path?: string;
	/** Lines of that file that it shows, from 0, the end exclusive. */
	readonly lines?: { readonly start: number; readonly end: number };
	readonly tokens: number;
	/** Of a tool result: the part of `tokens` that is the call, which stays whatever becomes of the result. */
	readonly callTokens?: number;
	/** Prompts of the user that came after it. */
	readonly turnsAgo: number;
	readonly state: 'whole' | 'folded' | 'dropped';
	readonly isPinned: boolean;
	/** The agent read the same lines again or changed them: the entry that did. */
	readonly supersededBy?: EntryId;
	readonly importance: number;
};

/** What the edits of the branch made of its parts. */
export type ItemEdits = {
	/** What stands in its place, and may be empty; undefined = it is whole. */
	replacementOf(ref: ContextRef): { readonly state: 'folded' | 'dropped'; readonly text: string } | undefined;
	isPinned(ref: ContextRef): boolean;
	/** Assistant entries whose thinking is not sent. */
	readonly strippedThinking: ReadonlySet<EntryId>;
};

export type ContextItemsInput = {
	/** Conversation entries from the root to the leaf, as `buildContext` takes them. */
	readonly branch: readonly Entry[];
	/** What is frozen, or would be with the first request; the same object for the same texts. */
	readonly prefix?: PrefixTexts;
	readonly edits?: ItemEdits;
	/** What the session learned (`meterIndex(…).ratios`). */
	readonly ratios: TokenRatios;
	readonly meter: Pick<ContextMeasure, 'usedTokens' | 'layers'>;
};

/** The operations that an item takes as it is now. */
export function opsOf(item: ContextItem): readonly ContextOp[] {
	if (!item.ref) return [];
	const pinning: ContextOp = item.isPinned ? 'unpin' : 'pin';
	if (item.state !== 'whole') return ['unfold', pinning];
	return item.kind === 'summary' ? ['fold', pinning] : ['fold', 'drop', pinning];
}

/** In the order in which they are sent. */
export function contextItems(input: ContextItemsInput): readonly ContextItem[] {
	const { branch } = input;
	const sent = sentEntries(branch, input.edits?.strippedThinking);
	const turns = turnsBefore(branch);
	const drafts: Draft[] = prefixDrafts(input, turns.total);
	for (const { entry, reply, call } of sent) {
		const turnsAgo = turns.total - (turns.at.get(entry.id) ?? turns.total);
		drafts.push(...draftsOf(entry, reply, call, turnsAgo, input));
	}
	const tokens = sharedTokens(drafts, input.meter);
	const superseded = supersededUses(drafts.flatMap(({ use, item }) => (use && item.state === 'whole' ? [use] : [])));
	const mentions = lastMentions(drafts);
	return drafts.map((draft, index): ContextItem => {
		const { item, source } = draft;
		const supersededBy = item.entry && item.state === 'whole' ? superseded.get(item.entry) : undefined;
		const [own = 0, call = 0] = tokens[index] ?? [];
		const isReferredTo = namesIfAny(item, source).some((name) => (mentions.get(name) ?? -1) > index);
		const weighed = { ...item, tokens: own + call, isSuperseded: supersededBy !== undefined, isReferredTo };
		return {
			...item,
			tokens: own + call,
			...(draft.callWeight === undefined ? {} : { callTokens: call }),
			...(supersededBy ? { supersededBy } : {}),
			importance: importanceOf(weighed),
		};
	});
}

type Layer = ContextMeasure['layers'][number]['layer'];
type Draft = {
	readonly item: Omit<ContextItem, 'tokens' | 'importance' | 'callTokens' | 'supersededBy'>;
	readonly layer: Layer;
	/** Tokens before they are brought in line with the meter. */
	readonly weight: number;
	/** Of the call, which belongs to the replies. */
	readonly callWeight?: number;
	readonly source?: Entry;
	readonly use?: FileUse;
};

const PREFIX_LAYERS = { tools: 'tools', system: 'system', environment: 'context', memory: 'context' } as const;

function prefixDrafts({ prefix, ratios }: ContextItemsInput, turnsAgo: number): Draft[] {
	if (!prefix) return [];
	return prefixPieces(prefix).map(({ id, kind, label, path, bytes }) => ({
		item: { id, kind, label, ...(path ? { path } : {}), turnsAgo, state: 'whole', isPinned: false },
		layer: PREFIX_LAYERS[kind],
		weight: tokensOf(amountOf('prefix', bytes), ratios),
	}));
}

/** How many prompts came before each entry, itself included. */
function turnsBefore(branch: readonly Entry[]): { readonly at: ReadonlyMap<EntryId, number>; readonly total: number } {
	const at = new Map<EntryId, number>();
	let total = 0;
	for (const entry of branch) {
		if (entry.type === 'user') total++;
		at.set(entry.id, total);
	}
	return { at, total };
}

type Edited = { readonly state: ContextItem['state']; readonly isPinned: boolean; readonly text?: string };

function editedBy(edits: ItemEdits | undefined, ref: ContextRef): Edited {
	const replacement = edits?.replacementOf(ref);
	const isPinned = edits?.isPinned(ref) ?? false;
	return replacement ? { ...replacement, isPinned } : { state: 'whole', isPinned };
}

function draftsOf(
	entry: Entry,
	reply: SentReply | undefined,
	call: EntryOf<'assistant'> | undefined,
	turnsAgo: number,
	{ edits, ratios }: ContextItemsInput,
): readonly Draft[] {
	const base = { id: entry.id, entry: entry.id, turnsAgo };
	const whole = tokensOf(amountsOfEntry(entry), ratios);
	const editable = (kind: ItemKind, layer: Layer, ref: ContextRef = { entry: entry.id }): Draft => {
		const { text, ...state } = editedBy(edits, ref);
		const weight = text === undefined ? whole : text === '' ? 0 : textWeight(text, layer, ratios);
		return { item: { ...base, ref, kind, label: titleOf(entry), ...state }, layer, weight, source: entry };
	};
	switch (entry.type) {
		case 'user':
			return [editable('prompt', 'messages')];
		case 'attachment': {
			const use = attachedFile(entry);
			const kind = entry.name === FACTS ? 'fact' : isOnlyImages(entry.content) ? 'image' : 'attachment';
			const draft = editable(kind, 'messages');
			return [use ? { ...draft, use, item: { ...draft.item, path: use.path, ...linesOf(use) } } : draft];
		}
		case 'reminder':
			return [editable('reminder', 'messages')];
		case 'toolResult': {
			const ref = { entry: entry.id, toolUseId: entry.toolUseId };
			const draft = editable(isOnlyImages(entry.content) ? 'image' : 'toolResult', 'toolResults', ref);
			if (!call) return [draft];
			const { label, path, use } = callWith(entry, call);
			const item = { ...draft.item, label, ...(path ? { path } : {}), ...(use ? linesOf(use) : {}) };
			return [{ ...draft, item, callWeight: blockWeight(call, reply, ratios), ...(use ? { use } : {}) }];
		}
		case 'assistant': {
			const weight = blockWeight(entry, reply, ratios);
			const { block } = entry;
			if (isToolUseBlock(block)) {
				// A call that nothing answered yet.
				const { label, path } = labelOfCall(block, entry.cwd);
				const item = { ...base, kind: 'toolResult', label, ...(path ? { path } : {}), ...UNTOUCHED } as const;
				return [{ item, layer: 'reply', weight }];
			}
			if (block.type !== 'text') {
				const item = { ...base, kind: 'thinking', label: 'Thinking', ...UNTOUCHED } as const;
				return [{ item, layer: 'reply', weight }];
			}
			const draft = editable('reply', 'reply');
			return [draft.item.state === 'whole' ? { ...draft, weight } : draft];
		}
		case 'compaction':
			return compactionDrafts(
				entry,
				base,
				editable('summary', 'messages', { entry: entry.id, block: 0 }),
				ratios,
				edits,
			);
		default:
			return [];
	}
}

const linesOf = ({ how, start, end }: FileUse) => (how === 'read' ? { lines: { start, end } } : {});

type CallText = { readonly label: string; readonly path?: string; readonly use?: FileUse };
// Entries are immutable, so what is made of one is made once.
const callTexts = new WeakMap<Entry, CallText>();

function callWith(result: EntryOf<'toolResult'>, { block, cwd }: EntryOf<'assistant'>): CallText {
	let known = callTexts.get(result);
	if (!known) {
		const use = isToolUseBlock(block) ? fileUseOf(block, result, cwd) : undefined;
		const named = isToolUseBlock(block) ? labelOfCall(block, cwd) : { label: titleOf(result) };
		known = use ? { ...named, use } : named;
		callTexts.set(result, known);
	}
	return known;
}

/** What the attachment is called that tells of changed facts. */
const FACTS = 'Facts';
const UNTOUCHED = { state: 'whole', isPinned: false } as const;

/** The summary, and what came back with it. */
function compactionDrafts(
	entry: EntryOf<'compaction'>,
	base: Pick<ContextItem, 'turnsAgo'> & { readonly entry: EntryId },
	summary: Draft,
	ratios: TokenRatios,
	edits: ItemEdits | undefined,
): readonly Draft[] {
	const own = summary.item.state === 'whole' ? textWeight(entry.summary, 'messages', ratios) : summary.weight;
	const restored = entry.restored.map(({ what, content }, index): Draft => {
		const bytes = isBlobRef(content) ? content.size : isTextBlock(content) ? utf8Length(content.text) : 0;
		// The summary is the first block of what is sent.
		const ref = { entry: entry.id, block: index + 1 };
		const { text, ...state } = editedBy(edits, ref);
		const id = `${entry.id}#${index + 1}`;
		return {
			item: {
				...base,
				id,
				ref,
				kind: what === 'facts' ? 'fact' : 'restored',
				label: labelOfRestored(what, content),
				...state,
			},
			layer: 'messages',
			weight:
				text === undefined
					? tokensOf(amountOf('userText', bytes), ratios) + tokensOf(amountOf('block', 1), ratios)
					: textWeight(text, 'messages', ratios),
		};
	});
	return [{ ...summary, weight: own }, ...restored];
}

function textWeight(text: string, layer: Layer, ratios: TokenRatios): number {
	const kind = layer === 'reply' ? 'assistantText' : layer === 'toolResults' ? 'toolResult' : 'userText';
	return tokensOf(amountOf(kind, utf8Length(text)), ratios) + tokensOf(amountOf('block', 1), ratios);
}

/** The part of a reply that one of its blocks is: of what the endpoint counted where it did, else estimated. */
function blockWeight(entry: EntryOf<'assistant'>, reply: SentReply | undefined, ratios: TokenRatios): number {
	const own = tokensOf(amountsOfEntry(entry), ratios);
	if (!reply || reply.countedTokens === undefined) return own;
	const all = reply.blocks.reduce((sum, block) => sum + tokensOf(amountsOfEntry(block), ratios), 0);
	return all > 0 ? (reply.countedTokens * own) / all : reply.countedTokens / reply.blocks.length;
}

/** For each draft its own tokens and those of its call: whole numbers that add up to each layer of the meter, and so to its sum. */
function sharedTokens(
	drafts: readonly Draft[],
	{ usedTokens, layers }: ContextItemsInput['meter'],
): readonly (readonly [number, number])[] {
	const weights = new Map<Layer, number>();
	const weigh = (layer: Layer, weight: number) => weights.set(layer, (weights.get(layer) ?? 0) + weight);
	for (const { layer, weight, callWeight = 0 } of drafts) {
		weigh(layer, weight);
		if (callWeight > 0) weigh('reply', callWeight);
	}
	const targets = new Map(layers.map(({ layer, tokens }) => [layer, tokens]));
	// A layer in which nothing stands cannot carry its tokens: the others do, in proportion.
	const carried = [...weights].reduce((sum, [layer, weight]) => sum + (weight > 0 ? (targets.get(layer) ?? 0) : 0), 0);
	const scaleOf = (layer: Layer): number => {
		const weight = weights.get(layer) ?? 0;
		return weight > 0 && carried > 0 ? ((targets.get(layer) ?? 0) / weight) * (usedTokens / carried) : 0;
	};
	const scales = new Map([...weights.keys()].map((layer) => [layer, scaleOf(layer)]));
	let exact = 0;
	let given = 0;
	// Rounding the running sum keeps each within one token, and the sum exact.
	const give = (layer: Layer, weight: number): number => {
		exact += weight * (scales.get(layer) ?? 0);
		const tokens = Math.round(exact) - given;
		given += tokens;
		return tokens;
	};
	return drafts.map(({ layer, weight, callWeight = 0 }) => [give(layer, weight), give('reply', callWeight)]);
}

const mentioned = new WeakMap<Entry, ReadonlySet<string>>();
const named = new WeakMap<Entry, readonly string[]>();

/** For every name in a message: the index of the last item that mentions it. */
function lastMentions(drafts: readonly Draft[]): ReadonlyMap<string, number> {
	const last = new Map<string, number>();
	drafts.forEach(({ source, item }, index) => {
		if (!source || (item.kind !== 'prompt' && item.kind !== 'reply') || item.state !== 'whole') return;
		let names = mentioned.get(source);
		if (!names) {
			names = namesIn(textOfItem(source));
			mentioned.set(source, names);
		}
		for (const name of names) last.set(name, index);
	});
	return last;
}

function namesIfAny(item: Draft['item'], source: Entry | undefined): readonly string[] {
	if (!source || (item.kind !== 'toolResult' && item.kind !== 'attachment' && item.kind !== 'image')) return [];
	let names = named.get(source);
	if (!names) {
		names = namesOf(item.path, textOfItem(source));
		named.set(source, names);
	}
	return names;
}
