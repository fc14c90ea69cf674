/** When a failed attempt at the model is made again, and after how long. Knows nothing of what an attempt does. */
import type { Clock } from '../ports.ts';
import { ModelError } from './modelError.ts';

/** With the delays below: about a minute of trying before the user is asked. */
export const MAX_ATTEMPTS = 8;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 32_000;
/** An endpoint that asks for more than a minute is tried earlier: a person is watching. */
const MAX_RETRY_AFTER_MS = 60_000;
/** Share of the delay that chance takes off, so that sessions which failed together do not come back together. */
const JITTER_SHARE = 0.25;

export type RetryWait = {
	/** The attempt that comes next, from 2. */
	readonly attempt: number;
	readonly maxAttempts: number;
	readonly delayMs: number;
	readonly error: ModelError;
};

/** The wait after failed attempt number `attempt` (from 1). `random` is in [0, 1). */
export function retryDelayMs(attempt: number, retryAfterMs: number | undefined, random: number): number {
	if (retryAfterMs !== undefined && retryAfterMs >= 0) return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
	const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
	return Math.round(delayMs * (1 - JITTER_SHARE * random));
}

/**
 * Runs `attempt` until it succeeds, fails for good, or was made `MAX_ATTEMPTS` times; then rejects with its last error.
 * `onWait` is called before each wait. Rejects with CancelledError when `signal` aborts during a wait.
 */
export async function withRetry<T>(
	attempt: () => Promise<T>,
	options: { readonly clock: Clock; readonly random: () => number; readonly onWait: (wait: RetryWait) => void },
	signal: AbortSignal,
): Promise<T> {
	for (let count = 1; ; count++) {
		try {
			return await attempt();
		} catch (error) {
			if (!(error instanceof ModelError) || !error.isRetryable || count >= MAX_ATTEMPTS || signal.aborted) throw error;
			const delayMs = retryDelayMs(count, error.retryAfterMs, options.random());
			options.onWait({ attempt: count + 1, maxAttempts: MAX_ATTEMPTS, delayMs, error });
			await options.clock.sleep(delayMs, signal);
		}
	}
}
