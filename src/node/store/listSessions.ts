/**
 * The list of a workspace's sessions from the ends of their logs. What a log says comes from the index where that still holds;
 * who holds a session is looked up each time. Changes nothing but the index.
 */
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { codeOf } from '../../base/errors.ts';
import { asSessionId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import { logUnreadable } from '../../core/session/sessionErrors.ts';
import type { SessionStore, SessionSummary } from '../../core/session/storePort.ts';
import { type RowOwner, type SessionRow, shownRow } from '../../core/session/summary.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { readOwner } from './lease.ts';
import { type FileStamp, readLogEnd, stampOf } from './readLogEnd.ts';
import { createSessionIndex, type SessionIndex } from './sessionIndex.ts';

export const LOG_ENDING = '.jsonl';
const LEASE_ENDING = '.lease';

export type SessionLister = {
	readonly list: SessionStore['list'];
	readonly index: SessionIndex;
};

export type SessionListerOptions = {
	/** The storage folder. */
	readonly folder: string;
	readonly window: string;
	readonly trace: Trace;
};

export function createSessionLister({ folder, window, trace }: SessionListerOptions): SessionLister {
	const sessions = join(folder, 'sessions');
	const index = createSessionIndex(folder, trace);
	const failed = (id: string, code: string) => trace({ event: 'session.listFailed', sessionId: id, code });

	/** Undefined for what cannot be read; another failure never costs the rest of the list. */
	const attempt = <T>(id: string, step: () => T): T | undefined => {
		try {
			return step();
		} catch (error) {
			failed(id, systemCode(error) ?? codeOf(error));
			return undefined;
		}
	};
	const ownerOf = (id: string): RowOwner => {
		const owner = readOwner(join(sessions, `${id}${LEASE_ENDING}`), window);
		return { isOwned: owner?.isAlive ?? false, isOpenElsewhere: (owner?.isAlive && !owner.isOurs) ?? false };
	};
	const pathOf = (id: string) => `${sessions}${sep}${id}${LOG_ENDING}`;
	const read = (id: string, stamp?: FileStamp): SessionRow => {
		const sessionId = asSessionId(id);
		const end = readLogEnd(pathOf(id), sessionId, stamp);
		index.set(sessionId, end.stamp, end.row);
		return end.row;
	};
	const rowOf = (id: string, stamp?: FileStamp): SessionRow => {
		const sessionId = asSessionId(id);
		// A log that was never read is opened anyway, and says its size and times then.
		if (!stamp && !index.has(sessionId)) return read(id);
		const current = stamp ?? stampOf(pathOf(id));
		return (current && index.get(sessionId, current)) ?? read(id, current);
	};
	/** Those of the files that changed last. */
	const newestOf = async (ids: readonly string[], count: number): Promise<readonly Listed[]> => {
		if (count >= ids.length) return ids.map((id) => ({ id }));
		const slices = createTimeSlices();
		const listed: { readonly id: string; readonly stamp: FileStamp }[] = [];
		for (const id of ids) {
			const pause = slices.pause();
			if (pause) await pause;
			const stamp = attempt(id, () => stampOf(pathOf(id)));
			if (stamp) listed.push({ id, stamp });
		}
		return listed.sort((left, right) => right.stamp.mtimeMs - left.stamp.mtimeMs).slice(0, count);
	};

	return {
		index,
		async list({ newest = Number.POSITIVE_INFINITY } = {}) {
			const [names] = await Promise.all([namesIn(sessions), index.load()]);
			// What follows takes a few milliseconds for thousands of names, and so did reading them.
			await setImmediate();
			const slices = createTimeSlices();
			const leases = new Set(names.filter((name) => name.endsWith(LEASE_ENDING)));
			const ids = names.filter((name) => name.endsWith(LOG_ENDING)).map((name) => name.slice(0, -LOG_ENDING.length));
			const rows: SessionSummary[] = [];
			for (const { id, stamp } of await newestOf(ids, newest)) {
				const pause = slices.pause();
				if (pause) await pause;
				const owner = () => (leases.has(`${id}${LEASE_ENDING}`) ? ownerOf(id) : NO_OWNER);
				const row = attempt(id, () => shownRow(rowOf(id, stamp), owner()));
				if (row) rows.push(row);
			}
			await setImmediate();
			index.keepOnly(ids);
			index.saveSoon();
			await setImmediate();
			return { sessions: rows.sort((left, right) => right.updatedAt - left.updatedAt), onDisk: ids.length };
		},
	};
}

type Listed = { readonly id: string; readonly stamp?: FileStamp };
const NO_OWNER: RowOwner = { isOwned: false, isOpenElsewhere: false };

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw logUnreadable(error, describeFileError(error));
	}
}
