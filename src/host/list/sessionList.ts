/**
 * The session list as rows: what is on disk, overlaid with what is open and what was not seen yet; grouped and filtered. Pure.
 * How a row looks is in sessionRow.ts.
 */
import type { SessionId } from '../../base/ids.ts';
import type { SessionSummary, TrashedSession } from '../../core/session/storePort.ts';

/** The one thing about a session that its icon tells. */
export type SessionActivity =
	| 'none'
	| 'running'
	| 'needsYou'
	| 'unread'
	| 'failed'
	| 'interrupted'
	| 'elsewhere'
	| 'runningElsewhere'
	| 'waitingElsewhere'
	| 'damaged';

export type ListedSession = {
	readonly id: SessionId;
	readonly title: string;
	readonly lastPrompt: string;
	readonly updatedAt: number;
	readonly activity: SessionActivity;
	/** A turn ended while the session was not shown. */
	readonly isUnread: boolean;
	readonly isPinned: boolean;
	readonly isArchived: boolean;
	/** Open in this window. */
	readonly isOpen: boolean;
	readonly originId: SessionId | undefined;
	/** It works in a copy of the workspace. */
	readonly worktreeId?: string;
	readonly prompts?: number;
	readonly costUsd?: number;
	readonly sizeBytes?: number;
};

export type OpenState = {
	readonly id: SessionId;
	readonly title: string;
	readonly lastPrompt: string;
	/** A session without entries has no file and no row. */
	readonly hasEntries: boolean;
	/** Another window holds it. */
	readonly isReadOnly: boolean;
	readonly updatedAt: number;
	readonly activity: 'none' | 'running' | 'needsYou' | 'failed';
	readonly isPinned: boolean;
	readonly isArchived: boolean;
	readonly originId: SessionId | undefined;
	readonly worktreeId?: string;
};

/** Newest first. What is open here is newer than its summary on disk. */
export function mergeList(
	stored: readonly SessionSummary[],
	open: readonly OpenState[],
	unread: ReadonlySet<string> = new Set(),
): readonly ListedSession[] {
	const rows = new Map<SessionId, ListedSession>();
	for (const one of stored) {
		const isUnread = unread.has(one.id);
		rows.set(one.id, {
			id: one.id,
			title: one.title,
			lastPrompt: one.lastPrompt,
			updatedAt: one.updatedAt,
			activity: storedActivity(one, isUnread),
			isUnread,
			isPinned: one.isPinned,
			isArchived: one.isArchived,
			isOpen: false,
			originId: one.originId,
			...(one.worktreeId === undefined ? {} : { worktreeId: one.worktreeId }),
			prompts: one.prompts,
			costUsd: one.costUsd,
			sizeBytes: one.sizeBytes,
		});
	}
	for (const one of open) if (one.hasEntries) rows.set(one.id, overlay(rows.get(one.id), one, unread.has(one.id)));
	return [...rows.values()].sort((a, b) => b.updatedAt - a.updatedAt);
}

export const GROUP_LABELS = {
	pinned: 'Pinned',
	today: 'Today',
	yesterday: 'Yesterday',
	week: 'This week',
	older: 'Older',
	archived: 'Archived',
	trash: 'Trash',
} as const;
export type GroupKey = keyof typeof GROUP_LABELS;

export type SessionGroup = {
	readonly key: GroupKey;
	/** Ids of sessions; in the trash, names. */
	readonly ids: readonly string[];
	/** How it is shown at first. */
	readonly isCollapsed: boolean;
	/** All of it was read. */
	readonly isWhole: boolean;
};

/** More sessions than this of days gone by are not shown at once. */
const MANY_SESSIONS = 50;

/**
 * Pinned first, then by calendar day of the local time zone; empty groups are left out. `unreadRows` are on the disk and older than
 * all these: a group keeps the state that VS Code saw first, so they count before they are read.
 */
export function sessionGroups(
	sessions: readonly ListedSession[],
	trash: readonly TrashedSession[],
	nowMs: number,
	unreadRows = 0,
): readonly SessionGroup[] {
	const days = dayStarts(nowMs);
	const ids: Record<GroupKey, string[]> = {
		pinned: [],
		today: [],
		yesterday: [],
		week: [],
		older: [],
		archived: [],
		trash: trash.map((one) => one.name),
	};
	for (const session of sessions) ids[groupOf(session, days)].push(session.id);
	const groups: SessionGroup[] = [];
	for (const key of GROUP_ORDER)
		if (ids[key].length > 0)
			groups.push({
				key,
				ids: ids[key],
				isCollapsed: isCollapsed(key, ids[key].length + unreadRows),
				isWhole: key === 'trash' || unreadRows === 0,
			});
	return groups;
}

