/**
 * What a session was shown of files in this window, so that writing a whole file does not put back what somebody changed since. In memory: after
 * a reload nothing is known, and nothing is refused.
 */
import type { Session } from '../session/sessionTypes.ts';

const shown = new WeakMap<Session, Map<string, string>>();

export function noteShown(session: Session, absolute: string, hash: string): void {
	const files = shown.get(session) ?? new Map<string, string>();
	shown.set(session, files.set(absolute, hash));
}

/** The session has written it: what it knows now is its own. */
export function forgetShown(session: Session, absolute: string): void {
	shown.get(session)?.delete(absolute);
}

/** False for a file that was not shown. */
export function isOtherThanShown(session: Session, absolute: string, hash: () => string): boolean {
	const before = shown.get(session)?.get(absolute);
	return before !== undefined && before !== hash();
}
