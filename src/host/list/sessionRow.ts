/** How a row of the sessions tree looks: label, words behind it, icon, menu words, tooltip. Pure; groups are made in sessionList.ts. */
import { plural } from '../../base/text.ts';
import type { TrashedSession } from '../../core/session/storePort.ts';
import {
	dayStarts,
	GROUP_LABELS,
	type ListedSession,
	type SessionActivity,
	type SessionGroup,
	wantingUser,
} from './sessionList.ts';

export type RowView = {
	readonly label: string;
	readonly description: string;
	/** Name of a codicon. */
	readonly icon: string | undefined;
	/** Id of a theme colour. */
	readonly colour: string | undefined;
	/** Words that the menus look for, separated by spaces. */
	readonly context: string;
	/** First the name, then what is known; plain text. */
	readonly tooltip: readonly string[];
	readonly spoken: string;
};

/** Whether the worktree of a session is there; of one that has none, undefined. */
export type WorktreeState = 'there' | 'gone' | undefined;

/** `originTitle` is the name of the session it was forked from, when the list has it. */
export function sessionRow(
	session: ListedSession,
	originTitle: string | undefined,
	nowMs: number,
	worktree?: WorktreeState,
): RowView {
	const { activity, title } = session;
	const isFork = session.originId !== undefined;
	const word = ACTIVITY_TEXT[activity];
	const context = ['session'];
	if (session.isPinned) context.push('pinned');
	if (session.isArchived) context.push('archived');
	if (session.isOpen) context.push('open');
	if (isFork) context.push('fork');
	if (worktree) context.push(worktree === 'there' ? 'worktree' : 'discardedTree');
	return {
		label: title,
		description: [worktree === 'there' ? 'worktree' : '', describeSession(session, nowMs)]
			.filter((part) => part !== '')
			.join(' · '),
		icon:
			activity !== 'none' ? ICONS[activity] : worktree === 'there' ? 'worktree' : isFork ? 'repo-forked' : ICONS.none,
		colour: COLOURS[activity],
		context: context.join(' '),
		tooltip: [title, ...tooltipLines(session, originTitle, worktree)],
		spoken: [
			title,
			word,
			worktree === 'there' ? 'worktree' : '',
			session.isUnread && activity !== 'unread' ? 'unread' : '',
			fullTime(session.updatedAt),
		]
			.filter((part) => part !== '')
			.join(', '),
	};
}

export function trashedRow(trashed: TrashedSession, nowMs: number): RowView {
	const { title, updatedAt, prompts, costUsd } = trashed.session;
	const lines = [
		`In the trash since ${fullTime(trashed.trashedAt)}`,
		numbers({ prompts, costUsd, updatedAt }),
		'Restore it to open it.',
	];
	return {
		label: title,
		description: shortAge(trashed.trashedAt, nowMs, false),
		icon: 'comment',
		colour: 'disabledForeground',
		context: 'trashed',
		tooltip: [title, ...lines],
		spoken: `${title}, in the trash`,
	};
}

/** Days speak for themselves; a group that starts closed says how much is in it. */
export function groupRow(group: SessionGroup): RowView {
	const label = GROUP_LABELS[group.key];
	const isShortened = group.isCollapsed || group.key === 'archived';
	const hasCount = group.isWhole && isShortened;
	return {
		label,
		description: hasCount ? group.ids.length.toLocaleString('en-US') : '',
		icon: undefined,
		colour: undefined,
		context: `group ${group.key}`,
		tooltip: [group.key === 'trash' ? TRASH_TEXT : `${label}: ${plural(group.ids.length, 'session')}`],
		spoken: `${label}, ${plural(group.ids.length, 'session')}`,
	};
}

/** What stands behind the name: what needs to be known first, then when. */
export function describeSession(session: ListedSession, nowMs: number): string {
	const word = ACTIVITY_TEXT[session.activity];
	if (session.activity === 'running' || session.activity === 'runningElsewhere') return word;
	const hasDay = !session.isPinned && !session.isArchived;
	return [word, shortAge(session.updatedAt, nowMs, hasDay)].filter((part) => part !== '').join(' · ');
}

