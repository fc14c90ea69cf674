/** Keeps what the user looks at where it is while rows are added above it. */

/** `change` draws at once. The browser's own anchoring does not work at the very top, and counts for nothing where it does. */
export function keepPlace(scroller: HTMLElement | null, change: () => void): void {
	if (scroller === null) {
		change();
		return;
	}
	const top = scroller.getBoundingClientRect().top;
	const rows = scroller.querySelectorAll<HTMLElement>('.log article > *, .log .line > *, .log .prompt');
	const seen = [...rows]
		.filter((row) => row.getBoundingClientRect().bottom > top)
		.map((row) => [row, topOf(row)] as const);
	change();
	// A row may be drawn anew when the group it stands in begins earlier now; the next one that stayed tells as much.
	const stayed = seen.find(([row]) => row.isConnected);
	if (stayed !== undefined) scroller.scrollTop += topOf(stayed[0]) - stayed[1];
}

const topOf = (row: HTMLElement): number => row.getBoundingClientRect().top;
