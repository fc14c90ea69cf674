/**
 * Folds old results to one-line notes: reads that a later call superseded, long outputs and images from some turns ago. All at once, since each
 * edit of the past strips the thinking behind it and makes the cache of the conversation worthless: so it is done when that is cold anyhow, or
 * when it spares a summary. Never in an unfinished turn, never what is pinned, was brought back, or belongs to the last turns.
 */
import { UserError } from '../../base/errors.ts';
import { isCacheWarm } from '../context/cachedStart.ts';
import { activeEdits, type ContextRef, isSameRef } from '../context/contextEdits.ts';
import { type ContextItem, contextItems } from '../context/contextItems.ts';
import { foldNote } from '../context/foldNotes.ts';
import { meterIndex } from '../context/meterIndex.ts';
import { applyEdits, type EditDraft, type EditWish, planEdits } from '../context/planEdits.ts';
import { sentEntries } from '../context/sentEntries.ts';
import type { Entry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { type CompactionPorts, measureNow } from './appendCompaction.ts';

export type FoldingTurn = { readonly session: Session; readonly ports: CompactionPorts };

export const MICROCOMPACTION = 'microcompaction';

/** Finished turns whose results stay as they are: what the work at hand stands on. */
const KEPT_TURNS = 2;
/** A note is about 40 tokens, so less brings nothing. */
const MIN_SUPERSEDED_TOKENS = 200;
const MIN_LONG_TOKENS = 1_000;
/** Free as it is with a cold cache, the model still loses what it saw: for less it is not worth it. */
const MIN_SAVED_TOKENS = 4_000;
/** Of the line. Just below it, a summary would be due after the next turn, and the cache would have been written twice. */
const FITS_SHARE = 0.95;

/** Before the prompt of a turn: the next request writes the whole conversation to the cache anew in any case. */
export async function foldWhileCold(turn: FoldingTurn): Promise<void> {
	const { session, ports } = turn;
	if (isCacheWarm(session, ports.clock.now(), ports.messageTtl)) return;
	const draft = planFolding(turn);
	if (!draft) return;
	if (draft.tokensBefore - draft.tokensAfter >= MIN_SAVED_TOKENS) await fold(turn, draft);
}

/** When a summary is due: true when the conversation is well below the line without it. */
export async function foldToFit(turn: FoldingTurn, lineTokens: number): Promise<boolean> {
	if (!turn.ports.contextLimits().autoCompact) return false;
	const draft = planFolding(turn);
	if (!draft || draft.tokensAfter >= lineTokens * FITS_SHARE) return false;
	await fold(turn, draft);
	return true;
}

/** Undefined when there is nothing to fold, or it cannot be done now. */
function planFolding({ session, ports }: FoldingTurn): EditDraft | undefined {
	if (ports.contextLimits().microcompaction === false || session.readOnlyReason !== undefined) return undefined;
	const wishes = wishesFor(session, ports);
	if (wishes.length === 0) return undefined;
	try {
		return planEdits(session, wishes, ports, { cause: MICROCOMPACTION, isWithinTurn: true });
	} catch (error) {
		// The last turn broke off behind a call, whose thinking must be sent once more.
		if (error instanceof UserError) return undefined;
		throw error;
	}
}

async function fold({ session, ports }: FoldingTurn, draft: EditDraft): Promise<void> {
	const startedAt = ports.clock.now();
	await applyEdits(session, draft);
	const count = draft.edits.filter(({ op }) => op === 'fold').length;
	const saved = draft.tokensBefore - draft.tokensAfter;
	session.append({ type: 'notice', level: 'info', code: MICROCOMPACTION, text: noticeText(count, saved) });
	ports.trace({
		event: MICROCOMPACTION,
		sessionId: session.id,
		durationMs: Math.max(0, ports.clock.now() - startedAt),
		detail: { count, saved, isCacheWarm: draft.isCacheWarm },
	});
}

function noticeText(count: number, savedTokens: number): string {
	const what = count === 1 ? 'An old result was folded to a note' : `${count} old results were folded to notes`;
	const tokens = savedTokens >= 1_000 ? `${Math.round(savedTokens / 1_000)}k` : String(savedTokens);
	return `${what}, about ${tokens} tokens less to send. ${count === 1 ? 'It' : 'Each'} can be brought back.`;
}

function wishesFor(session: Session, ports: CompactionPorts): readonly EditWish[] {
	const branch = session.branch();
	const edits = activeEdits(branch);
	const keptTurns = KEPT_TURNS + (isPromptWaiting(branch) ? 1 : 0);
	const broughtBack = refsBroughtBack(branch);
	const items = contextItems({
		branch,
		edits,
		ratios: meterIndex(session.entries, session.links).ratiosOf(ports.modelInfo().id),
		meter: measureNow(session, ports),
	});
	const sent = new Map(sentEntries(branch).map((one) => [one.entry.id, one]));
	return items.flatMap((item): EditWish[] => {
		const { ref } = item;
		const found = ref && sent.get(ref.entry);
		if (!ref || !found || item.turnsAgo < keptTurns || !isWorthFolding(item)) return [];
		if (broughtBack.some((one) => isSameRef(one, ref))) return [];
		return [{ ref, op: 'fold', text: foldNote(found, item.supersededBy ? 'superseded' : 'fold') }];
	});
}

function isWorthFolding({ kind, state, isPinned, supersededBy, tokens, callTokens = 0 }: ContextItem): boolean {
	if (state !== 'whole' || isPinned || (kind !== 'toolResult' && kind !== 'image')) return false;
	const ownTokens = tokens - callTokens;
	return ownTokens >= (supersededBy || kind === 'image' ? MIN_SUPERSEDED_TOKENS : MIN_LONG_TOKENS);
}

/** The newest prompt has no reply yet, so the turns before it count. */
function isPromptWaiting(branch: readonly Entry[]): boolean {
	return (
		branch.findLast(({ type }) => type === 'user' || type === 'assistant' || type === 'turnEnded')?.type === 'user'
	);
}

/** Somebody wanted to see them whole: they are not folded behind their back again. */
function refsBroughtBack(branch: readonly Entry[]): readonly ContextRef[] {
	return branch.flatMap((entry) =>
		entry.type === 'contextEdit' ? entry.edits.flatMap(({ op, ref }) => (op === 'unfold' ? [ref] : [])) : [],
	);
}
