/** Write: a whole file, new or replaced. Parts of a file are Edit's. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { isNotebookPath, readNotebook } from '../edit/notebookFile.ts';
import { decodeText, toLf } from '../edit/textFile.ts';
import { describeEdit } from './editResult.ts';
import { failure, insideOnly, isOutcome, success, unreadable } from './paths.ts';
import type { Tool } from './tool.ts';

const input = z.object({ file_path: z.string().min(1), content: z.string() });

export const writeTool: Tool<z.infer<typeof input>> = {
	name: 'Write',
	version: 1,
	description:
		'Creates a file, or replaces the whole content of one (read it first). Missing folders are made. Use Edit to change a part. The user may review, change or reject it.',
	input,
	effect: 'write',
	label: ({ file_path }) => ({ verb: 'Write', target: file_path, path: file_path }),
	target: ({ file_path }) => ({ kind: 'path', path: file_path }),
	async run({ file_path, content }, context) {
		const resolved = insideOnly(await context.files.resolve(file_path), file_path);
		if (isOutcome(resolved)) return resolved;
		if (/[/\\]$/.test(file_path))
			return failure(
				`${file_path} ends with a slash, so it names a folder. Nothing was written. Folders are made with the files in them.`,
				'a folder',
			);
		const before = await context.files.read(resolved.absolute);
		if (before.kind !== 'file' && before.kind !== 'absent') return unreadable(file_path, before);
		const text = toLf(content);
		if (before.kind === 'file') {
			const old = decodeText(before.bytes, before.meta.encoding);
			if (old.kind !== 'text')
				return failure(
					`${file_path} is not replaced by text: ${old.kind === 'binary' ? 'it is a binary file' : old.reason}. Nothing was changed. Choose another name.`,
					'not a text file',
				);
			if (toLf(old.file.text) === text)
				return success(`${file_path} already has exactly this content; nothing was changed.`, 'no change');
		}
		if (before.kind === 'file' && isNotebookPath(file_path) && !readNotebook(text))
			return failure(
				`${file_path} is a notebook, and the new content is not (JSON, nbformat 4). Nothing was changed. Use Edit to change the source of its cells.`,
				'not a notebook',
			);
		context.signal.throwIfAborted();
		const { file, absolute } = resolved;
		const outcome = await context.files.edit({ file, absolute, before, text, isWhole: true });
		const lines = plural(text === '' ? 0 : text.replace(/\n$/, '').split('\n').length, 'line');
		const done = before.kind === 'absent' ? `Created ${file_path} with ${lines}` : `Replaced ${file_path}`;
		return describeEdit(file_path, done, outcome);
	},
};
