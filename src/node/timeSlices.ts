/**
 * Lets long synchronous work leave the thread to others every few milliseconds. Small synchronous file calls cost a tenth of a trip
 * to the thread pool, so thousands of them are fastest in slices.
 */
import { setImmediate } from 'node:timers/promises';

/**
 * Less than the 10 ms that a person or a timer can notice, with one more step, a collection of garbage and what other work takes of a busy
 * core. A trip through the event loop costs some 20 microseconds, so shorter slices cost 1 %.
 */
const SLICE_MS = 2;

export type TimeSlices = {
	/** Undefined while the slice lasts; else what to await before the next step. */
	pause(): Promise<void> | undefined;
};

export function createTimeSlices(): TimeSlices {
	let startedAt = performance.now();
	const next = async () => {
		await setImmediate();
		startedAt = performance.now();
	};
	return { pause: () => (performance.now() - startedAt < SLICE_MS ? undefined : next()) };
}
