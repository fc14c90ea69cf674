/**
 * Removes blobs that no log names any more. A blob must be old and unnamed in every log of the store, the trash and the subagents included;
 * when a log cannot be read, nothing is removed. A log never names a blob that was not put (and so touched) shortly before.
 */
import { type Dirent, existsSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CancelledError, codeOf } from '../../base/errors.ts';
import { systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { findHashesInFile } from './findHashes.ts';
import { claimLease, type Lease, readOwner } from './lease.ts';

/** Long enough for whatever was stored to be named: a put counts as new for the first day, see fileBlobStore.ts. */
const KEEP_MS = 7 * 24 * 3_600_000;
const BLOB_NAME = /^([0-9a-f]{64})\.(?:raw|zst|gz)$/;
/** A write that a crash cut off. */
const TEMPORARY_NAME = /^[0-9a-f]{64}\.(?:raw|zst|gz)\.[0-9a-f]{12}\.tmp$/;
const CODECS = ['raw', 'zst', 'gz'];
const ASIDE = '.swept';
/** How often logs may move while they are read. */
const MAX_ROUNDS = 10;

export type SweepOutcome = {
	/** `busy`: another window sweeps. */
	readonly kind: 'swept' | 'busy';
	readonly removed: number;
	readonly removedBytes: number;
};

export type SweepOptions = {
	/** The storage folder. */
	readonly folder: string;
	readonly window: string;
	readonly now?: () => number;
	readonly onBeatFailed?: (error: unknown) => void;
};

/** Rejects with the system's error, and has removed nothing then, unless removing itself failed. */
export async function sweepBlobs(options: SweepOptions, signal: AbortSignal): Promise<SweepOutcome> {
	const { folder, now = Date.now } = options;
	return await alone(options, async (root, lease) => {
		// The blobs first: what is stored from here on is new, and what a log names of the old ones it names already.
		const before = now() - KEEP_MS;
		const unnamed = await oldBlobs(root, before, signal);
		if (unnamed.size > 0) await dropNamed(folder, unnamed, signal);
		return await removeAll(unnamed, { before, lease }, signal);
	});
}

/**
 * Removes these blobs though logs name them, but for those that were put at `before` or later. `onRemoving` is called first, once the
 * store belongs to us. Rejects as above.
 */
export async function removeOldBlobs(
	options: SweepOptions,
	choice: { readonly shas: readonly string[]; readonly before: number; onRemoving(): void },
	signal: AbortSignal,
): Promise<SweepOutcome> {
	const { shas, before } = choice;
	return await alone(options, async (root, lease) => {
		choice.onRemoving();
		const paths = (sha: string) => CODECS.map((codec) => join(root, sha.slice(0, 2), `${sha}.${codec}`));
		return await removeAll(new Map(shas.map((sha) => [sha, paths(sha)])), { before, lease }, signal);
	});
}

/** Of all windows one at a time removes blobs. */
async function alone(
	{ folder, window, onBeatFailed = () => undefined }: SweepOptions,
	run: (root: string, lease: Lease) => Promise<Pick<SweepOutcome, 'removed' | 'removedBytes'>>,
): Promise<SweepOutcome> {
	const root = join(folder, 'blobs');
	if (!existsSync(root)) return { kind: 'swept', removed: 0, removedBytes: 0 };
	const leaseFolder = join(folder, 'blobs.lease');
	if (readOwner(leaseFolder, window)?.isAlive) return BUSY;
	let lease: Lease;
	try {
		lease = claimLease(leaseFolder, { window, minGeneration: 1, onBeatFailed });
	} catch (error) {
		if (codeOf(error) === 'lease-lost') return BUSY;
		throw error;
	}
	try {
		return { kind: 'swept', ...(await run(root, lease)) };
	} finally {
		lease.release();
	}
}

const BUSY: SweepOutcome = { kind: 'busy', removed: 0, removedBytes: 0 };

/** The files of each old blob, by hash. */
type OldBlobs = Map<string, string[]>;

async function oldBlobs(root: string, before: number, signal: AbortSignal): Promise<OldBlobs> {
	const found: OldBlobs = new Map();
	const slices = createTimeSlices();
	for (const prefix of readdirSync(root)) {
		if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
		for (const name of readdirSync(join(root, prefix))) {
			const pause = slices.pause();
			if (pause) await pause;
			throwIfAborted(signal);
			const path = putBack(join(root, prefix, name));
			const sha = BLOB_NAME.exec(name.replace(ASIDE, ''))?.[1];
			if (sha === undefined && !TEMPORARY_NAME.test(name)) continue;
			const stats = statSync(path, { throwIfNoEntry: false });
			if (!stats?.isFile() || stats.mtimeMs >= before) continue;
			if (sha === undefined) unlinkSync(path);
			else found.set(sha, [...(found.get(sha) ?? []), path]);
		}
	}
	return found;
}

/** Takes the blobs out that any log names. Logs that move between the folders meanwhile are looked for again. */
async function dropNamed(folder: string, unnamed: OldBlobs, signal: AbortSignal): Promise<void> {
	const scanned = new Set<string>();
	for (let round = 1; ; round++) {
		let isComplete = true;
		for (const path of logFiles(join(folder, 'sessions')).concat(logFiles(join(folder, 'trash')))) {
			throwIfAborted(signal);
			if (scanned.has(path)) continue;
			isComplete = false;
			try {
				await findHashesInFile(path, (hash) => unnamed.delete(hash), signal);
				scanned.add(path);
			} catch (error) {
				// Moved; or a link that leads nowhere, which is a log that cannot be read.
				if (systemCode(error) !== 'ENOENT' || round === MAX_ROUNDS) throw error;
			}
			if (unnamed.size === 0) return;
		}
		if (isComplete) return;
	}
}

/** Every file below, logs or not: a name that is found too much keeps a blob, no more. */
function logFiles(folder: string): string[] {
	let entries: Dirent[];
	try {
		entries = readdirSync(folder, { withFileTypes: true });
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw error;
	}
	return entries.flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name.endsWith('.lease') ? [] : logFiles(path);
		return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
	});
}

