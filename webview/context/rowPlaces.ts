/** Where the rows of a long list stand, so that only those in sight are drawn. Pure. */

/** Heights in px of the rows, in their order; the last place is the end of the list. */
export function placesOf(heights: readonly number[]): Float64Array {
	const places = new Float64Array(heights.length + 1);
	let top = 0;
	heights.forEach((height, index) => {
		places[index] = top;
		top += height;
	});
	places[heights.length] = top;
	return places;
}

/** Rows `[from, to)` that touch the window, with a few on each side so that fast scrolling shows no gap. */
export function rowsInSight(
	places: Float64Array,
	topPx: number,
	heightPx: number,
	spareRows: number,
): { readonly from: number; readonly to: number } {
	const count = places.length - 1;
	const from = Math.max(0, rowAt(places, topPx) - spareRows);
	const to = Math.min(count, rowAt(places, topPx + heightPx) + 1 + spareRows);
	return { from, to };
}

/** The row that covers `px`; the last one beyond the end. */
function rowAt(places: Float64Array, px: number): number {
	let low = 0;
	let high = Math.max(0, places.length - 2);
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if ((places[middle] ?? 0) <= px) low = middle;
		else high = middle - 1;
	}
	return low;
}

/** How far to scroll so that the row is in sight: the present place when it is. `headPx` keeps the heading above it in sight. */
export function scrollTo(places: Float64Array, row: number, topPx: number, heightPx: number, headPx = 0): number {
	const start = (places[row] ?? 0) - headPx;
	const end = places[row + 1] ?? 0;
	if (start < topPx) return Math.max(0, start);
	return end > topPx + heightPx ? end - heightPx : topPx;
}
