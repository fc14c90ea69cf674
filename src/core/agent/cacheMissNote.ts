/**
 * One quiet sentence in the log when a request read far less from the prompt cache than the request before it had left there, and why.
 * Once per turn; where it is shown is the panel's. Decides nothing and changes no request.
 */
import { explainMiss, sharedShare, wordsOfDiagnostics } from '../context/cacheMiss.ts';
import type { ModelReply, ModelRequest } from '../model/modelPort.ts';
import { totalInputTokens } from '../session/content.ts';
import type { EntryOf } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import type { LastExchange, Session } from '../session/sessionTypes.ts';

/** Code of the notices. */
export const CACHE_MISS = 'cache-miss';

/** Less than this was lost: not worth a word. The service keeps no shorter starts than this many tokens. */
const LEAST_LOST_TOKENS = 1_024;
const LEAST_LOST_SHARE = 0.2;

export type Exchange = {
	/** What was sent before it in this process, if anything was. */
	readonly previous: LastExchange | undefined;
	readonly request: ModelRequest;
	readonly reply: ModelReply;
	/** When it was sent, unix ms. */
	readonly startedAt: number;
};

/** The sentence for this reply, whose entry is not appended yet; undefined when the cache held what it should, or a sentence was said. */
export function cacheMissNote(session: Pick<Session, 'branch' | 'entries'>, exchange: Exchange): string | undefined {
	const before = session.entries.findLast((entry) => entry.type === 'assistantEnded');
	if (before?.type !== 'assistantEnded' || isSaid(session.entries)) return undefined;
	const { previous, request, reply, startedAt } = exchange;
	const expected = expectedTokens(session, before, exchange);
	const lost = expected - reply.usage.cacheReadTokens;
	if (lost < Math.max(LEAST_LOST_TOKENS, LEAST_LOST_SHARE * expected)) return undefined;
	// The cache counts from when it was read last, which is when the request before began.
	const ageMs = startedAt - (before.timestamp - before.timing.totalMs);
	const miss = explainMiss(previous?.reply ? previous.request : request, request, { ageMs });
	const words = miss.kind === 'none' ? (wordsOfDiagnostics(reply.diagnostics) ?? FORGOTTEN) : miss.words;
	return `About ${roundTokens(lost)} tokens were not in the prompt cache any more. ${words}`;
}

const FORGOTTEN = 'Nothing that was sent before has changed; the endpoint no longer held it.';

/** In the turn that these entries end with. */
const isSaid = foldEntries(false, (said, entry) => {
	if (entry.type === 'user') return false;
	return said || (entry.type === 'notice' && entry.code === CACHE_MISS);
});

/** What the request before left in the cache, as far as this one can want it. */
function expectedTokens(
	session: Pick<Session, 'branch'>,
	before: EntryOf<'assistantEnded'>,
	{ previous, request, reply }: Exchange,
): number {
	const kept = before.usage.cacheReadTokens + before.usage.cacheWriteTokens;
	// It is among the last ones, if it is there.
	if (session.branch().findLast(({ id }) => id === before.id)) return kept;
	// After a rewind only what comes before the place it went back to.
	if (!previous?.reply) return 0;
	return Math.min(kept, sharedShare(previous.request, request) * totalInputTokens(reply.usage));
}

const roundTokens = (tokens: number): string =>
	(tokens >= 10_000 ? Math.round(tokens / 1_000) * 1_000 : Math.round(tokens / 100) * 100).toLocaleString('en-US');
