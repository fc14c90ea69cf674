/**
 * An edit of the context before it is made: which parts it changes, what that does to the next request, and what it costs while the prompt
 * cache is warm. `applyEdits` appends it as one entry.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import type { TurnPorts } from '../agent/turnTypes.ts';
import { costOf } from '../model/pricing.ts';
import { isToolUseBlock } from '../session/content.ts';
import { type Entry, type EntryOf, makeEntry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { firstChange, isCacheWarm, uncachedTokens, unchangedSince } from './cachedStart.ts';
import {
	activeEdits,
	type ContextEditItem,
	type ContextRef,
	isEditable,
	isSameRef,
	leavesNothing,
} from './contextEdits.ts';
import { foldNote } from './foldNotes.ts';
import { measureContext } from './meter.ts';
import { meterIndex } from './meterIndex.ts';
import { type SentEntry, sentEntries } from './sentEntries.ts';
import { tokensOf } from './tokenRatios.ts';

/** `text` is the literal replacement; without it, a line says what was there. */
export type EditWish = Pick<ContextEditItem, 'ref' | 'op' | 'text'>;

export type EditPorts = Pick<TurnPorts, 'clock' | 'contextLimits' | 'messageTtl' | 'modelInfo'>;

/** An edit that is not in the log yet. */
export type EditDraft = {
	/** Complete: with every text, and with the thinking that goes. */
	readonly edits: readonly ContextEditItem[];
	readonly cause: string;
	/** Where the session's leaf was: the draft does not fit another place. */
	readonly leaf: EntryId | null;
	readonly tokensBefore: number;
	readonly tokensAfter: number;
	/** Thinking blocks that are not sent any more. */
	readonly strippedThinking: number;
	/** With a cold cache the next request writes everything anew in any case. */
	readonly isCacheWarm: boolean;
	/** Tokens that the next request writes to the cache anew because of the edit. */
	readonly rewrittenTokens: number;
	/** What the next request costs more (or less, below zero) than without the edit; null when the price is not known. */
	readonly nowUsd: number | null;
	/** What each request after it costs less. */
	readonly savedUsd: number | null;
};

/**
 * Looks; appends nothing. Throws UserError `turn-unfinished`, `not-in-context`, `half-a-pair`, `summary-stays`, `not-editable`,
 * `nothing-to-change`. `isWithinTurn`: the turn that is running asks, between two of its requests.
 */
export function planEdits(
	session: Session,
	wishes: readonly EditWish[],
	ports: EditPorts,
	{ cause = 'user', isWithinTurn = false }: { readonly cause?: string; readonly isWithinTurn?: boolean } = {},
): EditDraft {
	const isBusy = session.state !== 'ready' && session.state !== 'idle';
	if (isBusy && !isWithinTurn) throw turnUnfinished();
	const branch = session.branch();
	const edits = completeEdits(branch, wishes);
	const entry = asEntry(branch, edits, cause);
	const tokens = tokensWith(session, entry, ports);
	const { tokensBefore, tokensAfter } = tokens;
	return {
		edits,
		cause,
		leaf: session.leaf,
		tokensBefore,
		tokensAfter,
		strippedThinking: newlyStripped(branch, entry).length,
		...priceOf(session, entry, tokens, ports),
	};
}

/** Rejects with UserError `conversation-moved` when the session went on since, or with what the log rejects with. */
export async function applyEdits(session: Session, draft: EditDraft): Promise<EntryOf<'contextEdit'>> {
	if (session.leaf !== draft.leaf) throw conversationMoved();
	const [entry] = session.append({ type: 'contextEdit', edits: [...draft.edits], cause: draft.cause });
	if (!entry) throw new Error('The session appended no edit');
	await session.sync();
	return entry;
}

/** The wishes as they go into the log; throws as `planEdits` does. */
export function completeEdits(branch: readonly Entry[], wishes: readonly EditWish[]): readonly ContextEditItem[] {
	if (isUnfinished(branch)) throw turnUnfinished();
	const now = activeEdits(branch);
	const sent = new Map<EntryId, SentEntry>();
	for (const one of sentEntries(branch)) {
		sent.set(one.entry.id, one);
		if (one.call) sent.set(one.call.id, { entry: one.call });
	}
	const edits: ContextEditItem[] = [];
	for (const wish of lastOfEach(wishes)) {
		const found = sent.get(wish.ref.entry);
		if (!found || !fits(found.entry, wish.ref)) throw notInContext();
		const edit = completed(wish, found);
		const at = now.replacementOf(wish.ref);
		const isChange =
			edit.op === 'pin' || edit.op === 'unpin'
				? now.isPinned(edit.ref) === (edit.op === 'unpin')
				: edit.op === 'unfold'
					? at !== undefined
					: edit.op === 'stripThinking' || at?.state !== stateAfter(edit.op) || at.text !== (edit.text ?? '');
		if (isChange) edits.push(edit);
	}
	const strip = stripFor(branch, edits);
	const complete = strip ? [...edits, strip] : edits.filter(({ op }) => op !== 'stripThinking');
	if (complete.length === 0) throw nothingToChange();
	return complete;
}

