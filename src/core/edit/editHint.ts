/**
 * Why a text was not found, in a sentence with which it is found the next time: what is different about it, and how the place really reads.
 * Pure. Texts have `\n` line ends.
 */

/** Lines compared for the nearest one: enough for source files, cheap for generated ones. */
const MAX_SEARCHED_LINES = 20_000;
const MAX_COMPARED_LINES = 500;
const MAX_SHOWN_LINES = 12;
const MAX_LINE_CHARS = 200;

export function editHint(text: string, oldString: string): string {
	const mistake = MISTAKES.find(({ undo }) => {
		const meant = undo(oldString);
		return meant !== oldString && meant.trim() !== '' && text.includes(meant);
	});
	if (mistake) return mistake.says;
	const lines = text.split('\n').slice(0, MAX_SEARCHED_LINES);
	const wanted = oldString.split('\n');
	const loose = looseMatch(lines, wanted, withoutSpace);
	if (loose !== undefined)
		return `Line ${loose + 1} differs from it in white space only: copy the lines exactly as they are in the file. ${shown(lines, loose, wanted)}`;
	const similar = looseMatch(lines, wanted, (line) => plainSigns(withoutSpace(line)));
	if (similar !== undefined)
		return `Line ${similar + 1} differs from it in quotes, dashes, accents or the like only: copy the lines exactly as they are in the file. ${shown(lines, similar, wanted)}`;
	const partly = longestStart(lines, wanted);
	if (partly)
		return `It fits from line ${partly.start + 1} on, but line ${partly.differs + 1} is ${quoted(lines[partly.differs])} and not ${quoted(wanted[partly.differs - partly.start])}.`;
	const first = wanted.map((line) => line.trim()).find((line) => line !== '') ?? '';
	const nearest = nearestLine(lines, first);
	if (nearest === undefined) return 'Nothing like it is in the file: read the file again.';
	return `The nearest line is ${nearest + 1}: ${quoted(lines[nearest])}`;
}

/** What models do to a text when they copy it. */
const MISTAKES: readonly { readonly undo: (text: string) => string; readonly says: string }[] = [
	{
		undo: (text) => (/^(?:[ \t]*\d+[\t→][^\n]*(?:\n|$))+$/.test(text) ? text.replace(/^[ \t]*\d+[\t→]/gm, '') : text),
		says: 'It holds the line numbers that Read shows in front of the lines: leave them and the tab behind them out.',
	},
	{
		undo: (text) => text.replace(/\\n/g, '\n').replace(/\\t/g, '\t').replace(/\\"/g, '"'),
		says: 'It holds \\n, \\t or \\" as two characters where the file has a line end, a tab or a quote: give the characters themselves.',
	},
	{
		undo: (text) => text.replace(/\n|\t/g, (char) => (char === '\n' ? '\\n' : '\\t')),
		says: 'It holds a line end or a tab where the file has a backslash with n or t behind it.',
	},
	{
		undo: (text) =>
			text
				.replace(/&lt;/g, '<')
				.replace(/&gt;/g, '>')
				.replace(/&quot;/g, '"')
				.replace(/&#39;|&apos;/g, "'")
				.replace(/&amp;/g, '&'),
		says: 'It holds &lt; &gt; &amp; or the like where the file has the characters themselves: give these.',
	},
	{
		undo: (text) => text.replace(/\n+$/, ''),
		says: 'Only the line end behind it is not there (the file may end without one): leave it out.',
	},
];

const withoutSpace = (line: string): string => line.replace(/\s+/g, '');
const plainSigns = (text: string): string =>
	text
		.normalize('NFC')
		.replace(/[‘’‚‛′]/g, "'")
		.replace(/[“”„‟″«»]/g, '"')
		.replace(/[‐-―−]+|-{2,}/g, '-')
		.replace(/…/g, '...');

const quoted = (line = ''): string => JSON.stringify(line.slice(0, MAX_LINE_CHARS));

/** The lines as they are, written so that tabs and spaces can be told apart. */
function shown(lines: readonly string[], start: number, wanted: readonly string[]): string {
	const count = Math.min(wanted.length, MAX_SHOWN_LINES);
	return `As JSON: ${quoted(
		lines
			.slice(start, start + count)
			.join('\n')
			.slice(0, MAX_LINE_CHARS * 4),
	)}`;
}

/** Where most lines in a row are the wanted ones, and the first that is not. Two lines at least, white space left out. */
function longestStart(
	lines: readonly string[],
	wanted: readonly string[],
): { readonly start: number; readonly differs: number } | undefined {
	const bareWanted = wanted.map(withoutSpace);
	const [first = ''] = bareWanted;
	if (first === '' || wanted.length < 2) return undefined;
	const bareLines = lines.map(withoutSpace);
	let best: { start: number; differs: number } | undefined;
	for (const [start, line] of bareLines.entries()) {
		if (!line.endsWith(first)) continue;
		let differs = start + 1;
		const last = Math.min(lines.length, start + MAX_COMPARED_LINES);
		while (differs < last && bareLines[differs] === bareWanted[differs - start]) differs++;
		if (differs < lines.length && (!best || differs - start > best.differs - best.start)) best = { start, differs };
	}
	return best;
}

/** Index of the line from which on the lines match when only what `bare` leaves of them counts. */
function looseMatch(
	lines: readonly string[],
	wanted: readonly string[],
	bare: (line: string) => string,
): number | undefined {
	const bareWanted = wanted.map(bare);
	while (bareWanted.length > 1 && bareWanted.at(-1) === '') bareWanted.pop();
	while (bareWanted.length > 1 && bareWanted[0] === '') bareWanted.shift();
	const [first = ''] = bareWanted;
	if (first === '') return undefined;
	const bareLines = lines.map(bare);
	const last = bareWanted.length - 1;
	const index = bareLines.findIndex((line, start) =>
		last === 0
			? line.includes(first)
			: line.endsWith(first) &&
				bareWanted.every((part, offset) => {
					const other = bareLines[start + offset];
					if (offset === 0) return true;
					return offset === last ? other?.startsWith(part) : other === part;
				}),
	);
	return index < 0 ? undefined : index;
}

/** Index of the line that shares most words with `wanted`; undefined when none shares half of them. */
function nearestLine(lines: readonly string[], wanted: string): number | undefined {
	const words = new Set(wordsOf(wanted));
	if (words.size === 0) return undefined;
	let best: number | undefined;
	let bestShare = 0.5;
	for (const [index, line] of lines.entries()) {
		const other = new Set(wordsOf(line));
		if (other.size === 0) continue;
		const shared = [...words].filter((word) => other.has(word)).length;
		const share = shared / Math.max(words.size, other.size);
		if (share > bestShare || (share === bestShare && best === undefined)) {
			best = index;
			bestShare = share;
		}
	}
	return best;
}

const wordsOf = (line: string): string[] => line.match(/[\p{L}\p{N}_]+/gu) ?? [];
