/** Replacing a string in the cells of a notebook, as `applyEdit` does in a text. Pure; what does not fit is a sentence for the model. */
import { plural } from '../../base/text.ts';
import { applyEdit, describeEditFailure, type TextEdit } from './applyEdit.ts';
import { readNotebook, withSources } from './notebookFile.ts';

export type NotebookEdit =
	| { readonly kind: 'applied'; readonly text: string; readonly count: number }
	| { readonly kind: 'failed'; readonly message: string; readonly summary: string };

/** `text` is the file's, with `\n` line ends. A string is looked for in the source of each cell, never across two. */
export function editNotebook(text: string, edit: TextEdit): NotebookEdit {
	const notebook = readNotebook(text);
	if (!notebook)
		return {
			kind: 'failed',
			message: 'It is not a notebook that can be read (nbformat 4), so its cells cannot be edited.',
			summary: 'not a readable notebook',
		};
	const found = notebook.cells.flatMap(({ source }, index) => {
		const applied = applyEdit(source, { ...edit, replaceAll: true });
		return applied.kind === 'applied' ? [{ index, applied }] : [];
	});
	const count = found.reduce((sum, { applied }) => sum + applied.count, 0);
	if (count === 0) {
		const whole = applyEdit(notebook.cells.map(({ source }) => source).join('\n'), edit);
		const message = whole.kind === 'applied' ? ACROSS_CELLS : describeEditFailure(whole);
		return { kind: 'failed', message, summary: 'text not found in a cell' };
	}
	if (count > 1 && !edit.replaceAll) {
		const cells = found.map(({ index }) => index + 1).join(', ');
		return {
			kind: 'failed',
			message: `The old string occurs ${plural(count, 'time')} (cells ${cells}). Give more surrounding lines of the cell so that it is unique, or set replace_all.`,
			summary: 'text is not unique',
		};
	}
	const sources = new Map(found.map(({ index, applied }) => [index, applied.text]));
	return { kind: 'applied', text: withSources(text, sources), count };
}

const ACROSS_CELLS = 'The old string goes over the border of two cells. Edit one cell at a time.';
