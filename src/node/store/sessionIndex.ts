/**
 * `index.json`: the rows of the list as they were read last, a cache and nothing else. A row counts only while its file has the same
 * size, times and inode; a file that is damaged, foreign, old or not there costs time only. It has one row per line, so that it can be
 * read and written in slices, and ends with a hash of what stands before.
 */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf } from '../../base/errors.ts';
import { asSessionId, asUnixMs, type SessionId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { SessionRow } from '../../core/session/summary.ts';
import { systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import type { FileStamp } from './readLogEnd.ts';

/** Goes up when rows are read from logs in another way. */
const FIRST_LINE = '{"format":"retrace session index","version":2,"rows":[';
/** Fewer rows are read from their logs faster than the file is written. */
const MIN_CHANGED_ROWS = 16;
const SAVE_AFTER_MS = 2_000;
const LEFT_OVER_MS = 3_600_000;
const NEWLINE = 0x0a;

export type SessionIndex = {
	/** Reads the file once. Never rejects. */
	load(): Promise<void>;
	/** Whether a row of the log is known, true or not. */
	has(id: SessionId): boolean;
	/** The row of a log that is still as it was when it was read. */
	get(id: SessionId, stamp: FileStamp): SessionRow | undefined;
	set(id: SessionId, stamp: FileStamp, row: SessionRow): void;
	/** Forgets logs that are not there any more. */
	keepOnly(ids: readonly string[]): void;
	/** Writes the file some time later, if enough has changed. */
	saveSoon(): void;
	/** Writes the file now, if anything has changed. Never rejects. */
	save(): Promise<void>;
};

export function createSessionIndex(folder: string, trace: Trace): SessionIndex {
	const path = join(folder, 'index.json');
	const rows = new Map<string, IndexedRow>();
	/** Lines of the file that nobody has asked for yet. */
	let unread: Map<string, string> = new Map();
	let loading: Promise<void> | undefined;
	/** Logs whose rows are not in the file as they are now; a session that runs is one of them, however often it changes. */
	const changed = new Set<string>();
	let timer: NodeJS.Timeout | undefined;
	let saving: Promise<void> | undefined;

	const find = (id: string): IndexedRow | undefined => {
		const line = unread.get(id);
		if (line !== undefined) {
			unread.delete(id);
			const read = parseRow(line);
			if (read) rows.set(id, read);
		}
		return rows.get(id);
	};
	const writeFile = async () => {
		const lines = [...rows.values()].map((row) => () => lineOf(row));
		lines.push(...[...unread.values()].map((line) => () => line));
		changed.clear();
		await writeIndex(folder, path, lines);
	};

	return {
		async load() {
			loading ??= readIndex(path).then((read) => {
				unread = read;
			});
			try {
				await loading;
			} catch (error) {
				trace({ event: 'sessionIndex.readFailed', code: systemCode(error) ?? codeOf(error) });
			}
		},
		has: (id) => rows.has(id) || unread.has(id),
		get(id, stamp) {
			const known = find(id);
			return known && isSameStamp(known.stamp, stamp) ? known.row : undefined;
		},
		set(id, stamp, row) {
			changed.add(id);
			unread.delete(id);
			rows.set(id, { stamp, row });
		},
		keepOnly(present) {
			if (rows.size + unread.size <= present.length) return;
			const ids = new Set(present);
			for (const known of [rows, unread]) {
				for (const id of known.keys()) {
					if (ids.has(id)) continue;
					known.delete(id);
					changed.add(id);
				}
			}
		},
		saveSoon() {
			if (changed.size < MIN_CHANGED_ROWS || timer) return;
			timer = setTimeout(() => {
				timer = undefined;
				void this.save();
			}, SAVE_AFTER_MS);
			timer.unref();
		},
		async save() {
			while (saving) await saving;
			if (changed.size === 0) return;
			saving = writeFile()
				.catch((error: unknown) =>
					trace({ event: 'sessionIndex.writeFailed', code: systemCode(error) ?? codeOf(error) }),
				)
				.finally(() => {
					saving = undefined;
				});
			await saving;
		},
	};
}

type IndexedRow = { readonly stamp: FileStamp; readonly row: SessionRow };

const rowSchema = z.object({
	id: z.string(),
	stamp: z.tuple([z.number(), z.number(), z.number(), z.number()]),
	title: z.string(),
	lastPrompt: z.string(),
	state: z.string(),
	prompts: z.number(),
	costUsd: z.number(),
	isPinned: z.boolean(),
	isArchived: z.boolean(),
	originId: z.string().optional(),
	worktreeId: z.string().optional(),
	createdAt: z.number(),
	updatedAt: z.number(),
	isDamaged: z.boolean(),
});

/** The size stands in the stamp. */
function lineOf({ stamp, row: { id, sizeBytes, ...row } }: IndexedRow): string {
	const { mtimeMs, ctimeMs, inode } = stamp;
	return JSON.stringify({ id, stamp: [sizeBytes, mtimeMs, ctimeMs, inode], ...row });
}

function parseRow(line: string): IndexedRow | undefined {
	const parsed = rowSchema.safeParse(jsonOf(line));
	if (!parsed.success) return undefined;
	const { id, stamp, originId, worktreeId, createdAt, updatedAt, ...row } = parsed.data;
	const [sizeBytes, mtimeMs, ctimeMs, inode] = stamp;
	return {
		stamp: { sizeBytes, mtimeMs, ctimeMs, inode },
		row: {
			...row,
			id: asSessionId(id),
			sizeBytes,
			originId: originId === undefined ? undefined : asSessionId(originId),
			...(worktreeId === undefined ? {} : { worktreeId }),
			createdAt: asUnixMs(createdAt),
			updatedAt: asUnixMs(updatedAt),
		},
	};
}

function jsonOf(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

const isSameStamp = (left: FileStamp, right: FileStamp): boolean =>
	left.sizeBytes === right.sizeBytes &&
	left.mtimeMs === right.mtimeMs &&
	left.ctimeMs === right.ctimeMs &&
	left.inode === right.inode;

/** The lines by id, not parsed yet; none when the file is not there or not exactly as it was written. */
async function readIndex(path: string): Promise<Map<string, string>> {
	const none = new Map<string, string>();
	const bytes = await readFile(path).catch((error: unknown) => {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	});
	if (!bytes) return none;
	const slices = createTimeSlices();
	const hash = createHash('sha256');
	const found = new Map<string, string>();
	let start = 0;
	for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
		const pause = slices.pause();
		if (pause) await pause;
		const line = bytes.toString('utf8', start, end);
		if (start === 0 && line !== FIRST_LINE) return none;
		hash.update(bytes.subarray(start, end + 1));
		const id = /^,?\{"id":"([^"\\]+)"/.exec(line)?.[1];
		if (id !== undefined) found.set(id, line.startsWith(',') ? line.slice(1) : line);
		start = end + 1;
	}
	return bytes.toString('utf8', start) === lastLine(hash.digest('hex')) ? found : none;
}

const lastLine = (sha256: string): string => `],"sha256":"${sha256}"}`;

/** A new file under a temporary name, then renamed: of two windows the last one wins, and each file is whole. */
async function writeIndex(folder: string, path: string, lines: readonly (() => string)[]): Promise<void> {
	await removeLeftOvers(folder);
	const temporary = `${path}.${process.pid}.${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}.tmp`;
	const file = await open(temporary, 'wx', 0o600);
	try {
		const hash = createHash('sha256');
		const slices = createTimeSlices();
		let chunk = `${FIRST_LINE}\n`;
		const flush = async () => {
			hash.update(chunk);
			await file.write(chunk);
			chunk = '';
		};
		let isFirst = true;
		for (const line of lines) {
			const pause = slices.pause();
			if (pause) await pause;
			chunk += `${isFirst ? '' : ','}${line()}\n`;
			isFirst = false;
			if (chunk.length > 256 * 1024) await flush();
		}
		await flush();
		await file.write(lastLine(hash.digest('hex')));
		await file.close();
		await rename(temporary, path);
	} catch (error) {
		await file.close();
		await removeIfThere(temporary);
		throw error;
	}
}

/** What a crash in the middle of writing left. */
async function removeLeftOvers(folder: string): Promise<void> {
	for (const name of await readdir(folder)) {
		if (!/^index\.json\..+\.tmp$/.test(name)) continue;
		const path = join(folder, name);
		const { mtimeMs } = await stat(path);
		if (Date.now() - mtimeMs > LEFT_OVER_MS) await removeIfThere(path);
	}
}

async function removeIfThere(path: string): Promise<void> {
	try {
		await unlink(path);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') throw error;
	}
}
