/** What a server wrote and what happened to it, within a bound: the newest lines are kept. */
export type ServerLog = {
	add(text: string): void;
	text(): string;
};

const MAX_LOG_CHARS = 256 * 1024;

export function createServerLog(maxChars = MAX_LOG_CHARS): ServerLog {
	let parts: string[] = [];
	let chars = 0;
	let hasLost = false;
	const joined = () => {
		const all = parts.join('');
		const kept = all.length > maxChars ? all.slice(all.length - maxChars) : all;
		hasLost ||= kept.length < all.length;
		parts = [kept];
		chars = kept.length;
		return kept;
	};
	return {
		add(text) {
			parts.push(text);
			chars += text.length;
			// Each byte is moved once on average.
			if (chars > 2 * maxChars) joined();
		},
		text() {
			const kept = joined();
			return hasLost ? `[… older lines are gone …]\n${kept.slice(kept.indexOf('\n') + 1)}` : kept;
		},
	};
}
