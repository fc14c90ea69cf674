/** Which rows of a long transcript the panel gets: the newest at first, then page after page of what stands before them. Pure. */

export type RowPage<Row> = { readonly items: readonly Row[]; readonly hasOlder: boolean };

/** The last `count` rows. */
export function newestRows<Row>(rows: readonly Row[], count: number): RowPage<Row> {
	return pageEndingAt(rows, rows.length, count);
}

/** The `count` rows before the one with this id. A row that is not there any more has nothing before it. */
export function rowsBefore<Row extends { readonly id: string }>(
	rows: readonly Row[],
	beforeId: string,
	count: number,
): RowPage<Row> {
	return pageEndingAt(
		rows,
		Math.max(
			0,
			rows.findIndex((row) => row.id === beforeId),
		),
		count,
	);
}

function pageEndingAt<Row>(rows: readonly Row[], end: number, count: number): RowPage<Row> {
	const start = Math.max(0, end - count);
	return { items: rows.slice(start, end), hasOlder: start > 0 };
}