/** The count on the view and which sessions it counts; undefined when none wants the user. */
export function badgeOf(
	sessions: readonly ListedSession[],
): { readonly value: number; readonly tooltip: string } | undefined {
	const { needYou, unread } = wantingUser(sessions);
	const value = needYou.length + unread.length;
	if (value === 0) return undefined;
	const parts: string[] = [];
	if (needYou.length > 0)
		parts.push(
			`${plural(needYou.length, 'session')} ${needYou.length === 1 ? 'needs' : 'need'} you: ${names(needYou)}`,
		);
	if (unread.length > 0) parts.push(`${unread.length} unread: ${names(unread)}`);
	return { value, tooltip: parts.join('\n') };
}

const ACTIVITY_TEXT: Readonly<Record<SessionActivity, string>> = {
	none: '',
	running: 'running',
	needsYou: 'needs you',
	unread: 'unread',
	failed: 'failed',
	interrupted: 'interrupted',
	elsewhere: 'open in another window',
	runningElsewhere: 'running in another window',
	waitingElsewhere: 'waits in another window',
	damaged: 'damaged',
};

const ICONS: Readonly<Record<SessionActivity, string>> = {
	none: 'comment',
	running: 'loading~spin',
	needsYou: 'bell-dot',
	unread: 'circle-filled',
	failed: 'error',
	interrupted: 'debug-pause',
	elsewhere: 'multiple-windows',
	runningElsewhere: 'multiple-windows',
	waitingElsewhere: 'multiple-windows',
	damaged: 'warning',
};
/** What asks for attention has the colour of it; everything else stays quiet. */
const COLOURS: Partial<Readonly<Record<SessionActivity, string>>> = {
	needsYou: 'notificationsInfoIcon.foreground',
	unread: 'notificationsInfoIcon.foreground',
	failed: 'problemsErrorIcon.foreground',
	damaged: 'problemsWarningIcon.foreground',
};
const TRASH_TEXT = 'Deleted sessions. They can be restored until the trash is emptied.';
const MAX_NAMES = 5;
const MINUTE_MS = 60_000;

function tooltipLines(
	session: ListedSession,
	originTitle: string | undefined,
	worktree: WorktreeState,
): readonly string[] {
	const lines: string[] = [];
	if (session.activity === 'damaged') lines.push('Damaged: opens as far as it can be read.');
	else if (session.activity !== 'none') lines.push(capital(ACTIVITY_TEXT[session.activity]));
	if (worktree) lines.push(worktree === 'there' ? 'Works in a worktree' : 'Its worktree was discarded');
	if (session.originId !== undefined) lines.push(originTitle === undefined ? 'A fork' : `Fork of “${originTitle}”`);
	if (session.lastPrompt !== '' && session.lastPrompt !== session.title)
		lines.push(`Last prompt: ${session.lastPrompt}`);
	lines.push(numbers(session));
	return lines;
}

function numbers(facts: { readonly updatedAt: number; readonly prompts?: number; readonly costUsd?: number }): string {
	const parts = [fullTime(facts.updatedAt)];
	if (facts.prompts !== undefined) parts.push(plural(facts.prompts, 'prompt'));
	if (facts.costUsd !== undefined && facts.costUsd >= 0.005) parts.push(`$${facts.costUsd.toFixed(2)}`);
	return parts.join(' · ');
}

/** Today by how long ago; before that the group says the day (`hasDay`), or the words do. */
function shortAge(timeMs: number, nowMs: number, hasDay: boolean): string {
	const days = dayStarts(nowMs);
	const minutes = Math.floor(Math.max(0, nowMs - timeMs) / MINUTE_MS);
	if (timeMs >= days.today) {
		if (minutes < 1) return 'now';
		return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
	}
	const date = new Date(timeMs);
	if (timeMs >= days.yesterday && !hasDay) return 'yesterday';
	if (timeMs >= days.yesterday) return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
	if (timeMs >= days.week) return date.toLocaleDateString('en-US', { weekday: 'short' });
	const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
	return date.toLocaleDateString('en-US', {
		month: 'short',
		day: 'numeric',
		...(isThisYear ? {} : { year: 'numeric' as const }),
	});
}

function names(sessions: readonly ListedSession[]): string {
	const shown = sessions.slice(0, MAX_NAMES).map((one) => `“${one.title}”`);
	if (sessions.length > shown.length) shown.push(`${sessions.length - shown.length} more`);
	return shown.join(', ');
}

const fullTime = (timeMs: number): string => new Date(timeMs).toLocaleString();
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
