/** Keeps a scroller at its end while content grows, until the user scrolls up. */
export interface StickToEnd {
	/** Call after each render. */
	follow(): void;
	jump(): void;
	isAtEnd(): boolean;
}

/** Closer than this counts as the end: rounding, and a half-scrolled last line. */
const END_SLACK_PX = 24;

export function stickToEnd(
	scroller: () => HTMLElement | null,
	onChange: () => void,
): StickToEnd & { attach(element: HTMLElement): void } {
	let isAtEnd = true;

	function update(next: boolean): void {
		if (next === isAtEnd) return;
		isAtEnd = next;
		onChange();
	}

	function follow(): void {
		const element = scroller();
		if (element !== null && isAtEnd) element.scrollTop = element.scrollHeight;
	}

	return {
		follow,
		jump() {
			update(true);
			follow();
		},
		isAtEnd: () => isAtEnd,
		attach(element) {
			let lastTop = 0;
			element.addEventListener('scroll', () => {
				const distance = element.scrollHeight - element.clientHeight - element.scrollTop;
				// Only a move upwards by the user leaves the end; growing content alone does not.
				if (distance <= END_SLACK_PX) update(true);
				else if (element.scrollTop < lastTop) update(false);
				lastTop = element.scrollTop;
			});
			const observer = new ResizeObserver(follow);
			observer.observe(element);
			for (const child of element.children) observer.observe(child);
		},
	};
}
