/**
 * Who may write a session: `<uuid>.lease/<generation>`, one file per owner, the highest generation wins.
 * Synchronous, since it guards a synchronous append. Knows nothing of what is in the log.
 */
import {
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmdirSync,
	statSync,
	unlinkSync,
	utimes,
	writeFileSync,
} from 'node:fs';
import { hostname, uptime } from 'node:os';
import { join } from 'node:path';
import { type LeaseFile, parseLeaseFile } from '../../core/session/leaseFile.ts';
import { leaseLost } from '../../core/session/sessionErrors.ts';
import type { LeaseOwner } from '../../core/session/storePort.ts';
import { systemCode } from '../files/systemErrors.ts';

/** Folder times are as coarse as this at worst (FAT: 2 s). */
const COARSEST_TIME_MS = 2_500;
const BEAT_EVERY_MS = 5_000;
/** Four beats: one late timer does not cost the lease, and a crash is noticed before a person gives up waiting. */
export const STALE_AFTER_MS = 20_000;
/** Start times computed from the clock drift by as much as the clock is corrected. */
const BOOT_TOLERANCE_S = 300;

/** Who wrote a file. */
type Writer = Pick<LeaseFile, 'host' | 'bootId' | 'pid'>;

/** A lease that this process holds, kept alive by a timer that does not keep the process running. */
export type Lease = {
	readonly generation: number;
	/** Looks at the folder again. Throws UserError `lease-lost` when another window owns the session now. */
	assertHeld(): void;
	/** Removes our file, so that the next window need not wait. May be called twice. */
	release(): void;
};

/** The owner as the folder says it; undefined when nobody holds the session. */
export function readOwner(folder: string, window: string): LeaseOwner | undefined {
	const generation = highest(folder);
	if (generation === 0) return undefined;
	const path = join(folder, String(generation));
	let beatAgeMs: number;
	let text: string;
	try {
		beatAgeMs = Date.now() - statSync(path).mtimeMs;
		text = readFileSync(path, 'utf8');
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
	const isFresh = beatAgeMs < STALE_AFTER_MS;
	const file = parseLeaseFile(text);
	// Created and not yet written, or damaged: whoever it is, it is there while it beats.
	if (!file) return { isOurs: false, isAlive: isFresh, window: 'unknown', pid: 0 };
	return {
		isOurs: isThisMachine(file) && file.pid === process.pid && file.window === window,
		isAlive: isWriterAlive(file, isFresh),
		window: file.window,
		pid: file.pid,
	};
}

/** What other windows can tell this process by. */
export const thisProcess = (): Writer => ({ host: thisHost, bootId: thisBootId, pid: process.pid });

/**
 * Whether the process that wrote a file still runs. On this machine the process table is certain and needs no waiting; elsewhere only
 * its last beat (`isFresh`) can tell.
 */
export function isWriterAlive(file: Writer, isFresh: boolean): boolean {
	return isThisMachine(file) ? isProcessAlive(file.pid) : isFresh;
}

/** Whether it was written here since the machine started: then the process table knows its writer. */
export const isThisMachine = (file: Writer): boolean => file.host === thisHost && isSameBoot(file.bootId, thisBootId);

/**
 * Claims the next generation: above all in the folder and at least `minGeneration`. Throws UserError `lease-lost` when
 * another window claims at the same moment. Does not ask whether the present owner is alive: that is the caller's.
 */
export function claimLease(
	folder: string,
	options: {
		readonly window: string;
		readonly minGeneration: number;
		/** Told when a beat could not be written. */
		readonly onBeatFailed: (error: unknown) => void;
	},
): Lease {
	const generation = Math.max(highest(folder) + 1, options.minGeneration);
	const path = join(folder, String(generation));
	const content: LeaseFile = {
		host: thisHost,
		bootId: thisBootId,
		pid: process.pid,
		window: options.window,
		claimedAt: Date.now(),
	};
	const text = JSON.stringify(content);
	createLeaseFile(folder, path, text);
	if (highest(folder) !== generation) {
		removeIfThere(path);
		throw claimedElsewhere();
	}
	for (const older of generationsIn(folder)) if (older < generation) removeIfThere(join(folder, String(older)));

	const timer = setInterval(() => {
		const now = new Date();
		utimes(path, now, now, (error) => {
			if (error && systemCode(error) !== 'ENOENT') options.onBeatFailed(error);
		});
	}, BEAT_EVERY_MS);
	timer.unref();
	let isReleased = false;
	/** The folder's time when it was last looked into, once that time was old enough to be told from a later change. */
	let quietSinceMs: number | undefined;
	return {
		generation,
		assertHeld() {
			if (isReleased) throw claimedElsewhere();
			// Whoever claims makes a file in the folder, which changes its time: one call instead of four.
			const changedMs = folderTime(folder);
			if (changedMs !== undefined && changedMs === quietSinceMs) return;
			// A generation comes again when nothing was written under it, so the file must still be ours, not just its name.
			quietSinceMs = undefined;
			if (highest(folder) !== generation || textOf(path) !== text) throw claimedElsewhere();
			// A time says nothing yet while another change could still get the same one.
			if (changedMs !== undefined && Date.now() - changedMs > COARSEST_TIME_MS) quietSinceMs = changedMs;
		},
		release() {
			if (isReleased) return;
			isReleased = true;
			clearInterval(timer);
			if (textOf(path) === text) removeIfThere(path);
			removeFolderIfEmpty(folder);
		},
	};
}

function folderTime(folder: string): number | undefined {
	try {
		return statSync(folder).mtimeMs;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

const claimedElsewhere = () => leaseLost('Another window writes this session now.');

function createLeaseFile(folder: string, path: string, text: string) {
	// The folder may be removed by an owner that leaves between our two calls.
	for (let attempt = 1; ; attempt++) {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		try {
			writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
			return;
		} catch (error) {
			if (systemCode(error) === 'EEXIST') throw claimedElsewhere();
			if (systemCode(error) !== 'ENOENT' || attempt === 3) throw error;
		}
	}
}

function generationsIn(folder: string): number[] {
	try {
		return readdirSync(folder)
			.filter((name) => /^[1-9]\d{0,14}$/.test(name))
			.map(Number);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw error;
	}
}

const highest = (folder: string): number => Math.max(0, ...generationsIn(folder));

function textOf(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

function removeIfThere(path: string) {
	try {
		unlinkSync(path);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') throw error;
	}
}

function removeFolderIfEmpty(folder: string) {
	try {
		rmdirSync(folder);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST')
			throw error;
	}
}

/** EPERM means that the process is there and another user's. */
function isProcessAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return systemCode(error) === 'EPERM';
	}
}

const thisHost = hostname();
const thisBootId = readBootId();

/**
 * Names this start of the machine. On Linux also the process namespace, since process ids mean nothing across two
 * containers; elsewhere the time of the start in seconds.
 */
function readBootId(): string {
	try {
		const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
		return `${bootId} ${readlinkSync('/proc/self/ns/pid')}`;
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return `started ${Math.round(Date.now() / 1000 - uptime())}`;
	}
}

function isSameBoot(left: string, right: string): boolean {
	const startOf = (id: string) => Number(/^started (\d+)$/.exec(id)?.[1] ?? Number.NaN);
	return left === right || Math.abs(startOf(left) - startOf(right)) <= BOOT_TOLERANCE_S;
}