async function removeAll(
	blobs: OldBlobs,
	{ before, lease }: { readonly before: number; readonly lease: Lease },
	signal: AbortSignal,
): Promise<Pick<SweepOutcome, 'removed' | 'removedBytes'>> {
	let removed = 0;
	let removedBytes = 0;
	const slices = createTimeSlices();
	for (const paths of blobs.values()) {
		const pause = slices.pause();
		if (pause) await pause;
		throwIfAborted(signal);
		// After a long sleep of the machine another window may be at it.
		lease.assertHeld();
		for (const path of paths) {
			const sizeBytes = removeIfStillOld(path, before);
			if (sizeBytes === undefined) continue;
			removed++;
			removedBytes += sizeBytes;
		}
	}
	return { removed, removedBytes };
}

/**
 * Aside first: whoever puts the same content from now on does not find it and stores it again, and whoever found it before has touched it,
 * which shows now. The size of what was removed; undefined when it is in use again.
 */
function removeIfStillOld(path: string, before: number): number | undefined {
	const aside = `${path}${ASIDE}`;
	try {
		renameSync(path, aside);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
	const { mtimeMs, size } = statSync(aside);
	if (mtimeMs >= before) {
		putBack(aside);
		return undefined;
	}
	unlinkSync(aside);
	return size;
}

/** Also for one that a crash left aside. Where the blob is; other paths stay as they are. */
function putBack(path: string): string {
	if (!path.endsWith(ASIDE)) return path;
	const home = path.slice(0, -ASIDE.length);
	// Stored again meanwhile: one of two whole files with the same content.
	renameSync(path, home);
	return home;
}

function throwIfAborted(signal: AbortSignal) {
	if (signal.aborted) throw new CancelledError();
}
