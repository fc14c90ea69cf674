/** Where an error was thrown, for the trace: its call frames without its message, which may hold the user's data. */
export function framesOf(thrown: unknown): string {
	const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
	return stack
		.split('\n')
		.filter((line) => /^\s+at /.test(line))
		.slice(0, 12)
		.join('\n');
}
