/**
 * Replacing a string in a text: what the Edit tool does, without files. Pure; what does not fit is data.
 * Texts have `\n` line ends.
 */
import { editHint } from './editHint.ts';

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

export function applyEdit(text: string, edit: TextEdit): AppliedEdit | EditFailure {
	const { oldString, newString } = edit;
	if (oldString === '') return { kind: 'emptyOld' };
	if (oldString === newString) return { kind: 'identical' };
	const places = placesOf(text, oldString);
	if (places.length === 0) return { kind: 'notFound', hint: editHint(text, oldString) };
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
