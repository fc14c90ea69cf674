/**
 * When a session is summarized by itself: at the end of a turn once the line is reached, before a prompt when it was reached before, and
 * in the middle of a turn only when the next request would not fit any more. Two failures in a row end it until a summary succeeds.
 */
import { codeOf, isCancelled, UserError } from '../../base/errors.ts';
import type { ContextMeasure } from '../context/meter.ts';
import type { CompactionWish } from '../context/summaryDraft.ts';
import { ModelError } from '../model/modelError.ts';
import type { ContextStrategy } from '../session/compactionFields.ts';
import type { Entry } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import type { Session } from '../session/sessionTypes.ts';
import { type CompactionPorts, measureNow } from './appendCompaction.ts';
import { applySummary, draftSummary } from './compact.ts';
import { leaveOut } from './leaveOut.ts';
import { foldToFit } from './microcompact.ts';
import { isPlanWaiting } from './planItem.ts';
import type { TurnEvent } from './turnTypes.ts';

export type RoomTurn = {
	readonly session: Session;
	readonly ports: CompactionPorts;
	readonly onEvent: (event: TurnEvent) => void;
	readonly signal: AbortSignal;
};

/** Failures in a row after which the session is not summarized by itself any more. */
const MAX_FAILURES = 2;
/** Of a request that was too large, at most so much may be left. */
const SMALLER_SHARE = 0.7;
const COMPACTION_FAILED = 'compaction-failed';

/** Before a request. True when the conversation is another one now. Never rejects but for a stop and a log that cannot be written. */
export async function makeRoomBefore(turn: RoomTurn): Promise<boolean> {
	const branch = turn.session.branch();
	const { prompt, isTurnBegun } = turnAt(branch);
	const measure = measureNow(turn.session, turn.ports);
	if (isTurnBegun) {
		// When even the last moment has come, waiting for the end of the turn is no choice.
		if (measure.usedTokens < lastMomentTokens(measure)) return false;
		return await shorten(turn, { scope: { kind: 'all' }, by: 'forced' }, measure);
	}
	const before = branch[prompt - 1];
	if (!before || !isDue(turn.session, measure, branch.slice(0, prompt))) return false;
	const { triggerTokens: lineTokens } = measure;
	if (await foldToFit(turn, lineTokens)) return false;
	return await shorten(turn, { scope: { kind: 'all' }, by: 'auto', lineTokens, upToEntry: before.id }, measure);
}

/** Where the newest prompt stands, -1 = nowhere, and whether anything answered it. */
const turnAt = foldEntries({ prompt: -1, isTurnBegun: false }, (turn, { type }, index) => {
	if (type === 'user') return { prompt: index, isTurnBegun: false };
	return turn.isTurnBegun || (type !== 'assistant' && type !== 'toolResult') ? turn : { ...turn, isTurnBegun: true };
});

/** After the last reply of a turn. */
export async function makeRoomAfter(turn: RoomTurn): Promise<void> {
	const measure = measureNow(turn.session, turn.ports);
	if (!isDue(turn.session, measure, turn.session.branch()) || (await foldToFit(turn, measure.triggerTokens))) return;
	await shorten(turn, { scope: { kind: 'all' }, by: 'auto', lineTokens: measure.triggerTokens }, measure);
}

/** Half of what is kept free belongs to the reply: from here on the next request might not fit. */
const lastMomentTokens = ({ triggerTokens, maxTokens }: ContextMeasure): number => (triggerTokens + maxTokens) / 2;

/** Between two turns: the line is reached, and it is no bad moment. A plan and what is done about it are not parted while both fit. */
function isDue(session: Session, measure: ContextMeasure, before: readonly Entry[]): boolean {
	const { usedTokens, triggerTokens } = measure;
	if (usedTokens < triggerTokens || hasHelpedLittle(session, triggerTokens)) return false;
	return usedTokens >= lastMomentTokens(measure) || !isPlanWaiting(before);
}

/** After the endpoint found a request too large. True when there is a shorter one to try. */
export async function makeRoomForced(turn: RoomTurn): Promise<boolean> {
	const branch = turn.session.branch();
	const prompt = branch.findLastIndex(({ type }) => type === 'user');
	const before = branch[prompt - 1];
	const isTurnBegun = branch.slice(prompt).some(({ type }) => type === 'assistant' || type === 'toolResult');
	const edge = !isTurnBegun && before ? { upToEntry: before.id } : {};
	const measure = measureNow(turn.session, turn.ports);
	// The endpoint counts otherwise than the meter: what is to be sent must get smaller, wherever the line is.
	const smaller = Math.min(measure.triggerTokens, Math.round(measure.usedTokens * SMALLER_SHARE));
	const wish = { scope: { kind: 'all' }, by: 'forced', ...edge } as const;
	return await shorten(turn, wish, { ...measure, triggerTokens: smaller });
}

