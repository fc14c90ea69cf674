/** MultiEdit: several replacements in one file, one after the other, all of them or none. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { toLf } from '../edit/textFile.ts';
import { editText } from './edit.ts';
import { readForEdit } from './editedFile.ts';
import { describeEdit } from './editResult.ts';
import { failure, isOutcome } from './paths.ts';
import type { Tool } from './tool.ts';

const input = z.object({
	file_path: z.string().min(1),
	edits: z
		.array(
			z.object({
				old_string: z.string(),
				new_string: z.string(),
				replace_all: z.boolean().optional(),
			}),
		)
		.min(1)
		.describe('In order: each one is applied to what the ones before it left'),
});

export const multiEditTool: Tool<z.infer<typeof input>> = {
	name: 'MultiEdit',
	version: 1,
	description:
		'Makes several replacements in one file at once, each by the rules of Edit. When one of them cannot be made, none is.',
	input,
	effect: 'write',
	label: ({ file_path }) => ({ verb: 'Edit', target: file_path, path: file_path }),
	target: ({ file_path }) => ({ kind: 'path', path: file_path }),
	async run({ file_path, edits }, context) {
		const edited = await readForEdit(file_path, context);
		if (isOutcome(edited)) return edited;
		let { text } = edited;
		let count = 0;
		for (const [index, { old_string, new_string, replace_all = false }] of edits.entries()) {
			const change = { oldString: toLf(old_string), newString: toLf(new_string), replaceAll: replace_all };
			const applied = editText(file_path, text, change);
			if (applied.kind === 'failed')
				return failure(
					`${file_path} was not changed: edit ${index + 1} of ${edits.length} cannot be made${index > 0 ? ' in what the ones before it would leave' : ''}. ${applied.message}`,
					`edit ${index + 1}: ${applied.summary}`,
				);
			text = applied.text;
			count += applied.count;
		}
		context.signal.throwIfAborted();
		const { file, absolute, before } = edited;
		const outcome = await context.files.edit({ file, absolute, before, text });
		const what =
			count === edits.length ? plural(count, 'edit') : `${plural(edits.length, 'edit')}, ${plural(count, 'place')}`;
		return describeEdit(file_path, `Edited ${file_path} (${what})`, outcome);
	},
};
