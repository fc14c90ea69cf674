/** The logs that a search reads: where they are, which changed last, and what their sessions are called. Reads only. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asSessionId, asUnixMs, type SessionId } from '../../base/ids.ts';
import type { SearchPlace } from '../../core/search/query.ts';
import type { FoundSession } from '../../core/search/searchPort.ts';
import { summarizeLog } from '../../core/session/summary.ts';
import { splitLines } from './splitLines.ts';

/** A session writes a tail at least every 32 KB, so this much always holds one. */
const END_BYTES = 64 * 1024;

/** Which log a path, relative to the storage folder and with `/`, is; undefined for what is no log. */
export type LogPlace = {
	readonly key: string;
	readonly sessionId: SessionId;
	readonly trashName: string | undefined;
	/** `main`, or the subagent whose log it is. */
	readonly agentId: string;
	/** The session's own log. */
	readonly sessionLog: string;
};

export function logPlaceOf(path: string): LogPlace | undefined {
	const match = /^(sessions|trash)\/([^/]+?)(?:\/agents\/([^/]+))?\.jsonl$/.exec(path);
	const [, folder, name, agentId = 'main'] = match ?? [];
	if (folder === undefined || name === undefined) return undefined;
	return {
		key: `${folder}/${name}`,
		// Trashed more than once, it has a number.
		sessionId: asSessionId(name.replace(/\.\d+$/, '')),
		trashName: folder === 'trash' ? name : undefined,
		agentId,
		sessionLog: `${folder}/${name}.jsonl`,
	};
}

/** Folders to search, those that are there. */
export function searchedFolders(folder: string, place: SearchPlace): readonly string[] {
	const wanted = place === 'all' ? ['sessions', 'trash'] : [place];
	return wanted.filter((name) => existsSync(join(folder, name)));
}

/** Session logs that changed last, at most so many files and bytes (but at least one), newest first. Relative paths. */
export async function newestLogs(
	folder: string,
	folders: readonly string[],
	limit: { readonly files: number; readonly bytes: number },
): Promise<readonly string[]> {
	const found: { path: string; modifiedMs: number; sizeBytes: number }[] = [];
	let count = 0;
	for (const name of folders) {
		for (const file of readdirSync(join(folder, name))) {
			const path = `${name}/${file}`;
			if (logPlaceOf(path) === undefined) continue;
			// A stat that finds nothing is a log that was moved meanwhile.
			const stats = statSync(join(folder, path), { throwIfNoEntry: false });
			if (stats) found.push({ path, modifiedMs: stats.mtimeMs, sizeBytes: stats.size });
			if (++count % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
		}
	}
	found.sort((a, b) => b.modifiedMs - a.modifiedMs);
	let bytes = 0;
	const newest: string[] = [];
	for (const one of found) {
		if (newest.length >= limit.files) break;
		// A huge log alone would keep the others waiting; it comes with the rest.
		if (bytes + one.sizeBytes > limit.bytes) continue;
		bytes += one.sizeBytes;
		newest.push(one.path);
	}
	return newest;
}

/** What the list would say of the session. A log that cannot be read has a name all the same. */
export function describeFound(folder: string, place: LogPlace): FoundSession {
	const end = readEnd(join(folder, place.sessionLog));
	const split = splitLines(end.bytes, end.start);
	const lines = split.tornTail ? [...split.lines, split.tornTail] : split.lines;
	const summary = summarizeLog({
		id: place.sessionId,
		lines: end.start === 0 ? lines : lines.slice(1),
		sizeBytes: end.sizeBytes,
		isOwned: false,
		isOpenElsewhere: false,
		modifiedAt: asUnixMs(end.modifiedMs),
	});
	const { title, updatedAt } = summary;
	return { key: place.key, id: place.sessionId, title, updatedAt, trashName: place.trashName };
}

function readEnd(path: string) {
	const nothing = { bytes: Buffer.alloc(0), start: 0, sizeBytes: 0, modifiedMs: 0 };
	const stats = statSync(path, { throwIfNoEntry: false });
	if (!stats) return nothing;
	const fd = openSync(path, 'r');
	try {
		const start = Math.max(0, stats.size - END_BYTES);
		const buffer = Buffer.alloc(stats.size - start);
		const read = readSync(fd, buffer, 0, buffer.length, start);
		return { bytes: buffer.subarray(0, read), start, sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
	} finally {
		closeSync(fd);
	}
}
