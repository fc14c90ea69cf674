/**
 * Whether a write would go over what another session has just written to the same file, without this one having seen it since. Pure; who wrote
 * what, and who saw it, is kept by `fileTraffic.ts`.
 */
import type { SessionId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import type { PermissionMode } from '../session/entry.ts';
import { plainName } from '../session/titles.ts';
import type { Effect } from '../tools/tool.ts';
import type { Decision } from './decide.ts';
import { type FileFacts, RECENT_MS } from './fileTraffic.ts';

/** What the user is told before the write, as a sentence without a dot; undefined when nothing is in the way. */
export function collisionCause(facts: FileFacts, own: SessionId, nowMs: number): string | undefined {
	const newest = facts.writes
		.filter(({ sessionId, at }) => sessionId !== own && nowMs - at < RECENT_MS && at > (facts.seenAt ?? 0))
		.sort((left, right) => right.at - left.at)[0];
	return newest && `Changed by session “${plainName(newest.title)}” ${ago(nowMs - newest.at)}, and not read here since`;
}

/**
 * The decision with the collision in it: what would be allowed asks first, and what asks says it too. No rule is offered, since none should
 * cover it. Where each edit is shown before it is made, that is the question, and its card tells of the collision.
 */
export function withCollision(
	decision: Decision,
	collision: string | undefined,
	call: { readonly effect: Effect; readonly mode: PermissionMode },
): Decision {
	if (collision === undefined || call.effect !== 'write' || decision.kind === 'deny') return decision;
	if (decision.kind === 'ask') return { ...decision, cause: `${decision.cause}. ${collision}` };
	return call.mode === 'ask' ? decision : { kind: 'ask', cause: collision };
}

/** A clock that was set back makes no future. */
function ago(ms: number): string {
	const minutes = Math.floor(Math.max(0, ms) / 60_000);
	return minutes === 0 ? 'just now' : `${plural(minutes, 'minute')} ago`;
}
