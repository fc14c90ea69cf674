// Waits for a state outside the page (a file, a log line, a process). Inside the page Playwright waits by itself.
import { setTimeout as delay } from 'node:timers/promises';

/** Asked this often: fast enough for tests, slow enough to leave the two cores to VS Code. */
const intervalMs = 50;

/** Resolves with the first value of `probe` that is not undefined or false; rejects with `what` after the time limit. */
export async function until<T>(
	what: string,
	probe: () => T | Promise<T>,
	timeoutMs = 25_000,
): Promise<Exclude<T, undefined | false>> {
	const endMs = performance.now() + timeoutMs;
	for (;;) {
		const value = await probe();
		if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
		if (performance.now() > endMs) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`);
		await delay(intervalMs);
	}
}

/** The value of `probe` once it stays the same for a while: for what is drawn in several steps and has no last one to wait for. */
export async function settled<T>(what: string, probe: () => Promise<T>, sameMs = 600): Promise<T> {
	let last: T | undefined;
	let sinceMs = 0;
	await until(`${what} stays the same`, async () => {
		const value = await probe();
		if (sinceMs === 0 || value !== last) {
			last = value;
			sinceMs = performance.now();
		}
		return performance.now() - sinceMs > sameMs;
	});
	return last as T;
}
