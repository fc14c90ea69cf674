/** Keeps a scroller at its end while content grows, until the user scrolls up. */
export interface StickToEnd {
	/** Call after each render. */
	follow(): void;
	jump(): void;
	/** The user was brought elsewhere: growing content does not take them back. */
	leave(): void;
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

	const distanceOf = (element: HTMLElement) => element.scrollHeight - element.clientHeight - element.scrollTop;

	function follow(): void {
		const element = scroller();
		// A page that is hidden has no height, and so no end that could be in view.
		if (element === null || element.clientHeight === 0) return;
		if (isAtEnd) element.scrollTop = element.scrollHeight;
		// Content that shrank may have its end in view without a scroll event.
		else if (distanceOf(element) <= END_SLACK_PX) update(true);
	}

	return {
		follow,
		jump() {
			update(true);
			follow();
		},
		leave: () => update(false),
		isAtEnd: () => isAtEnd,
		attach(element) {
			let lastTop = 0;
			element.addEventListener('scroll', () => {
				// Only a move upwards by the user leaves the end; growing content alone does not.
				if (distanceOf(element) <= END_SLACK_PX) update(true);
				else if (element.scrollTop < lastTop) update(false);
				lastTop = element.scrollTop;
			});
			const observer = new ResizeObserver(follow);
			observer.observe(element);
			for (const child of element.children) observer.observe(child);
		},
	};
}