const stateAfter = (op: ContextEditItem['op']) => (op === 'fold' ? 'folded' : 'dropped');

function completed({ ref, op, text }: EditWish, found: SentEntry): ContextEditItem {
	if (op !== 'fold' && op !== 'drop') return { ref, op };
	const { entry } = found;
	if (!isEditable(entry, op, ref)) {
		if (entry.type === 'compaction') throw summaryStays();
		if (entry.type === 'assistant' && isToolUseBlock(entry.block)) throw halfAPair();
		throw notEditable();
	}
	if (op === 'drop' && leavesNothing(entry)) return { ref, op };
	return { ref, op, text: text?.trim() ? text : foldNote(found, op) };
}

/** A result belongs to one call, and a block must be there. */
function fits(entry: Entry, { toolUseId, block }: ContextRef): boolean {
	if (toolUseId !== undefined && entry.type === 'toolResult' && entry.toolUseId !== toolUseId) return false;
	if (block === undefined || !('content' in entry)) return true;
	return block < entry.content.length;
}

/** Folding and pinning of one part are two things; of each the last wish counts. */
function lastOfEach(wishes: readonly EditWish[]): readonly EditWish[] {
	const kindOf = ({ op }: EditWish) => (op === 'pin' || op === 'unpin' ? 'pin' : op === 'stripThinking' ? op : 'fold');
	return wishes.filter(
		(wish, index) =>
			!wishes.slice(index + 1).some((later) => kindOf(later) === kindOf(wish) && isSameRef(later.ref, wish.ref)),
	);
}

/** The thinking behind the first part that changes is bound to what was there; undefined when there is none. */
function stripFor(branch: readonly Entry[], edits: readonly ContextEditItem[]): ContextEditItem | undefined {
	const changed = new Set(edits.flatMap(({ ref, op }) => (op === 'pin' || op === 'unpin' ? [] : [ref.entry])));
	const first = branch.find(({ id }) => changed.has(id));
	if (!first) return undefined;
	const strip: ContextEditItem = { ref: { entry: first.id }, op: 'stripThinking' };
	const stripped = newlyStripped(branch, asEntry(branch, [strip], ''));
	const open = openReplies(branch);
	if (stripped.some((id) => open.has(id))) throw turnBrokeOff();
	return stripped.length > 0 ? strip : undefined;
}

/**
 * What an endpoint takes for one turn that goes on: the last replies whose calls were answered. A turn that broke off behind its calls is such
 * a one, since the next prompt is sent in the message of their results; its thinking must come with them.
 */
function openReplies(branch: readonly Entry[]): ReadonlySet<EntryId> {
	const open = new Set<EntryId>();
	const answered = new Set<SentEntry['reply']>();
	for (const { entry, reply } of sentEntries(branch, activeEdits(branch).strippedThinking).toReversed()) {
		if (!reply) continue;
		if (entry.type === 'toolResult') answered.add(reply);
		else if (!answered.has(reply)) break;
		for (const { id } of reply.blocks) open.add(id);
	}
	return open;
}

function newlyStripped(branch: readonly Entry[], edit: EntryOf<'contextEdit'>): readonly EntryId[] {
	const { strippedThinking } = activeEdits([...branch, edit]);
	const sent = sentEntries(branch, activeEdits(branch).strippedThinking);
	return sent.flatMap(({ entry }) => (strippedThinking.has(entry.id) ? [entry.id] : []));
}

/** A model is still at work: what it thinks belongs to the calls it makes. A prompt that nobody answered yet is no work. */
function isUnfinished(branch: readonly Entry[]): boolean {
	const last = branch.findLast(
		({ type }) =>
			type === 'turnEnded' ||
			type === 'interrupted' ||
			type === 'assistant' ||
			type === 'assistantEnded' ||
			type === 'toolResult',
	);
	if (last?.type === 'assistantEnded') return last.stopReason !== 'end_turn' && last.stopReason !== 'stop_sequence';
	return last?.type === 'assistant' || last?.type === 'toolResult';
}

/** The entry as it would be at the end of the branch. */
function asEntry(branch: readonly Entry[], edits: readonly ContextEditItem[], cause: string): EntryOf<'contextEdit'> {
	const last = branch.at(-1);
	if (!last) throw notInContext();
	const { v, sessionId, agentId, gen, timestamp, cwd, mode } = last;
	const base = { v, sessionId, agentId, gen, timestamp, cwd, mode };
	const id = 'planned' as EntryId;
	return makeEntry({ ...base, id, parentId: last.id }, { type: 'contextEdit', edits: [...edits], cause });
}

