/** The input of a call of somebody else's tool, as the user reads it before it runs: what is short on one line, else a value a line. Pure. */

const MAX_LINE_CHARS = 60;

/** With the space or the line break before it; empty for an empty input. */
export function shownInput(input: unknown): string {
	const line = JSON.stringify(input) ?? '';
	if (line === '' || line === '{}') return '';
	return line.length <= MAX_LINE_CHARS ? ` ${line}` : `\n${JSON.stringify(input, null, 2)}`;
}
