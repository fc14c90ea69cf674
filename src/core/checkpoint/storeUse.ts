/**
 * What a store of sessions holds, and what may go from it to keep within a limit. Pure. Only stored contents go, never a line of a log; of
 * files only those of sessions that are neither pinned nor open.
 */
import type { Sha256 } from '../../base/ids.ts';

export type StoredSession = {
	/** Opaque: a session and one in the trash may have the same id. */
	readonly key: string;
	readonly sessionId: string;
	readonly isTrashed: boolean;
	/** Its log, with those of its subagents. */
	readonly logBytes: number;
	readonly modifiedMs: number;
};

export type StoredContent = {
	readonly sha: Sha256;
	readonly sizeBytes: number;
	/** When it was put last, within a day. */
	readonly modifiedMs: number;
	/** Keys of sessions that name it as what a file held. */
	readonly files: readonly string[];
	/** Keys of sessions that need it for something else: the conversation, a plan. */
	readonly others: readonly string[];
};

export type StoreUse = {
	readonly sessions: readonly StoredSession[];
	readonly contents: readonly StoredContent[];
};

/** The port of the store: what it holds, and taking contents from it. */
export type StoreBudget = {
	/** Quick: adds up sizes and reads no log. */
	sizeBytes(signal: AbortSignal): Promise<number>;
	examine(signal: AbortSignal): Promise<StoreUse>;
	/** Removes these, unless they were put again meanwhile. Who asks for one afterwards is told why it is gone. */
	remove(
		shas: readonly Sha256[],
		signal: AbortSignal,
	): Promise<{ readonly removed: number; readonly removedBytes: number }>;
};

export const totalBytes = ({ sessions, contents }: StoreUse): number =>
	sum(sessions.map(({ logBytes }) => logBytes)) + sum(contents.map(({ sizeBytes }) => sizeBytes));

export type SessionUse = {
	readonly session: StoredSession;
	/** Contents that only this session names. */
	readonly ownBytes: number;
	/** Of these, what files held. */
	readonly fileBytes: number;
	/** Contents that others name as well. */
	readonly sharedBytes: number;
};

/** The largest first. */
export function useBySession({ sessions, contents }: StoreUse): readonly SessionUse[] {
	const rows = new Map(
		sessions.map((session) => [session.key, { session, ownBytes: 0, fileBytes: 0, sharedBytes: 0 }]),
	);
	for (const { sizeBytes, files, others } of contents) {
		const keys = new Set([...files, ...others]);
		for (const key of keys) {
			const row = rows.get(key);
			if (!row) continue;
			if (keys.size > 1) row.sharedBytes += sizeBytes;
			else {
				row.ownBytes += sizeBytes;
				if (others.length === 0) row.fileBytes += sizeBytes;
			}
		}
	}
	const sizeOf = (row: SessionUse) => row.session.logBytes + row.ownBytes;
	return [...rows.values()].sort((a, b) => sizeOf(b) - sizeOf(a));
}

export type PurgePlan = {
	readonly contents: readonly StoredContent[];
	readonly freedBytes: number;
	/** Of it, what no log names any more. */
	readonly unnamedBytes: number;
	/** The sessions that lose contents of files. */
	readonly sessions: readonly StoredSession[];
	/** Whether the store is within the limit afterwards. */
	readonly isEnough: boolean;
};

export type PurgeRule = {
	readonly limitBytes: number;
	/** Pinned and open ones. */
	readonly keptIds: ReadonlySet<string>;
	readonly nowMs: number;
};

/** A content counts as new for this long: who stored it may be about to name it, or keeps it as a copy from before the next command. */
export const NEW_FOR_MS = 7 * 24 * 3_600_000;

/** What goes so that the store comes within the limit: what nobody names first, then contents of files, of the oldest sessions first. */
export function planPurge(use: StoreUse, { limitBytes, keptIds, nowMs }: PurgeRule): PurgePlan {
	const excess = totalBytes(use) - limitBytes;
	const old = use.contents.filter(({ modifiedMs }) => modifiedMs < nowMs - NEW_FOR_MS);
	const chosen: StoredContent[] = [];
	let freedBytes = 0;
	const take = (content: StoredContent): boolean => {
		if (freedBytes >= excess) return false;
		chosen.push(content);
		freedBytes += content.sizeBytes;
		return true;
	};
	const byAge = (a: { readonly modifiedMs: number }, b: { readonly modifiedMs: number }) => a.modifiedMs - b.modifiedMs;
	for (const content of old.filter(isUnnamed).sort(byAge)) take(content);
	const unnamedBytes = freedBytes;
	const sessions: StoredSession[] = [];
	const given = new Set<string>();
	const waiting = new Set(old.filter(({ files, others }) => others.length === 0 && files.length > 0));
	for (const session of use.sessions.filter(({ sessionId }) => !keptIds.has(sessionId)).sort(byAge)) {
		if (freedBytes >= excess) break;
		given.add(session.key);
		const free = [...waiting].filter(({ files }) => files.every((key) => given.has(key))).sort(byAge);
		let hasLost = false;
		for (const content of free) {
			if (!take(content)) break;
			waiting.delete(content);
			hasLost = true;
		}
		if (hasLost) sessions.push(session);
	}
	return { contents: chosen, freedBytes, unnamedBytes, sessions, isEnough: freedBytes >= excess };
}

/** What goes with the contents of files of one session alone. */
export function planSessionPurge(use: StoreUse, key: string, nowMs: number): PurgePlan {
	const contents = use.contents.filter(
		({ files, others, modifiedMs }) =>
			others.length === 0 && files.length === 1 && files[0] === key && modifiedMs < nowMs - NEW_FOR_MS,
	);
	const sessions = contents.length === 0 ? [] : use.sessions.filter((session) => session.key === key);
	const freedBytes = sum(contents.map(({ sizeBytes }) => sizeBytes));
	return { contents, freedBytes, unnamedBytes: 0, sessions, isEnough: true };
}

const isUnnamed = ({ files, others }: StoredContent): boolean => files.length === 0 && others.length === 0;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