/** As the user's strategy says; by a summary where that gives no room and the next request might not fit. */
async function shorten(turn: RoomTurn, wish: CompactionWish, measure: ContextMeasure): Promise<boolean> {
	const { session, ports, signal } = turn;
	const { autoCompact, strategy = 'summarize' } = ports.contextLimits();
	if (!autoCompact) return false;
	if (strategy !== 'summarize') {
		const outcome = await tried(turn, wish, strategy, async () => {
			const entry = await leaveOut(session, strategy, wish, measure, ports, signal);
			return entry === undefined ? 'cannot' : 'done';
		});
		if (outcome !== 'cannot') return outcome === 'done';
		if (wish.by !== 'forced' && measure.usedTokens < lastMomentTokens(measure)) {
			tellOnce(session, 'compaction-cannot', CANNOT_TEXT);
			return false;
		}
	}
	if (failuresInARow(session.entries) >= MAX_FAILURES) return false;
	const outcome = await tried(turn, wish, 'summarize', async () => await summarize(turn, wish));
	return outcome === 'done';
}

const CANNOT_TEXT =
	'The newest turns alone fill the context up to the line, so nothing older could be left out. It is summarized when the next request might not fit; rewind or use /compact to make room now.';

async function summarize({ session, ports, onEvent, signal }: RoomTurn, wish: CompactionWish): Promise<Outcome> {
	const draft = await draftSummary(session, wish, ports, onEvent, signal);
	const text = ports.reviewSummary ? await ports.reviewSummary(draft, signal) : draft.summary;
	if (text === undefined) {
		tell(session, 'The summary was dropped, so the conversation stays as it was.');
		return 'declined';
	}
	await applySummary(session, draft, text, ports);
	return 'done';
}

type Outcome = 'done' | 'declined' | 'cannot' | 'failed';

/** Never rejects but for a stop and a log that cannot be written. */
async function tried(
	{ session, ports, signal }: RoomTurn,
	wish: CompactionWish,
	strategy: ContextStrategy,
	work: () => Promise<Outcome>,
): Promise<Outcome> {
	const startedAt = ports.clock.now();
	const traced = (code?: string) =>
		ports.trace({
			event: 'compaction',
			sessionId: session.id,
			durationMs: Math.max(0, ports.clock.now() - startedAt),
			...(code === undefined ? {} : { code }),
			detail: { by: wish.by, strategy },
		});
	try {
		const outcome = await work();
		traced(outcome === 'done' ? undefined : outcome);
		return outcome;
	} catch (error) {
		if (signal.aborted || isCancelled(error)) throw error;
		if (!(error instanceof ModelError) && !(error instanceof UserError)) throw error;
		if (session.readOnlyReason !== undefined) throw error;
		traced(error instanceof ModelError ? error.kind : codeOf(error));
		// Nothing in it to summarize is no failure of the summary, and neither is the word of somebody who was asked.
		if (codeOf(error) === 'compaction-blocked') tellOnce(session, 'compaction-blocked', error.message);
		else if (codeOf(error) !== 'nothing-to-compact') tellFailure(session, error);
		return 'failed';
	}
}

/** What is left after the newest summary is over the line already: another one would cost as much and bring nothing. */
function hasHelpedLittle(session: Session, triggerTokens: number): boolean {
	const newest = session.branch().findLast((entry) => entry.type === 'compaction');
	return newest?.type === 'compaction' && newest.tokensAfter >= triggerTokens;
}

/** The failures stand in the log, so that a reload does not forget them. */
function failuresInARow(entries: readonly Entry[]): number {
	let failures = 0;
	for (const entry of entries.toReversed()) {
		if (entry.type === 'compaction') break;
		if (entry.type === 'notice' && entry.code === COMPACTION_FAILED) failures++;
	}
	return failures;
}

/** Not again before the next compaction: the line is looked at after every turn. */
function tellOnce(session: Session, code: string, text: string): void {
	const since = session.entries.slice(session.entries.findLastIndex(({ type }) => type === 'compaction') + 1);
	if (since.some((entry) => entry.type === 'notice' && entry.code === code)) return;
	session.append({ type: 'notice', level: 'warning', code, text });
}

function tellFailure(session: Session, error: ModelError | UserError): void {
	tell(session, `The conversation could not be summarized: ${withDot(error.message)} Nothing of it was changed.`);
}

function tell(session: Session, what: string): void {
	const isLast = failuresInARow(session.entries) + 1 >= MAX_FAILURES;
	const next = isLast
		? 'It is not tried by itself any more in this session: use /compact, or rewind to an earlier message.'
		: 'It will be tried once more.';
	session.append({
		type: 'notice',
		level: 'warning',
		code: COMPACTION_FAILED,
		text: `${what} ${next}`,
	});
}

const withDot = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
