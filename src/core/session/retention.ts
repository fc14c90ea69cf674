/**
 * Which sessions have expired, and moving them to the trash. Deletes nothing, and asks nobody: telling the user is the caller's.
 */
import { CancelledError, codeOf } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import type { SessionStore, SessionSummary, TrashedSession } from './storePort.ts';

const DAY_MS = 24 * 3_600_000;
/** More than a person brings back; the newest count. */
const MAX_REMEMBERED = 2_000;

export type RetentionRule = {
	readonly nowMs: number;
	/** Sessions that nothing was written to for longer expire; 0 = never. */
	readonly days: number;
	/** Open in this window. */
	readonly openIds: ReadonlySet<string>;
	/** Whether a worktree is there: its changes may be nowhere else. */
	hasWorktree?(worktreeId: string): boolean;
};

/**
 * Not pinned, not open here or in another window, not running, without a worktree, and last written to before the time. Archived ones expire too. A session from the
 * future (a clock was wrong) has no age and stays; so does a damaged one, whose age nobody knows for certain.
 */
export function expiredSessions(
	rows: readonly SessionSummary[],
	{ nowMs, days, openIds, hasWorktree }: RetentionRule,
): readonly SessionSummary[] {
	if (!(days > 0) || !Number.isFinite(nowMs)) return [];
	const before = nowMs - days * DAY_MS;
	return rows.filter(
		(row) =>
			row.updatedAt < before &&
			!row.isPinned &&
			!row.isDamaged &&
			!row.isOpenElsewhere &&
			!openIds.has(row.id) &&
			!(row.worktreeId !== undefined && hasWorktree?.(row.worktreeId)) &&
			CLOSED_STATES.has(row.state),
	);
}

const CLOSED_STATES: ReadonlySet<string> = new Set(['idle', 'interrupted']);

/** Sessions that were in the trash, with the time of their last entry. Who is brought back as it was is not moved again. */
export type KnownTrash = Readonly<Record<string, number>>;

export type RetentionOutcome = {
	/** The names in the trash of what was moved. */
	readonly moved: readonly TrashedSession[];
	/** To be given to the next run. */
	readonly known: KnownTrash;
	/** Codes of the errors of sessions that could not be moved. */
	readonly failed: readonly string[];
};

/** Rejects with UserError when the sessions cannot be listed, and with CancelledError. */
export async function moveExpired(
	sessions: SessionStore,
	rule: RetentionRule & { readonly known: KnownTrash },
	signal: AbortSignal,
): Promise<RetentionOutcome> {
	const rows = rule.days > 0 ? (await sessions.list()).sessions : [];
	const isRestored = (row: SessionSummary) => rule.known[row.id] === row.updatedAt;
	const movedIds = new Set<SessionId>();
	const failed: string[] = [];
	for (const { id } of expiredSessions(rows, rule).filter((row) => !isRestored(row))) {
		if (signal.aborted) throw new CancelledError();
		try {
			await sessions.trash(id);
			movedIds.add(id);
		} catch (error) {
			// In use by now, perhaps; the others need not wait for it.
			failed.push(codeOf(error));
		}
	}
	const trashed = await sessions.listTrash();
	const known = [...trashed.map(({ session }) => session), ...rows.filter(isRestored)]
		.filter((row) => !row.isDamaged)
		.slice(0, MAX_REMEMBERED)
		.map((row) => [row.id, row.updatedAt] as const);
	return { moved: newestOf(trashed, movedIds), known: Object.fromEntries(known), failed };
}

/** Of a session that was trashed more than once, the one that was trashed last. */
function newestOf(trashed: readonly TrashedSession[], ids: ReadonlySet<SessionId>): readonly TrashedSession[] {
	const left = new Set(ids);
	return trashed.filter(({ session }) => left.delete(session.id));
}

/** What the user is told. */
export function retentionNotice(moved: number, days: number): string {
	return `${moved === 1 ? '1 session' : `${moved} sessions`} older than ${days === 1 ? '1 day' : `${days} days`} ${moved === 1 ? 'was' : 'were'} moved to the trash.`;
}

/** Once a day; at once when the clock has been set back. */
export function isRetentionDue(ranAtMs: number | undefined, nowMs: number): boolean {
	if (ranAtMs === undefined) return true;
	const ageMs = nowMs - ranAtMs;
	return ageMs < 0 || ageMs >= DAY_MS;
}
