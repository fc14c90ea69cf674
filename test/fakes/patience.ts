/** For tests beside which others run: they wait for states, give more time to what has a limit of its own, and measure work, not time. */
import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_WAIT_MS = 60_000;

/** Resolves when it is true. Fails after longer than anything takes that works, also on a busy machine. */
export async function until(isTrue: () => boolean, what = 'It'): Promise<void> {
	const endMs = performance.now() + LONGEST_WAIT_MS;
	while (!isTrue()) {
		if (performance.now() > endMs) throw new Error(`${what} did not come true in time.`);
		await delay(10);
	}
}

/**
 * For what a time limit is to cut off in the middle: tries with ever larger limits until it got to where it can be judged, so that it is
 * quick on a quiet machine and not cut off too early on a busy one. The last outcome counts.
 */
export async function withMoreTime<T>(
	attempt: (limitMs: number) => Promise<T>,
	canBeJudged: (outcome: T, limitMs: number) => boolean,
	limitsMs: readonly number[] = [400, 2_500, 12_000],
): Promise<T> {
	for (const [index, limitMs] of limitsMs.entries()) {
		const outcome = await attempt(limitMs);
		if (canBeJudged(outcome, limitMs) || index === limitsMs.length - 1) return outcome;
	}
	throw new Error('There is no limit to try.');
}

/** How long this thread has worked, in ms: what other processes take does not count. */
export function workedMs(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1_000;
}
