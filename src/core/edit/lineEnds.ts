/** Line ends of a changed text: lines that stayed keep the ones they have, new ones get those of the place they stand in. Pure. */
import { diffLines } from './diffText.ts';
import { splitLines } from './hunks.ts';
import { type TextFile, toLf } from './textFile.ts';

/** `changed` in the form of `TextFile.text`. Its own line ends do not count: an editor, or a model, shows one kind only. */
export function ownLineEnds(file: TextFile, changed: string): string {
	const base = file.eol === 'mixed' ? toLf(file.text) : file.text;
	// Line ends of the model's would come out doubled; where `\r\r\n` stands in the file, they may be the file's.
	const wanted = base.includes('\r\n') ? changed : toLf(changed);
	if (file.eol !== 'mixed') return wanted;
	const lines = splitLines(file.text);
	const newLines = splitLines(wanted);
	const isMostlyCrlf = lines.filter(endsCrlf).length * 2 > lines.length;
	for (const hunk of diffLines(base, wanted).toReversed()) {
		const { baseStart, baseEnd, currentStart, currentEnd } = hunk;
		const replaced = lines.slice(baseStart, baseEnd);
		let isCrlf = endsCrlf(lines[baseStart - 1]) || (baseStart === 0 && isMostlyCrlf);
		const added = newLines.slice(currentStart, currentEnd).map((line, index) => {
			const old = replaced[index];
			if (old?.endsWith('\n')) isCrlf = endsCrlf(old);
			return isCrlf && line.endsWith('\n') ? `${line.slice(0, -1)}\r\n` : line;
		});
		lines.splice(baseStart, baseEnd - baseStart, ...added);
	}
	return lines.join('');
}

const endsCrlf = (line: string | undefined): boolean => line?.endsWith('\r\n') === true;
