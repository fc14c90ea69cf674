/**
 * What a command in the background prints: the part that the model has not read yet, and the whole, both within limits. What is left out is
 * counted and said.
 */

/** About 8k tokens, which is what one result may have. */
const MAX_UNREAD_CHARS = 30_000;
/** Half of it from the start, half from the end. */
const MAX_WHOLE_CHARS = 1_000_000;

export type BackgroundOutput = {
	add(text: string): void;
	readonly hasUnread: boolean;
	/** What came since the last time; its start is left out when it is too much. */
	takeUnread(): { readonly text: string; readonly leftOutChars: number };
	whole(): string;
};

export function createBackgroundOutput(): BackgroundOutput {
	let unread = '';
	let leftOutChars = 0;
	let head = '';
	let tail = '';
	let total = 0;
	const half = MAX_WHOLE_CHARS / 2;
	return {
		add(text) {
			total += text.length;
			unread += text;
			// Cut when it has grown to twice its share, so that each character is moved once on average.
			if (unread.length > 2 * MAX_UNREAD_CHARS) cutUnread();
			const fits = text.slice(0, Math.max(0, half - head.length));
			head += fits;
			tail += text.slice(fits.length);
			if (tail.length > 2 * half) tail = tail.slice(-half);
		},
		get hasUnread() {
			return unread !== '';
		},
		takeUnread() {
			if (unread.length > MAX_UNREAD_CHARS) cutUnread();
			const taken = { text: unread, leftOutChars };
			unread = '';
			leftOutChars = 0;
			return taken;
		},
		whole() {
			if (head.length + tail.length === total && tail.length <= half) return head + tail;
			const end = tail.slice(-half);
			return `${head}\n[… ${total - head.length - end.length} characters left out here …]\n${end}`;
		},
	};

	function cutUnread(): void {
		const from = unread.length - MAX_UNREAD_CHARS;
		const lineEnd = unread.indexOf('\n', from);
		const start = lineEnd >= 0 && lineEnd - from < 2_000 ? lineEnd + 1 : from;
		leftOutChars += start;
		unread = unread.slice(start);
	}
}