type TokensWith = Pick<EditDraft, 'tokensBefore' | 'tokensAfter'> & {
	/** Of tools, system prompt and project context. */
	readonly startTokens: number;
};

function tokensWith(session: Session, entry: EntryOf<'contextEdit'>, ports: EditPorts): TokensWith {
	const limits = ports.contextLimits();
	const newestPrefix = session.newest('prefix');
	const { usedTokens, layers } = measureContext({
		entries: session.entries,
		leaf: session.leaf,
		links: session.links,
		modelInfo: ports.modelInfo(),
		windowOverride: limits.windowTokens,
		rotTokens: limits.rotTokens,
		...(newestPrefix ? { newestPrefix } : {}),
	});
	const index = meterIndex(session.entries, session.links);
	const ratios = index.ratiosOf(ports.modelInfo().id);
	const addedTokens = (sums: ReturnType<typeof index.at>) => tokensOf(sums.added, ratios);
	const grown = addedTokens(index.edited(session.leaf, entry)) - addedTokens(index.at(session.leaf));
	const isOfStart = (layer: string) => layer === 'tools' || layer === 'system' || layer === 'context';
	return {
		tokensBefore: usedTokens,
		tokensAfter: Math.max(0, Math.round(usedTokens + grown)),
		startTokens: layers.reduce((sum, { layer, tokens }) => sum + (isOfStart(layer) ? tokens : 0), 0),
	};
}

/** The start of a request outlives the conversation in the cache, with the edit as without it, so only the conversation is reckoned with. */
function priceOf(
	session: Session,
	entry: EntryOf<'contextEdit'>,
	{ tokensBefore, tokensAfter, startTokens }: TokensWith,
	{ clock, messageTtl, modelInfo }: EditPorts,
): Pick<EditDraft, 'isCacheWarm' | 'nowUsd' | 'rewrittenTokens' | 'savedUsd'> {
	const branch = session.branch();
	const isWarm = isCacheWarm(session, clock.now(), messageTtl);
	const ratios = meterIndex(session.entries, session.links).ratiosOf(modelInfo().id);
	const positions = new Map(branch.map(({ id }, position) => [id, position]));
	const unchanged = unchangedSince(session, branch);
	const [before, after] = [tokensBefore - startTokens, Math.max(0, tokensAfter - startTokens)];
	const cachedTo = (position: number) => {
		const uncached = isWarm ? uncachedTokens(branch, position, ratios) : undefined;
		return uncached === undefined ? 0 : Math.max(0, before - Math.round(uncached));
	};
	const cachedBefore = cachedTo(unchanged);
	const cachedAfter = Math.min(after, cachedTo(Math.min(unchanged, firstChange(entry, positions))));
	const cost = (readTokens: number, writeTokens: number) =>
		costOf(session.model, {
			inputTokens: 0,
			outputTokens: 0,
			cacheReadTokens: readTokens,
			cacheWriteTokens: writeTokens,
			cacheWrite1hTokens: messageTtl === '1h' ? writeTokens : 0,
		});
	const without = cost(cachedBefore, before - cachedBefore);
	const withEdit = cost(cachedAfter, after - cachedAfter);
	return {
		isCacheWarm: isWarm,
		rewrittenTokens: isWarm ? Math.max(0, after - cachedAfter - (before - cachedBefore)) : 0,
		nowUsd: without === null || withEdit === null ? null : withEdit - without,
		savedUsd: cost(Math.max(0, before - after), 0),
	};
}

const turnUnfinished = (): UserError =>
	new UserError(
		'turn-unfinished',
		'The context can be edited between two turns only. Nothing was changed. Wait for the end of this one or stop it, then try again.',
	);

const turnBrokeOff = (): UserError =>
	new UserError(
		'turn-unfinished',
		'The last turn broke off behind a call, and what was thought before it must be sent once more with its result. Nothing was changed. Send a message first, then try again.',
	);

const notInContext = (): UserError =>
	new UserError(
		'not-in-context',
		'This is no part of the next request any more. Nothing was changed. Open the context again to see what is.',
	);

const halfAPair = (): UserError =>
	new UserError(
		'half-a-pair',
		'A call and its result belong together, so the call stays. Nothing was changed. Fold or drop its result instead.',
	);

const summaryStays = (): UserError =>
	new UserError(
		'summary-stays',
		'A summary stands for what it replaced and cannot be dropped. Nothing was changed. Fold it, or undo it in the conversation.',
	);

const notEditable = (): UserError =>
	new UserError(
		'not-editable',
		'The model’s thinking cannot be edited on its own. Nothing was changed. Fold or drop what it thought about instead.',
	);

const nothingToChange = (): UserError =>
	new UserError('nothing-to-change', 'The context is like this already, so nothing was changed.');

const conversationMoved = (): UserError =>
	new UserError(
		'conversation-moved',
		'The conversation went on since, so the context was not edited. Nothing was changed. Look at it again and choose anew.',
	);
