/**
 * `@session:…` in a prompt: how a session is named there, which one a name means, and the digest that is attached for it.
 * Reads; changes no session. Which words of a prompt are mentions is in mentions.ts.
 */

import type { SessionId } from '../../base/ids.ts';
import { isDigestFull, sessionDigest } from '../../core/session/digest.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import { withSession } from '../list/sessionState.ts';
import type { OpenSessions } from '../session/openSessions.ts';

const SESSION_PREFIX = 'session:';
/** The end of an id is random; its start is the time. */
const ID_END_CHARS = 6;
const MAX_SLUG_CHARS = 28;

type Named = { readonly id: SessionId; readonly title: string };

/** `@session:guard-the-area-function-3f9a2c`: readable, without spaces, and still this one after a rename. */
export function sessionMention({ id, title }: Named): string {
	const slug = slugOf(title);
	return `@${SESSION_PREFIX}${slug === '' ? '' : `${slug}-`}${id.slice(-ID_END_CHARS)}`;
}

/** What follows `session:` in a mention, or undefined when it names something else. */
export function mentionedSessionName(mention: string): string | undefined {
	return mention.startsWith(SESSION_PREFIX) ? mention.slice(SESSION_PREFIX.length) : undefined;
}

/** By id, by the end of the id, or by the name when only one session has it. */
export function findMentioned<T extends Named>(name: string, sessions: readonly T[]): T | undefined {
	const byId = sessions.find((one) => one.id === name);
	if (byId) return byId;
	const end = name.slice(-ID_END_CHARS);
	const isWhole = name.length === end.length || name.at(-ID_END_CHARS - 1) === '-';
	const byEnd = sessions.filter((one) => isWhole && one.id.endsWith(end));
	if (end.length === ID_END_CHARS && byEnd.length === 1) return byEnd[0];
	const slug = slugOf(name);
	const byTitle = sessions.filter((one) => slug !== '' && slugOf(one.title) === slug);
	return byTitle.length === 1 ? byTitle[0] : undefined;
}

/** Text to attach for a mention; undefined when it means no session. */
export type SessionDigests = (name: string) => Promise<{ readonly title: string; readonly text: string } | undefined>;

export function createSessionDigests(
	store: Pick<SessionStore, 'list'>,
	sessions: Pick<OpenSessions, 'all' | 'find' | 'open' | 'close'>,
): SessionDigests {
	return async (name) => {
		const { sessions: stored } = await store.list();
		const open = sessions.all.map(({ session }) => ({ id: session.id, title: session.title }));
		const known = new Map([...stored, ...open].map((one) => [one.id, { id: one.id, title: one.title }]));
		const found = findMentioned(name, [...known.values()]);
		if (!found) return undefined;
		return await withSession(found.id, sessions, async ({ session }) => {
			while (session.hasOlder && !isDigestFull(session.branch())) if (!(await session.loadOlder())) break;
			const { title, hasOlder } = session;
			return { title, text: sessionDigest({ title, branch: session.branch(), hasOlder }) };
		});
	};
}

function slugOf(title: string): string {
	const slug = title
		.toLowerCase()
		.replace(/[^\p{L}\p{N}]+/gu, '-')
		.replace(/^-+|-+$/g, '');
	return [...slug].slice(0, MAX_SLUG_CHARS).join('').replace(/-+$/, '');
}
