/** Work on many things, a few at a time, that leaves the thread to others now and then. */
import { longTurn } from './loopTurns.ts';

/** The results in the order of the items. What is thrown first is thrown, once nothing runs any more; no new item is begun then. */
export async function inParallel<T, R>(
	items: readonly T[],
	atOnce: number,
	work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	const failures: unknown[] = [];
	let next = 0;
	const worker = async () => {
		while (next < items.length && failures.length === 0) {
			const index = next++;
			try {
				results[index] = await work(items[index] as T, index);
			} catch (error) {
				failures.push(error);
			}
			// Small files are read and written without a wait.
			const pause = next < items.length ? longTurn() : undefined;
			if (pause) await pause;
		}
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
	if (failures.length > 0) throw failures[0];
	return results;
}
