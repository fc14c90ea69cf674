/**
 * `trash/`: sessions that were deleted or have expired, as they were. A session is where its log is; its other parts follow it, so a crash
 * between two moves is made good by the next one. Only `emptyTrash` deletes, and never what a fork still reads.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf, UserError } from '../../base/errors.ts';
import { asSessionId, asUnixMs, type UnixMs } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import {
	emptyTrashFailed,
	logUnreadable,
	moveFailed,
	notInTrash,
	sessionExists,
	sessionInUse,
} from '../../core/session/sessionErrors.ts';
import type { SessionStore, TrashedSession } from '../../core/session/storePort.ts';
import { shownRow } from '../../core/session/summary.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { keptInTrash } from './keptInTrash.ts';
import { claimLease, type Lease, readOwner } from './lease.ts';
import { LOG_ENDING } from './listSessions.ts';
import { readLogEnd, stampOf } from './readLogEnd.ts';

export type TrashFolder = Pick<SessionStore, 'trash' | 'listTrash' | 'restore' | 'emptyTrash'>;

/** What a session has besides its log: subagents' logs and a cache. */
const OTHER_PARTS = ['', '.idx'] as const;
/** When it was trashed. In a file of its own, since a copy of the folder has new times. */
const TIME_ENDING = '.json';
/** `<id>`, or `<id>.2` when it was trashed more than once. Ids have no dots. */
const NAME = /^([0-9A-Za-z][0-9A-Za-z_-]{0,127})(?:\.[1-9]\d{0,8})?$/;

export type TrashFolderOptions = {
	/** The storage folder. */
	readonly folder: string;
	readonly window: string;
	readonly trace: Trace;
};

export function createTrashFolder({ folder, window, trace }: TrashFolderOptions): TrashFolder {
	const sessions = join(folder, 'sessions');
	const trash = join(folder, 'trash');
	const here = (id: string, ending: string) => join(sessions, `${id}${ending}`);
	const there = (name: string, ending: string) => join(trash, `${name}${ending}`);

	/** Nobody can write the session, or put one in its place, while its lease is ours. */
	const withLease = (id: string, move: () => void) => {
		const path = here(id, '.lease');
		const owner = readOwner(path, window);
		if (owner?.isAlive && !owner.isOurs) throw sessionInUse(owner.window);
		let lease: Lease | undefined;
		try {
			const onBeatFailed = (error: unknown) =>
				trace({ event: 'lease.beatFailed', code: systemCode(error) ?? codeOf(error) });
			lease = claimLease(path, { window, minGeneration: 1, onBeatFailed });
			move();
		} finally {
			lease?.release();
		}
	};
	/** After the log. A part that cannot be moved now is one that was left behind. */
	const moveParts = (id: string, name: string) => {
		for (const part of OTHER_PARTS) {
			try {
				moveIfThere(here(id, part), there(name, part));
			} catch (error) {
				trace({ event: 'trash.partLeft', sessionId: id, code: systemCode(error) ?? codeOf(error) });
			}
		}
	};
	/** Parts that were left behind go where their log is. */
	const finishMoves = () => {
		const behind = new Set(namesIn(sessions).filter((name) => !name.includes('.')));
		// The one that was trashed last is the one whose parts can be missing.
		for (const name of trashedNames(trash).sort(byNumber).reverse()) {
			const id = idOf(name);
			if (!behind.delete(id) || existsSync(here(id, LOG_ENDING)) || existsSync(there(name, ''))) continue;
			moveParts(id, name);
		}
	};

	return {
		async trash(id) {
			if (!isName(id) || idOf(id) !== id) throw logUnreadable(undefined, 'its id is not a valid one');
			if (!existsSync(here(id, LOG_ENDING))) return;
			try {
				mkdirSync(trash, { recursive: true, mode: 0o700 });
				withLease(id, () => {
					const name = freeName(trash, id);
					writeFileSync(there(name, TIME_ENDING), JSON.stringify({ trashedAt: Date.now() }), { mode: 0o600 });
					// The log first: what a crash leaves behind is not listed without it.
					renameSync(here(id, LOG_ENDING), there(name, LOG_ENDING));
					moveParts(id, name);
				});
			} catch (error) {
				throw error instanceof UserError ? error : moveFailed(error, describeFileError(error), 'list');
			}
		},

		async listTrash() {
			const slices = createTimeSlices();
			const rows: TrashedSession[] = [];
			for (const name of trashedNames(trash)) {
				const pause = slices.pause();
				if (pause) await pause;
				try {
					const path = there(name, LOG_ENDING);
					const stamp = stampOf(path);
					if (!stamp) continue;
					const { row } = readLogEnd(path, asSessionId(idOf(name)), stamp);
					const trashedAt = trashTime(there(name, TIME_ENDING)) ?? asUnixMs(stamp.ctimeMs);
					rows.push({ name, session: shownRow(row, { isOwned: false, isOpenElsewhere: false }), trashedAt });
				} catch (error) {
					trace({ event: 'trash.listFailed', sessionId: name, code: systemCode(error) ?? codeOf(error) });
				}
			}
			return rows.sort((left, right) => right.trashedAt - left.trashedAt);
		},

		async restore(name) {
			if (!isName(name) || !existsSync(there(name, LOG_ENDING))) throw notInTrash();
			const id = idOf(name);
			const isTaken = () =>
				existsSync(here(id, LOG_ENDING)) || (existsSync(here(id, '')) && existsSync(there(name, '')));
			if (isTaken()) throw sessionExists();
			try {
				mkdirSync(sessions, { recursive: true, mode: 0o700 });
				withLease(id, () => {
					if (isTaken()) throw sessionExists();
					// The log last: until then it is a session in the trash whose parts were left behind.
					for (const part of OTHER_PARTS) moveIfThere(there(name, part), here(id, part));
					renameSync(there(name, LOG_ENDING), here(id, LOG_ENDING));
					rmSync(there(name, TIME_ENDING), { force: true });
				});
			} catch (error) {
				if (systemCode(error) === 'ENOENT' && !existsSync(there(name, LOG_ENDING))) throw notInTrash();
				throw error instanceof UserError ? error : moveFailed(error, describeFileError(error), 'trash');
			}
		},

		async emptyTrash() {
			let deleted = 0;
			try {
				finishMoves();
				const names = trashedNames(trash);
				const known = new Set(names);
				const leftOvers = namesIn(trash).filter((file) => !known.has(nameOfPart(file)) && LEFT_OVER.test(file));
				const kept = await keptInTrash(
					() => logsIn(sessions).map((file) => join(sessions, file)),
					names.map((name) => ({ id: idOf(name), path: there(name, LOG_ENDING) })),
				);
				const slices = createTimeSlices();
				for (const name of names) {
					if (kept.has(idOf(name))) continue;
					const pause = slices.pause();
					if (pause) await pause;
					// The log first: without it nothing of the session is listed any more.
					for (const part of [LOG_ENDING, ...OTHER_PARTS, '.lease', TIME_ENDING]) remove(there(name, part));
					deleted++;
				}
				for (const file of leftOvers) remove(join(trash, file));
				return { deleted, kept: names.length - deleted };
			} catch (error) {
				throw emptyTrashFailed(error, describeFileError(error), deleted);
			}
		},
	};
}

