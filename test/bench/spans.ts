// Spans of time that work took, and how much of a while they cover together: what runs beside something else counts once.

export type Span = { readonly startedMs: number; readonly endedMs: number };

/** For how long between two moments of `performance.now()` at least one of the spans ran. */
export function coveredMs(spans: readonly Span[], fromMs: number, toMs: number): number {
	let sumMs = 0;
	let seenMs = fromMs;
	for (const { startedMs, endedMs } of spans.toSorted((a, b) => a.startedMs - b.startedMs)) {
		const startMs = Math.max(startedMs, seenMs);
		const endMs = Math.min(endedMs, toMs);
		if (endMs <= startMs) continue;
		sumMs += endMs - startMs;
		seenMs = endMs;
	}
	return sumMs;
}

/** Runs work and writes down when. */
export async function noted<T>(spans: Span[], work: () => Promise<T>): Promise<T> {
	const startedMs = performance.now();
	try {
		return await work();
	} finally {
		spans.push({ startedMs, endedMs: performance.now() });
	}
}
