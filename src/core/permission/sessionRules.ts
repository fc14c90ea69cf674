/**
 * The rules that *Always allow* added in a session, read back from its log, so that they hold after a reload. Also what stands in the part of
 * the log that is not loaded, behind a compaction, say.
 */
import { codeOf } from '../../base/errors.ts';
import type { Trace } from '../../base/trace.ts';
import type { Entry } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import type { Session } from '../session/sessionTypes.ts';

type ReadSession = Pick<Session, 'id' | 'isWhole' | 'entries' | 'history'>;
export type SessionRules = () => Promise<readonly string[]>;

/**
 * Starts to read what is not loaded, once; the rules of the newest calls are always among the answer. Never rejects: a log that cannot be read
 * only means that the user is asked again.
 */
export function readSessionRules(session: ReadSession, trace: Trace, signal: AbortSignal): SessionRules {
	const earlier = session.isWhole ? Promise.resolve([]) : readEarlier(session, trace, signal);
	return async () => rulesIn(session.entries, await earlier);
}

async function readEarlier(session: ReadSession, trace: Trace, signal: AbortSignal): Promise<readonly string[]> {
	try {
		return rulesIn(await session.history(['permission', 'state'], signal));
	} catch (error) {
		trace({ event: 'rulesUnread', sessionId: session.id, code: codeOf(error) });
		return [];
	}
}

/** Those of other scopes are kept elsewhere. What was taken back holds again only when it is added again. */
function rulesIn(entries: readonly Entry[], earlier: readonly string[] = []): readonly string[] {
	const rules = new Set(earlier);
	for (const { added, removed } of changesIn(entries)) {
		for (const rule of removed) rules.delete(rule);
		for (const rule of added) rules.add(rule);
	}
	return [...rules];
}

type RuleChange = { readonly added: readonly string[]; readonly removed: readonly string[] };

const changesIn = foldEntries<readonly RuleChange[]>([], (changes, entry) => {
	if (entry.type === 'state' && entry.removedRules) return [...changes, { added: [], removed: entry.removedRules }];
	if (entry.type !== 'permission' || entry.verdict !== 'alwaysAllow' || entry.scope !== undefined) return changes;
	const added = entry.rules ?? (entry.rule === undefined ? [] : [entry.rule]);
	return [...changes, { added, removed: [] }];
});
