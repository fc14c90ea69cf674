/** A FileScanner that looks at nothing and says why: commands run, and what they change is not recorded. */
import type { FileScanner } from './fileScanner.ts';

/** `reason` is a sentence part, e.g. `checkpoints are turned off in the settings`. */
export function createUnseeingScanner(reason: string): FileScanner {
	return {
		prepare: () => undefined,
		begin: () => ({
			ready: Promise.resolve({ items: [], unavailable: reason }),
			async *finish() {
				// There is nothing to find.
			},
			cancel: () => undefined,
		}),
	};
}
