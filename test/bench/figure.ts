/** What a bench measures, and what `npm run bench` prints a line of. */
export type BenchFigure = {
	readonly name: string;
	readonly value: number;
	/** e.g. `ms`, `KB`, `bytes`. */
	readonly unit: string;
	/** What the value must not go above; the bench fails when it does. */
	readonly bound?: number;
	/** How it was measured, or what to compare it with. */
	readonly note?: string;
};

/** A figure that always has a bound. */
export type Figure = BenchFigure & { readonly bound: number };

/** The middle of the values; of an even number the lower one of the two. NaN without values. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((left, right) => left - right);
	return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
