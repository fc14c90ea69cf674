/** Short, honest numbers for the panel. Pure. */

/** `12 ms`, `1.4 s`, `2 min 5 s`. */
export function shortDuration(durationMs: number): string {
	if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
	if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
	const seconds = Math.round(durationMs / 1000);
	return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `$0.18`; `< $0.01` where rounding would show nothing. */
export function shortCost(costUsd: number): string {
	if (costUsd > 0 && costUsd < 0.005) return '< $0.01';
	return `$${costUsd.toFixed(2)}`;
}

/** `820 B`, `12 KB`, `1.4 MB`. */
export function shortSize(sizeBytes: number): string {
	if (sizeBytes < 1000) return `${sizeBytes} B`;
	if (sizeBytes < 1_000_000) return `${Math.round(sizeBytes / 1000)} KB`;
	return `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}

export function percent(share: number): string {
	return `${Math.round(share * 100)} %`;
}

/** The first line, cut to `maxChars`. */
export function firstLine(text: string, maxChars: number): string {
	const line = text.trimStart().split('\n', 1)[0] ?? '';
	return line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line;
}