const isName = (name: string): boolean => NAME.test(name);
const idOf = (name: string): string => NAME.exec(name)?.[1] ?? name;
/** A part of a session of ours; anything else in the folder is somebody's. */
const LEFT_OVER = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\d+)?(?:\.(?:idx|json|lease))?$/;
/** The name that a file in the trash belongs to. */
const nameOfPart = (file: string): string => file.replace(/\.(?:jsonl|idx|json|lease)$/, '');
const numberOf = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 1);
const byNumber = (left: string, right: string): number => numberOf(left) - numberOf(right);

const logsIn = (folder: string): string[] => namesIn(folder).filter((name) => name.endsWith(LOG_ENDING));
const trashedNames = (trash: string): string[] => logsIn(trash).map(nameOfPart).filter(isName);

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw logUnreadable(error, describeFileError(error));
	}
}

/** One number for all parts, so that none is taken for a part of another session. */
function freeName(trash: string, id: string): string {
	// The time alone is what a crash before the first move left.
	const parts = namesIn(trash).filter((file) => !file.endsWith(TIME_ENDING));
	const taken = new Set(parts.map(nameOfPart));
	let name = id;
	for (let copy = 2; taken.has(name); copy++) name = `${id}.${copy}`;
	return name;
}

function moveIfThere(from: string, to: string) {
	try {
		renameSync(from, to);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') throw error;
	}
}

const remove = (path: string) => rmSync(path, { recursive: true, force: true });

const timeSchema = z.object({ trashedAt: z.number().nonnegative() });

/** Undefined when it is not there or not ours. */
function trashTime(path: string): UnixMs | undefined {
	try {
		return asUnixMs(timeSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).trashedAt);
	} catch (error) {
		if (systemCode(error) !== undefined || error instanceof SyntaxError || error instanceof z.ZodError)
			return undefined;
		throw error;
	}
}
