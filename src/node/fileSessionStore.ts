/**
 * The sessions of a workspace as files: `sessions/<uuid>.jsonl`, its lease beside it, `trash/` for what was deleted.
 * Reading changes nothing on the disk. What lines mean is the core's.
 */
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { asSessionId, asUnixMs, type SessionId } from '../base/ids.ts';
import type { Trace } from '../base/trace.ts';
import type { LogLine, OpenedLog, SessionStore, SessionSummary } from '../core/ports.ts';
import { logUnreadable, sessionInUse } from '../core/session/sessionErrors.ts';
import { summarizeLog } from '../core/session/summary.ts';
import { createFileLog } from './fileLog.ts';
import { claimLease, type Lease, readOwner } from './lease.ts';
import { splitLines } from './splitLines.ts';
import { describeFileError, systemCode } from './systemErrors.ts';

/** A session writes a tail at least every 32 KB, so this much always holds one. */
const LIST_READS_BYTES = 64 * 1024;
/** Enough to keep the disk busy without using up file descriptors. */
const PARALLEL_READS = 16;
const LOG_ENDING = '.jsonl';

export type FileSessionStoreOptions = {
	/** The canonical storage folder; created with the first session. */
	readonly folder: string;
	/** A name for this window that a person may recognise. */
	readonly window: string;
	readonly trace: Trace;
};

export function createFileSessionStore({ folder, window, trace }: FileSessionStoreOptions): SessionStore {
	const sessions = join(folder, 'sessions');
	const trash = join(folder, 'trash');
	const pathsOf = (id: string) => ({
		log: join(sessions, `${id}${LOG_ENDING}`),
		lease: join(sessions, `${id}.lease`),
		index: join(sessions, `${id}.idx`),
		agents: join(sessions, id),
	});
	const onBeatFailed = (error: unknown) =>
		trace({ event: 'lease.beatFailed', code: systemCode(error) ?? codeOf(error) });

	const summarize = async (id: SessionId, hasLease: boolean): Promise<SessionSummary> => {
		const paths = pathsOf(id);
		const { bytes, start, sizeBytes, modifiedMs } = await readEnd(paths.log);
		const split = splitLines(bytes, start);
		const all = split.tornTail ? [...split.lines, split.tornTail] : split.lines;
		const owner = hasLease ? readOwner(paths.lease, window) : undefined;
		return summarizeLog({
			id,
			// Unless it is the whole file, the first line is cut somewhere.
			lines: start === 0 ? all : all.slice(1),
			sizeBytes,
			isOwned: owner?.isAlive ?? false,
			isOpenElsewhere: (owner?.isAlive && !owner.isOurs) ?? false,
			modifiedAt: asUnixMs(modifiedMs),
		});
	};

	return {
		folder,
		async open(id, options): Promise<OpenedLog> {
			if (!isSafeName(id)) throw logUnreadable(undefined, 'its id is not a valid one');
			const paths = pathsOf(id);
			let lease: Lease | undefined;
			try {
				const owner = readOwner(paths.lease, window);
				if (options?.takeOver) {
					// Fence the other window off first, so that what is read next is all that it wrote.
					const minGeneration = highestGeneration(splitLines(await readWhole(paths.log), 0).lines) + 1;
					lease = claimLease(paths.lease, { window, minGeneration, onBeatFailed });
				}
				const bytes = await readWhole(paths.log);
				const { lines, tornTail } = splitLines(bytes, 0);
				const file = createFileLog({
					path: paths.log,
					leaseFolder: paths.lease,
					window,
					readBytes: bytes.length,
					readGeneration: highestGeneration(tornTail ? [...lines, tornTail] : lines),
					...(lease ? { lease } : {}),
					onBeatFailed,
				});
				return { file, lines, tornTail, owner };
			} catch (error) {
				lease?.release();
				if (codeOf(error) === 'lease-lost') throw error;
				throw logUnreadable(error, describeFileError(error));
			}
		},

		async list() {
			const names = await readdir(sessions).catch((error: unknown) => {
				if (systemCode(error) === 'ENOENT') return [];
				throw logUnreadable(error, describeFileError(error));
			});
			const present = new Set(names);
			const ids = names.filter((name) => name.endsWith(LOG_ENDING)).map((name) => name.slice(0, -LOG_ENDING.length));
			const rows = await mapParallel(ids, PARALLEL_READS, async (name) => {
				try {
					return await summarize(asSessionId(name), present.has(`${name}.lease`));
				} catch (error) {
					trace({ event: 'session.listFailed', sessionId: name, code: systemCode(error) ?? codeOf(error) });
					return undefined;
				}
			});
			const found = rows.filter((row) => row !== undefined);
			return { sessions: found.sort((left, right) => right.updatedAt - left.updatedAt), onDisk: ids.length };
		},

		async trash(id) {
			if (!isSafeName(id)) throw logUnreadable(undefined, 'its id is not a valid one');
			const paths = pathsOf(id);
			const owner = readOwner(paths.lease, window);
			if (owner?.isAlive && !owner.isOurs) throw sessionInUse(owner.window);
			try {
				await mkdir(trash, { recursive: true, mode: 0o700 });
				// The log first: what is left behind by a crash in between is not listed without it.
				await moveIfThere(paths.log, join(trash, `${id}${LOG_ENDING}`));
				await moveIfThere(paths.agents, join(trash, id));
				await moveIfThere(paths.index, join(trash, `${id}.idx`));
				await moveIfThere(paths.lease, join(trash, `${id}.lease`));
			} catch (error) {
				throw logUnreadable(error, describeFileError(error));
			}
		},
	};
}

/** Ids come from links and other programs too: none may lead out of the folder. */
const isSafeName = (id: string): boolean => /^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/.test(id);

async function readWhole(path: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
		throw error;
	}
}

async function readEnd(path: string) {
	const file = await open(path, 'r');
	try {
		const { size, mtimeMs } = await file.stat();
		const start = Math.max(0, size - LIST_READS_BYTES);
		const buffer = Buffer.alloc(size - start);
		const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
		return { bytes: buffer.subarray(0, bytesRead), start, sizeBytes: size, modifiedMs: mtimeMs };
	} finally {
		await file.close();
	}
}

/** Generations stand near the start of each line, before any text of a user, so no line is parsed for them. */
function highestGeneration(lines: readonly LogLine[]): number {
	let highest = 0;
	for (const line of lines) {
		const match = /"gen":(\d{1,15})[,}]/.exec(line.text.slice(0, 400));
		if (match) highest = Math.max(highest, Number(match[1]));
	}
	return highest;
}

/** Never overwrites: a name that is taken gets a number. */
async function moveIfThere(from: string, to: string): Promise<void> {
	let target = to;
	for (let copy = 2; await exists(target); copy++) target = `${to}.${copy}`;
	try {
		await rename(from, target);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') throw error;
	}
}

async function exists(path: string): Promise<boolean> {
	try {
		await stat(path);
		return true;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return false;
		throw error;
	}
}

/** Keeps the order of `items`. */
async function mapParallel<T, R>(items: readonly T[], limit: number, task: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	let next = 0;
	const work = async () => {
		for (let index = next++; index < items.length; index = next++) {
			const item = items[index];
			if (item !== undefined) results[index] = await task(item);
		}
	};
	await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
	return results;
}
