/** What a program printed for a terminal, as a person would have read it there. Pure. */

/** Without colours and other orders to a terminal, and with a line that was written over (progress bars) as it stood last. */
export function readableOutput(output: string): string {
	const text = output
		.replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '')
		.replace(/\u001b[PX^_][^\u001b]*\u001b\\/g, '')
		.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
		.replace(/\u001b[ -/]*[0-~]/g, '')
		.replace(/\r+\n/g, '\n')
		.replace(/^[^\n]*\r(?=[^\n])/gm, '')
		// Names that are set apart by a zero byte (`find -print0`) stand on lines of their own.
		.replace(/\u0000+/g, '\n');
	return withoutBackspaces(text)
		.replace(/[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')
		.replace(/\s+$/, '');
}

/** Spinners, and manual pages that strike letters twice. */
function withoutBackspaces(text: string): string {
	if (!text.includes('\b')) return text;
	const kept: string[] = [];
	for (const char of text) {
		if (char !== '\b') kept.push(char);
		else if (kept.length > 0 && kept.at(-1) !== '\n') kept.pop();
	}
	return kept.join('');
}
