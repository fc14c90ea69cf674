/**
 * Replacing a string in a text: what the Edit tool does, without files. Pure; what does not fit is data.
 * Texts have `\n` line ends.
 */

export type TextEdit = { readonly oldString: string; readonly newString: string; readonly replaceAll?: boolean };
export type AppliedEdit = { readonly kind: 'applied'; readonly text: string; readonly count: number };
export type EditFailure =
	/** `hint` is a sentence that helps to find the place. */
	| { readonly kind: 'notFound'; readonly hint: string }
	/** `lineNumbers` are 1-based, of the first matches. */
	| { readonly kind: 'ambiguous'; readonly count: number; readonly lineNumbers: readonly number[] }
	| { readonly kind: 'identical' }
	| { readonly kind: 'emptyOld' };

/** How many places are named when a string is ambiguous. */
const MAX_NAMED_LINES = 5;
/** Lines compared for the nearest one: enough for source files, cheap for generated ones. */
const MAX_SEARCHED_LINES = 20_000;

export function applyEdit(text: string, edit: TextEdit): AppliedEdit | EditFailure {
	const { oldString, newString } = edit;
	if (oldString === '') return { kind: 'emptyOld' };
	if (oldString === newString) return { kind: 'identical' };
	const places = placesOf(text, oldString);
	if (places.length === 0) return { kind: 'notFound', hint: hintFor(text, oldString) };
	if (places.length > 1 && !edit.replaceAll)
		return {
			kind: 'ambiguous',
			count: places.length,
			lineNumbers: places.slice(0, MAX_NAMED_LINES).map((place) => lineNumberAt(text, place)),
		};
	// Not `replaceAll`: its replacement strings give `$` a meaning.
	return { kind: 'applied', text: text.split(oldString).join(newString), count: places.length };
}

/** What went wrong, as one or two sentences for the model. */
export function describeEditFailure(failure: EditFailure): string {
	switch (failure.kind) {
		case 'notFound':
			return `The old string was not found. ${failure.hint}`;
		case 'ambiguous': {
			const more = failure.count > failure.lineNumbers.length ? ', …' : '';
			return `The old string occurs ${failure.count} times (lines ${failure.lineNumbers.join(', ')}${more}). Give more surrounding lines so that it is unique, or set replace_all.`;
		}
		case 'identical':
			return 'The old and the new string are the same, so there is nothing to change.';
		case 'emptyOld':
			return 'The old string is empty. Give the text to replace, or write the whole file.';
	}
}

/** Where `needle` starts, matches not overlapping. */
function placesOf(text: string, needle: string): number[] {
	const places: number[] = [];
	for (let index = text.indexOf(needle); index >= 0; index = text.indexOf(needle, index + needle.length))
		places.push(index);
	return places;
}

function lineNumberAt(text: string, offset: number): number {
	let lineNumber = 1;
	for (let index = text.indexOf('\n'); index >= 0 && index < offset; index = text.indexOf('\n', index + 1))
		lineNumber++;
	return lineNumber;
}

function hintFor(text: string, oldString: string): string {
	const lines = text.split('\n').slice(0, MAX_SEARCHED_LINES);
	const wanted = oldString.split('\n');
	const loose = looseMatch(lines, wanted);
	if (loose !== undefined)
		return `Line ${loose + 1} differs from it in white space only: copy the lines exactly as they are in the file.`;
	const first = wanted.map((line) => line.trim()).find((line) => line !== '') ?? '';
	const nearest = nearestLine(lines, first);
	if (nearest === undefined) return 'Nothing like it is in the file: read the file again.';
	return `The nearest line is ${nearest + 1}: ${JSON.stringify((lines[nearest] ?? '').slice(0, 200))}`;
}

/** Index of the line from which on the lines match when white space is left out. */
function looseMatch(lines: readonly string[], wanted: readonly string[]): number | undefined {
	const bare = (line: string) => line.replace(/\s+/g, '');
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
