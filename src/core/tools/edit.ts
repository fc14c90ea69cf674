/** Edit: replaces one exact string in a file, or all of its occurrences. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { applyEdit, describeEditFailure } from '../edit/applyEdit.ts';
import { editNotebook } from '../edit/editNotebook.ts';
import { isNotebookPath } from '../edit/notebookFile.ts';
import { decodeText, toLf } from '../edit/textFile.ts';
import { describeEdit } from './editResult.ts';
import { baseName, failure, insideOnly, isOutcome, unreadable } from './paths.ts';
import type { Tool } from './tool.ts';

const input = z.object({
	file_path: z.string().min(1),
	old_string: z.string().min(1).describe('Exact text as in the file, without line numbers'),
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
		const resolved = insideOnly(await context.files.resolve(file_path), file_path);
		if (isOutcome(resolved)) return resolved;
		const before = await context.files.read(resolved.absolute);
		if (before.kind === 'absent')
			return failure(
				`${file_path} does not exist. Use Glob, e.g. **/${baseName(file_path)}, to find it, or Write to create it.`,
				'no such file',
			);
		if (before.kind !== 'file') return unreadable(file_path, before);
		const decoded = decodeText(before.bytes, before.meta.encoding);
		if (decoded.kind !== 'text')
			return failure(
				`${file_path} cannot be edited as text: ${decoded.kind === 'binary' ? 'it is a binary file' : decoded.reason}. Nothing was changed.`,
				'not a text file',
			);
		const change = { oldString: toLf(old_string), newString: toLf(new_string), replaceAll: replace_all };
		const text = decoded.file.eol === 'mixed' ? toLf(decoded.file.text) : decoded.file.text;
		const applied = isNotebookPath(file_path) ? editNotebook(text, change) : applyEdit(text, change);
		if (applied.kind === 'failed') return failure(`${file_path} was not changed. ${applied.message}`, applied.summary);
		if (applied.kind !== 'applied')
			return failure(`${file_path} was not changed. ${describeEditFailure(applied)}`, shortFailure(applied.kind));
		context.signal.throwIfAborted();
		const { file, absolute } = resolved;
		const outcome = await context.files.edit({ file, absolute, before, text: applied.text });
		const places = replace_all ? ` in ${plural(applied.count, 'place')}` : '';
		return describeEdit(file_path, `Edited ${file_path}${places}`, outcome);
	},
};

function shortFailure(kind: 'notFound' | 'ambiguous' | 'identical' | 'emptyOld'): string {
	return {
		notFound: 'text not found',
		ambiguous: 'text is not unique',
		identical: 'no change',
		emptyOld: 'no text given',
	}[kind];
}
