/** Edit: replaces one exact string in a file, or all of its occurrences. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { applyEdit, describeEditFailure, type TextEdit } from '../edit/applyEdit.ts';
import { editNotebook, type NotebookEdit } from '../edit/editNotebook.ts';
import { isNotebookPath } from '../edit/notebookFile.ts';
import { toLf } from '../edit/textFile.ts';
import { readForEdit } from './editedFile.ts';
import { describeEdit } from './editResult.ts';
import { failure, isOutcome } from './paths.ts';
import type { Tool } from './tool.ts';

const input = z.object({
	file_path: z.string().min(1),
	old_string: z.string().describe('Exact text as in the file, without line numbers'),
	new_string: z.string(),
	replace_all: z.boolean().optional().describe('Replace every occurrence; default false'),
});

export const editTool: Tool<z.infer<typeof input>> = {
	name: 'Edit',
	version: 2,
	description:
		'Replaces old_string by new_string in a file. old_string must match exactly, white space included, and be unique: add surrounding lines until it is, or set replace_all. In a notebook (.ipynb) it looks in the source of each cell. Read the file first. The user may review, change or reject the edit; the result says so.',
	input,
	effect: 'write',
	label: ({ file_path }) => ({ verb: 'Edit', target: file_path, path: file_path }),
	target: ({ file_path }) => ({ kind: 'path', path: file_path }),
	async run({ file_path, old_string, new_string, replace_all = false }, context) {
		const edited = await readForEdit(file_path, context);
		if (isOutcome(edited)) return edited;
		const change = { oldString: toLf(old_string), newString: toLf(new_string), replaceAll: replace_all };
		const applied = editText(file_path, edited.text, change);
		if (applied.kind === 'failed') return failure(`${file_path} was not changed. ${applied.message}`, applied.summary);
		context.signal.throwIfAborted();
		const { file, absolute, before } = edited;
		const outcome = await context.files.edit({ file, absolute, before, text: applied.text });
		const places = replace_all ? ` in ${plural(applied.count, 'place')}` : '';
		return describeEdit(file_path, `Edited ${file_path}${places}`, outcome);
	},
};

/** One replacement in a text, or in the cells of a notebook. Texts have `\n` line ends. */
export function editText(filePath: string, text: string, edit: TextEdit): NotebookEdit {
	if (isNotebookPath(filePath)) return editNotebook(text, edit);
	const applied = applyEdit(text, edit);
	if (applied.kind === 'applied') return applied;
	return { kind: 'failed', message: describeEditFailure(applied), summary: shortFailure(applied.kind) };
}

function shortFailure(kind: 'notFound' | 'ambiguous' | 'identical' | 'emptyOld'): string {
	return {
		notFound: 'text not found',
		ambiguous: 'text is not unique',
		identical: 'no change',
		emptyOld: 'no text given',
	}[kind];
}
