// Notes when the process waits for the disk to flush: the disk's time, which differs tenfold between machines, so figures show it apart.
// Import it first and by itself: it replaces two functions of `node:fs`, which the modules that flush take when they load.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { coveredMs, type Span } from './spans.ts';

/** Of this thread, in the order they ended. */
export const flushes: Span[] = [];

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
export const flushMsWithin = (fromMs: number, toMs: number): number => coveredMs(flushes, fromMs, toMs);
