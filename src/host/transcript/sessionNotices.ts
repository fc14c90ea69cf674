/** What the transcript of an open session says beside the log: damage, who else holds it, and a turn that was cut off. Pure. */
import { plural } from '../../base/text.ts';
import type { PoolWait } from '../../core/agent/requestPool.ts';
import type { TurnEvent } from '../../core/agent/turnTypes.ts';
import type { Entry } from '../../core/session/entry.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import type { LogProblem, Session } from '../../core/session/sessionTypes.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { actionsFor, notice } from './noticeRows.ts';
import type { ItemOf } from './transcriptRows.ts';

const MAX_SHOWN_PROBLEMS = 5;
const UNREADABLE_TEXT =
	'Part of this session’s log is damaged. It stays in the file and is left out here. All the rest is shown, and you can go on from it.';
const LATE_TEXT =
	'came from a window that no longer owned the session. They stay in the file and are left out of the conversation.';

export const CUT_OFF = notice(
	'local:interrupted',
	'info',
	'The window closed while this turn ran. What was finished is kept. Try again, or send something else.',
	[{ label: 'Try Again', action: 'retry' }],
);

/** The last turn has neither ended nor been marked as interrupted. */
export function isCutOff(branch: readonly Entry[]): boolean {
	const last = branch.findLast((entry) => ['user', 'turnEnded', 'interrupted'].includes(entry.type));
	return last?.type === 'user';
}

/** How to go on with a session that cannot be written here; why is said above the transcript. */
export function readOnlyNotice(session: Session): ItemOf<'notice'> {
	if (isInTrash(session)) return IN_TRASH;
	if (isNewerVersion(session)) return notice('local:read-only', 'info', 'Nothing can be sent here.');
	const text =
		'To go on here, take the session over: the other window can then only read it, and a turn that runs there stops. Or go on in a fork, which is a session of its own.';
	return notice('local:read-only', 'info', text, actionsFor('session-read-only'));
}

const IN_TRASH = notice(
	'local:read-only',
	'info',
	'This session is in the trash. Restore it to go on with it, or go on in a fork, which is a session of its own.',
	[
		{ label: 'Restore', action: 'restore' },
		...actionsFor('session-read-only').filter(({ action }) => action === 'fork'),
	],
);

/** A fork of what is no end of a turn: from a prompt, or from a message in the middle. */
export const FORKED_IN_TURN = notice(
	'local:interrupted',
	'info',
	'This fork begins before the turn was over. Let it go on from here, or send something else.',
	[{ label: 'Go On', action: 'retry' }],
);

/** The window that held the session has closed it. */
export const OWNER_LEFT = notice('local:read-only', 'info', 'The other window closed this session. Go on here.', [
	{ label: 'Go On Here', action: 'goOn' },
	...actionsFor('session-read-only').filter(({ action }) => action === 'fork'),
]);

/** A newer version of Retrace wrote it: it stays read-only here, whoever holds it. */
export function isNewerVersion(session: Session): boolean {
	return session.problems.some((problem) => problem.kind === 'newerVersion');
}

/** What is wrong with the log, in at most two notices: what cannot be read, and what came too late. */
export function problemNotices(problems: readonly LogProblem[]): TranscriptItem[] {
	const unreadable = problems.filter(({ kind }) => kind !== 'duplicate' && kind !== 'late');
	const late = problems.filter(({ kind }) => kind === 'late');
	const log = actionsFor('log');
	const notices: TranscriptItem[] = [];
	if (unreadable.length > 0) {
		const lines = unreadable.slice(0, MAX_SHOWN_PROBLEMS).map(({ message }) => `• ${message.replace(/\.?$/, '.')}`);
		if (unreadable.length > lines.length) lines.push(`• and ${unreadable.length - lines.length} more`);
		const text = [UNREADABLE_TEXT, ...lines].join('\n');
		notices.push(notice('local:problems', 'warning', text, log));
	}
	if (late.length > 0)
		notices.push(notice('local:late', 'info', `${plural(late.length, 'line')} of the log ${LATE_TEXT}`, log));
	return notices;
}

/** `Summarizing the conversation to make room … 2,400 characters`. */
export function compactingText({ chars, wanted }: Extract<TurnEvent, { kind: 'compacting' }>): string {
	const what = wanted === 'brief' ? 'Drafting a brief' : 'Summarizing the conversation to make room';
	return `${what} … ${chars.toLocaleString('en-US')} characters`;
}

/** Why a request is not on its way yet. */
export function waitingText(why: PoolWait): string {
	if (why.kind === 'queued')
		return why.ahead === 0
			? 'Waiting for its turn: other requests are on their way'
			: `Waiting for its turn: other requests are on their way, ${why.ahead} more come first`;
	const seconds = Math.max(1, Math.round(why.delayMs / 1000));
	const cause = why.cause === 'rateLimit' ? 'The rate limit is reached' : 'The endpoint is overloaded';
	return `${cause}. All sessions wait ${seconds} s`;
}

/** `Overloaded. Trying again in 4 s (2 of 8)`. */
export function retryText(event: Extract<TurnEvent, { kind: 'retrying' }>): string {
	const seconds = Math.max(1, Math.round(event.delayMs / 1000));
	const cause = event.message.replace(/\.$/, '');
	return `${cause}. Trying again in ${seconds} s (${event.attempt} of ${event.maxAttempts})`;
}
