/** Time and ids for tests: deterministic, moved by hand or by sleeping. */
import { CancelledError } from '../../src/base/errors.ts';
import { asUnixMs, uuidV7 } from '../../src/base/ids.ts';
import type { Clock, IdSource } from '../../src/core/ports.ts';

export type FakeClock = Clock & {
	advance(ms: number): void;
	/** Every delay that was slept, in order. */
	readonly slept: readonly number[];
};

/** Sleeping moves the time on and resolves at once. Starts at 2026-01-01T00:00:00Z. */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
	let now = startMs;
	const slept: number[] = [];
	return {
		slept,
		now: () => asUnixMs(now),
		advance(ms) {
			now += ms;
		},
		async sleep(delayMs, signal) {
			if (signal.aborted) throw new CancelledError();
			slept.push(delayMs);
			now += delayMs;
			await Promise.resolve();
			if (signal.aborted) throw new CancelledError();
		},
	};
}

/** Ids that are valid UUIDv7, in order, and the same in every run. */
export function createFakeIds(prefixMs = Date.UTC(2026, 0, 1)): IdSource {
	let count = 0;
	return {
		next() {
			count++;
			const random = new Uint8Array(8);
			new DataView(random.buffer).setUint32(4, count);
			return uuidV7(prefixMs + count, count & 0xfff, random);
		},
	};
}
