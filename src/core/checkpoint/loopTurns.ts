/**
 * Lets long work give way: typing and timers wait for the end of a turn of the event loop, and work on thousands of files that never waits
 * for anything would be one turn. Knows nothing of the work.
 */

/** With what else is done in a turn it stays below the 10 ms that can be felt. */
const TURN_MS = 3;

/** Of the thread, so that pieces of work that follow each other do not each take a turn's time. */
let turn: { readonly startedMs: number; readonly ended: Promise<void> } | undefined;

/** Undefined while the turn is short; else what to wait for before the next step. */
export function longTurn(): Promise<void> | undefined {
	if (turn) return Date.now() - turn.startedMs < TURN_MS ? undefined : turn.ended;
	const ended = new Promise<void>((resolve) => {
		setTimeout(() => {
			turn = undefined;
			resolve();
		}, 0);
	});
	turn = { startedMs: Date.now(), ended };
	return undefined;
}

/** Runs the steps to their end, as many in a turn as it has time for. */
export async function inTurns<T>(steps: Generator<void, T>, signal?: AbortSignal): Promise<T> {
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
		const pause = longTurn();
		if (!pause) continue;
		await pause;
		signal?.throwIfAborted();
	}
}

/** All at once, for callers that cannot wait. */
export function atOnce<T>(steps: Generator<void, T>): T {
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
	}
}

/** Small enough for any step, large enough that asking for the time costs nothing. */
export const ITEMS_PER_STEP = 128;

/** A sorted copy: what `toSorted` gives. */
export function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[]> {
	let runs: T[][] = [];
	for (let start = 0; start < items.length; start += ITEMS_PER_STEP) {
		runs.push(items.slice(start, start + ITEMS_PER_STEP).sort(compare));
		yield;
	}
	while (runs.length > 1) {
		const merged: T[][] = [];
		for (let at = 0; at < runs.length; at += 2)
			merged.push(yield* mergeSteps(runs[at] ?? [], runs[at + 1] ?? [], compare));
		runs = merged;
	}
	return runs[0] ?? [];
}

function* mergeSteps<T>(
	left: readonly T[],
	right: readonly T[],
	compare: (a: T, b: T) => number,
): Generator<void, T[]> {
	const merged: T[] = [];
	let [l, r] = [0, 0];
	while (l < left.length && r < right.length) {
		const [a, b] = [left[l] as T, right[r] as T];
		const isLeft = compare(a, b) <= 0;
		merged.push(isLeft ? a : b);
		if (isLeft) l++;
		else r++;
		if (merged.length % ITEMS_PER_STEP === 0) yield;
	}
	for (const rest of [left.slice(l), right.slice(r)]) for (const item of rest) merged.push(item);
	yield;
	return merged;
}