/** Whether the same rows stand in the same places. */
export function isSameArrangement(left: readonly SessionGroup[], right: readonly SessionGroup[]): boolean {
	if (left.length !== right.length) return false;
	return left.every((group, index) => {
		const other = right[index];
		return (
			other?.key === group.key &&
			other.ids.length === group.ids.length &&
			group.ids.every((id, at) => id === other.ids[at])
		);
	});
}

/** Each word stands in the name or the last prompt; case does not count. */
export function matchesFilter(
	session: { readonly title: string; readonly lastPrompt: string },
	filter: string,
): boolean {
	const text = `${session.title}\n${session.lastPrompt}`.toLowerCase();
	return words(filter).every((word) => text.includes(word));
}

/** Sessions that want the user, in the order of the list. */
export function wantingUser(sessions: readonly ListedSession[]): {
	readonly needYou: readonly ListedSession[];
	readonly unread: readonly ListedSession[];
} {
	const needYou = sessions.filter((one) => one.activity === 'needsYou');
	return { needYou, unread: sessions.filter((one) => one.isUnread && one.activity !== 'needsYou') };
}

/** Local midnights: today, yesterday, six more days back. Also right over a change of summer time. */
export function dayStarts(nowMs: number): {
	readonly today: number;
	readonly yesterday: number;
	readonly week: number;
} {
	return { today: startOfDay(nowMs, 0), yesterday: startOfDay(nowMs, -1), week: startOfDay(nowMs, -7) };
}

const GROUP_ORDER: readonly GroupKey[] = ['pinned', 'today', 'yesterday', 'week', 'older', 'archived', 'trash'];
const ELSEWHERE: Partial<Readonly<Record<string, SessionActivity>>> = {
	streaming: 'runningElsewhere',
	runningTool: 'runningElsewhere',
	awaitingUser: 'waitingElsewhere',
};
const ELSEWHERE_ACTIVITIES: ReadonlySet<SessionActivity> = new Set([
	'elsewhere',
	'runningElsewhere',
	'waitingElsewhere',
]);

function overlay(row: ListedSession | undefined, one: OpenState, isUnread: boolean): ListedSession {
	const known = row?.activity ?? 'none';
	// The lease is ours, whatever the list says.
	const stored = one.isReadOnly || !ELSEWHERE_ACTIVITIES.has(known) ? known : 'none';
	return {
		...row,
		id: one.id,
		title: one.title,
		lastPrompt: one.lastPrompt || (row?.lastPrompt ?? ''),
		// What is written there while it is only looked at here is known from the disk alone.
		updatedAt: one.isReadOnly ? Math.max(one.updatedAt, row?.updatedAt ?? 0) : one.updatedAt,
		activity: one.activity === 'none' ? (isUnread && stored === 'none' ? 'unread' : stored) : one.activity,
		isUnread,
		isPinned: one.isPinned,
		isArchived: one.isArchived,
		isOpen: true,
		originId: one.originId,
		...(one.worktreeId === undefined ? {} : { worktreeId: one.worktreeId }),
	};
}

function storedActivity(one: SessionSummary, isUnread: boolean): SessionActivity {
	if (one.isDamaged) return 'damaged';
	if (one.isOpenElsewhere) return ELSEWHERE[one.state] ?? 'elsewhere';
	if (isUnread) return 'unread';
	return one.state === 'interrupted' || one.state === 'failed' ? one.state : 'none';
}

function groupOf(session: ListedSession, days: ReturnType<typeof dayStarts>): GroupKey {
	if (session.isPinned) return 'pinned';
	// What wants the user is not hidden in a closed group.
	const isWanting = session.isUnread || session.activity === 'running' || session.activity === 'needsYou';
	if (session.isArchived && !isWanting) return 'archived';
	if (session.updatedAt >= days.today) return 'today';
	if (session.updatedAt >= days.yesterday) return 'yesterday';
	return session.updatedAt >= days.week ? 'week' : 'older';
}

function isCollapsed(key: GroupKey, count: number): boolean {
	if (key === 'archived' || key === 'trash') return true;
	return (key === 'older' || key === 'week') && count > MANY_SESSIONS;
}

const words = (text: string): readonly string[] =>
	text
		.toLowerCase()
		.split(/\s+/)
		.filter((word) => word !== '');

function startOfDay(nowMs: number, days: number): number {
	const date = new Date(nowMs);
	return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
