/** The session list as rows: what is on disk, overlaid with what is open, grouped by day. Pure. */
import type { SessionId } from '../base/ids.ts';
import type { SessionSummary } from '../core/ports.ts';

type SessionActivity = 'none' | 'running' | 'needsYou' | 'failed' | 'interrupted' | 'elsewhere' | 'damaged';
export type ListedSession = {
	readonly id: SessionId;
	readonly title: string;
	readonly updatedAt: number;
	readonly activity: SessionActivity;
	readonly prompts?: number;
	readonly costUsd?: number;
};
export type OpenState = {
	readonly id: SessionId;
	readonly title: string;
	/** A session without entries has no file and no row. */
	readonly hasEntries: boolean;
	/** Another window holds it. */
	readonly isReadOnly: boolean;
	readonly updatedAt: number;
	readonly activity: 'none' | 'running' | 'needsYou' | 'failed';
};

/** Newest first. What is open here is newer than its summary on disk. */
export function mergeList(stored: readonly SessionSummary[], open: readonly OpenState[]): readonly ListedSession[] {
	const rows = new Map<SessionId, ListedSession>();
	for (const one of stored)
		rows.set(one.id, {
			id: one.id,
			title: one.title,
			updatedAt: one.updatedAt,
			activity: storedActivity(one),
			prompts: one.prompts,
			costUsd: one.costUsd,
		});
	for (const one of open) {
		if (!one.hasEntries) continue;
		const row = rows.get(one.id);
		const storedActivity = row && !one.isReadOnly ? withoutElsewhere(row.activity) : row?.activity;
		const activity = one.activity === 'none' ? (storedActivity ?? 'none') : one.activity;
		rows.set(one.id, {
			...row,
			id: one.id,
			title: one.title,
			updatedAt: Math.max(one.updatedAt, row?.updatedAt ?? 0),
			activity,
		});
	}
	return [...rows.values()].sort((a, b) => b.updatedAt - a.updatedAt);
}

export type SessionGroup = { readonly label: string; readonly sessions: readonly ListedSession[] };

/** By calendar day of the local time zone; empty groups are left out. */
export function sessionGroups(sessions: readonly ListedSession[], nowMs: number): readonly SessionGroup[] {
	const today = startOfDay(nowMs, 0);
	const bounds: readonly (readonly [string, number])[] = [
		['Today', today],
		['Yesterday', startOfDay(nowMs, -1)],
		['This week', startOfDay(nowMs, -7)],
		['Older', Number.NEGATIVE_INFINITY],
	];
	const groups = new Map<string, ListedSession[]>(bounds.map(([label]) => [label, []]));
	for (const session of sessions) {
		const label = bounds.find(([, from]) => session.updatedAt >= from)?.[0] ?? 'Older';
		groups.get(label)?.push(session);
	}
	return [...groups].filter(([, rows]) => rows.length > 0).map(([label, rows]) => ({ label, sessions: rows }));
}

/** What stands behind the name: what needs to be known first, then when, then what it cost. */
export function describeSession(session: ListedSession, nowMs: number): string {
	const { activity, updatedAt, costUsd = 0 } = session;
	const parts = [ACTIVITY_TEXT[activity], shortAge(updatedAt, nowMs)];
	if (costUsd >= 0.005) parts.push(`$${costUsd.toFixed(2)}`);
	return parts.filter((part) => part !== '').join(' · ');
}

export const ACTIVITY_TEXT: Readonly<Record<SessionActivity, string>> = {
	none: '',
	running: 'running',
	needsYou: 'needs you',
	failed: 'failed',
	interrupted: 'interrupted',
	elsewhere: 'open in another window',
	damaged: 'damaged',
};

const MINUTE_MS = 60_000;

/** Today by how long ago; before that the group says the day, or the date does. */
function shortAge(timeMs: number, nowMs: number): string {
	const minutes = Math.floor(Math.max(0, nowMs - timeMs) / MINUTE_MS);
	if (timeMs >= startOfDay(nowMs, 0)) {
		if (minutes < 1) return 'now';
		return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
	}
	const date = new Date(timeMs);
	if (timeMs >= startOfDay(nowMs, -1)) return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
	if (timeMs >= startOfDay(nowMs, -7)) return date.toLocaleDateString('en-US', { weekday: 'long' });
	const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
	return date.toLocaleDateString('en-US', {
		month: 'short',
		day: 'numeric',
		...(isThisYear ? {} : { year: 'numeric' as const }),
	});
}

function storedActivity(one: SessionSummary): SessionActivity {
	if (one.isDamaged) return 'damaged';
	if (one.isOpenElsewhere) return 'elsewhere';
	return one.state === 'interrupted' ? 'interrupted' : 'none';
}

/** The lease is ours, whatever the list says. */
const withoutElsewhere = (activity: SessionActivity): SessionActivity => (activity === 'elsewhere' ? 'none' : activity);

/** Local midnight `days` away, also over a change of summer time. */
function startOfDay(nowMs: number, days: number): number {
	const date = new Date(nowMs);
	return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
