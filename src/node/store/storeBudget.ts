/**
 * What a storage folder holds and which session names what, found in the background in short steps; and removing stored contents to keep
 * within the limit. What was removed so is written down first, so that it is not taken for damage. Which may go is decided in core.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError } from '../../base/errors.ts';
import { asSha256 } from '../../base/ids.ts';
import { NEW_FOR_MS, type StoreBudget, type StoredSession } from '../../core/checkpoint/storeUse.ts';
import { systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { removeOldBlobs } from './blobSweeper.ts';
import { findHashes } from './findHashes.ts';
import { noteRemoved } from './removedBlobs.ts';
import { listStore, type StoredLog } from './storeListing.ts';

export type StoreBudgetOptions = {
	/** The storage folder. */
	readonly folder: string;
	readonly window: string;
	readonly now?: () => number;
	readonly onBeatFailed?: (error: unknown) => void;
};

/** Entries whose contents are those of files; whatever else names a content needs it. */
const FILE_TYPES: ReadonlySet<string> = new Set([
	'fileOperation',
	'fileOperationDone',
	'editProposed',
	'editDecided',
	'review',
]);
/** The quotes inside of strings are escaped, so the first one found is the entry's own. */
const TYPE = /"type":"([A-Za-z]+)"/;
/** Every base field stands in it. */
const HEAD_CHARS = 4_096;

export function createStoreBudget(options: StoreBudgetOptions): StoreBudget {
	const { folder } = options;
	return {
		async sizeBytes(signal) {
			const { logs, blobs } = await listStore(folder);
			signal.throwIfAborted();
			return [...logs, ...blobs].reduce((sum, one) => sum + one.sizeBytes, 0);
		},
		async examine(signal) {
			const { logs, blobs } = await listStore(folder);
			const sessions = new Map<string, StoredSession>();
			const files = new Map<string, Set<string>>();
			const others = new Map<string, Set<string>>();
			for (const log of logs) {
				const key = keyOf(log);
				const known = sessions.get(key);
				sessions.set(key, {
					...{ key, sessionId: log.sessionId, isTrashed: log.path.startsWith('trash/') },
					logBytes: log.sizeBytes + (known?.logBytes ?? 0),
					modifiedMs: Math.max(log.modifiedMs, known?.modifiedMs ?? 0),
				});
				const found = (sha: string, isFile: boolean) => {
					const names = isFile ? files : others;
					const keys = names.get(sha) ?? new Set();
					names.set(sha, keys.add(key));
				};
				await scanLog(join(folder, log.path), found, signal);
			}
			const contents = blobs.map(({ sha, sizeBytes, modifiedMs }) => ({
				...{ sha: asSha256(sha), sizeBytes, modifiedMs },
				files: [...(files.get(sha) ?? [])],
				others: [...(others.get(sha) ?? [])],
			}));
			return { sessions: [...sessions.values()], contents };
		},
		async remove(shas, signal) {
			const before = (options.now ?? Date.now)() - NEW_FOR_MS;
			const outcome = await removeOldBlobs(
				options,
				{ shas, before, onRemoving: () => noteRemoved(folder, shas) },
				signal,
			);
			return { removed: outcome.removed, removedBytes: outcome.removedBytes };
		},
	};
}

const keyOf = ({ path, sessionId }: StoredLog): string =>
	path.startsWith('trash/') ? `trash/${sessionId}` : sessionId;

async function scanLog(
	path: string,
	onHash: (sha: string, isFile: boolean) => void,
	signal: AbortSignal,
): Promise<void> {
	const slices = createTimeSlices();
	const file = await open(path, 'r').catch((error: unknown) => {
		// Moved to the trash, or back, while we looked. What it names stays: nobody lists it, so nothing of it is chosen.
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	});
	if (!file) throw new CancelledError('A log moved while the store was read');
	try {
		for await (const line of file.readLines({ encoding: 'latin1' })) {
			if (signal.aborted) throw new CancelledError();
			const pause = slices.pause();
			if (pause) await pause;
			const type = TYPE.exec(line.slice(0, HEAD_CHARS))?.[1] ?? '';
			findHashes(Buffer.from(line, 'latin1'), (sha) => onHash(sha, FILE_TYPES.has(type)));
		}
	} finally {
		await file.close();
	}
}
