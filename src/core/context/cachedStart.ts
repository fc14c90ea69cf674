/**
 * How much of the next request the prompt cache still holds, as far as that can be known from the log: when the last request was, and what
 * changed since. Tells what an edit makes of it. Pure.
 */
import type { EntryId } from '../../base/ids.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { activeEdits } from './contextEdits.ts';
import { amountsAsEdited, amountsOfEntry } from './entryAmounts.ts';
import { sentEntries } from './sentEntries.ts';
import { type TokenRatios, tokensOf } from './tokenRatios.ts';

const TTL_MS = { '5m': 5 * 60_000, '1h': 60 * 60_000 } as const;
/** A mark in the request finds what was cached at an earlier one up to so many blocks back. */
const LOOK_BACK_BLOCKS = 20;

/** Whether the conversation can still be in the cache: the same model was asked within the time to live. */
export function isCacheWarm(
	session: Pick<Session, 'entries' | 'model' | 'newest'>,
	nowMs: number,
	messageTtl: '5m' | '1h',
): boolean {
	const last = lastReply(session.entries);
	const prefix = session.newest('prefix');
	if (!last || !prefix || last.model !== session.model || prefix.model !== session.model) return false;
	// With another start nothing behind it is found.
	if (prefix.timestamp > last.timestamp) return false;
	const ttl = prefix.ttl === '5m' ? '5m' : messageTtl;
	return nowMs - last.timestamp < TTL_MS[ttl];
}

/** Position in `branch` up to which the bytes of the last request stand: behind it, everything is new or was changed since. */
export function unchangedSince(session: Pick<Session, 'entries' | 'find'>, branch: readonly Entry[]): number {
	const positions = new Map(branch.map(({ id }, position) => [id, position]));
	let asked: EntryId | null = lastReply(session.entries)?.id ?? null;
	// It may have been asked on another branch: what both have in common is cached.
	while (asked !== null && !positions.has(asked)) asked = session.find(asked)?.parentId ?? null;
	let end = asked === null ? 0 : (positions.get(asked) ?? -1) + 1;
	for (const entry of branch.slice(end)) {
		if (entry.type === 'contextEdit') end = Math.min(end, firstChange(entry, positions));
		if (entry.type === 'compaction') {
			const { after } = entry.replaces;
			end = Math.min(end, after === null ? 0 : (positions.get(after) ?? -1) + 1);
		}
	}
	return end;
}

/** Where the request becomes another one by this edit; infinity when it stays the same. */
export function firstChange(edit: EntryOf<'contextEdit'>, positions: ReadonlyMap<EntryId, number>): number {
	const changed = edit.edits.filter(({ op }) => op !== 'pin' && op !== 'unpin');
	return Math.min(...changed.map(({ ref }) => positions.get(ref.entry) ?? Number.POSITIVE_INFINITY));
}

/**
 * Tokens at the end of the request that are not read from the cache when its bytes stand only up to `unchanged`. The cache holds what ended
 * with a message of the user's, and finds it from the last such message now if it is near enough; `undefined` = it finds nothing of the
 * conversation.
 */
export function uncachedTokens(branch: readonly Entry[], unchanged: number, ratios: TokenRatios): number | undefined {
	const edits = activeEdits(branch);
	const positions = new Map(branch.map(({ id }, position) => [id, position]));
	let tokens = 0;
	/** Counted from the newest message of the user's on. */
	let blocks: number | undefined;
	let isBeforeReply = true;
	for (const { entry, reply, call } of sentEntries(branch, edits.strippedThinking).toReversed()) {
		const isUsers = reply === undefined || entry.type === 'toolResult';
		if (isUsers && blocks === undefined) blocks = 0;
		if (blocks !== undefined && blocks >= LOOK_BACK_BLOCKS) return undefined;
		// A message of the user's ends where a reply follows.
		if (isUsers && isBeforeReply && (positions.get(entry.id) ?? 0) < unchanged) return tokens;
		isBeforeReply = !isUsers;
		tokens += tokensOf(amountsAsEdited(entry, edits), ratios) + (call ? tokensOf(amountsOfEntry(call), ratios) : 0);
		if (blocks !== undefined) blocks += call ? 2 : 'content' in entry ? entry.content.length : 1;
	}
	return undefined;
}

function lastReply(entries: readonly Entry[]): EntryOf<'assistantEnded'> | undefined {
	const last = entries.findLast((entry) => entry.type === 'assistantEnded');
	return last?.type === 'assistantEnded' ? last : undefined;
}
