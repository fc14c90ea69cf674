// Notes when the process waits for the disk to flush: the disk's time, which differs tenfold between machines, so figures show it apart.
// Import it first and by itself: it replaces two functions of `node:fs`, which the modules that flush take when they load.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const flushes: { readonly startedMs: number; readonly endedMs: number }[] = [];

type Flush = (fd: number, callback: (error: NodeJS.ErrnoException | null) => void) => void;

function timed(flush: Flush): Flush {
	return (fd, callback) => {
		const startedMs = performance.now();
		flush(fd, (error) => {
			flushes.push({ startedMs, endedMs: performance.now() });
			callback(error);
		});
	};
}

Object.assign(fs, { fdatasync: timed(fs.fdatasync), fsync: timed(fs.fsync) });
syncBuiltinESMExports();

/** For how long between the two moments of `performance.now()` at least one flush ran. */
export function flushMsWithin(fromMs: number, toMs: number): number {
	let sumMs = 0;
	let seenMs = fromMs;
	for (const { startedMs, endedMs } of flushes.toSorted((a, b) => a.startedMs - b.startedMs)) {
		const startMs = Math.max(startedMs, seenMs);
		const endMs = Math.min(endedMs, toMs);
		if (endMs <= startMs) continue;
		sumMs += endMs - startMs;
		seenMs = endMs;
	}
	return sumMs;
}
