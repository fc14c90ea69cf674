/** The real time and real randomness behind the core's ports. */
import { randomBytes } from 'node:crypto';
import { CancelledError } from '../base/errors.ts';
import { asUnixMs, uuidV7 } from '../base/ids.ts';
import type { Clock, IdSource } from '../core/ports.ts';

export const systemClock: Clock = {
	now: () => asUnixMs(Date.now()),
	sleep: (delayMs, signal) =>
		new Promise((resolve, reject) => {
			if (signal.aborted) {
				reject(new CancelledError());
				return;
			}
			const onAbort = () => {
				clearTimeout(timer);
				reject(new CancelledError());
			};
			const timer = setTimeout(() => {
				signal.removeEventListener('abort', onAbort);
				resolve();
			}, delayMs);
			signal.addEventListener('abort', onAbort, { once: true });
		}),
};

/** How many ids one millisecond can hold; see `uuidV7`. */
const IDS_PER_MS = 4096;

/** Ids grow even when the clock stands still or goes back. `now` is for tests. */
export function createIdSource(now: () => number = Date.now): IdSource {
	let lastMs = 0;
	let sequence = 0;
	// Asking the system costs the same for eight bytes and for thousands.
	let pool = new Uint8Array(0);
	let used = 0;
	const eightBytes = () => {
		if (used + 8 > pool.length) {
			pool = randomBytes(4096);
			used = 0;
		}
		used += 8;
		return pool.subarray(used - 8, used);
	};
	return {
		next() {
			const nowMs = now();
			if (nowMs > lastMs) {
				lastMs = nowMs;
				sequence = 0;
			} else if (++sequence === IDS_PER_MS) {
				lastMs++;
				sequence = 0;
			}
			return uuidV7(lastMs, sequence, eightBytes());
		},
	};
}
