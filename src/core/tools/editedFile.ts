/** What the editing tools start from: the file that a path names, read as text, or the sentence that says why it cannot be edited. */
import { decodeText, toLf } from '../edit/textFile.ts';
import type { ResolvedPath } from '../ports.ts';
import { nextForMissing } from './missingPath.ts';
import { failure, insideOnly, isOutcome, unreadable } from './paths.ts';
import type { EditRequest, ToolContext, ToolOutcome } from './tool.ts';

export type EditedFile = Pick<Extract<ResolvedPath, { kind: 'inside' }>, 'file' | 'absolute'> & {
	readonly before: EditRequest['before'];
	/** With `\n` line ends. */
	readonly text: string;
};

export async function readForEdit(filePath: string, context: ToolContext): Promise<EditedFile | ToolOutcome> {
	const resolved = insideOnly(await context.files.resolve(filePath), filePath);
	if (isOutcome(resolved)) return resolved;
	const before = await context.files.read(resolved.absolute);
	if (before.kind === 'absent')
		return failure(
			`${filePath} does not exist. ${await nextForMissing(filePath, context)} Or use Write to create it.`,
			'no such file',
		);
	if (before.kind !== 'file') return unreadable(filePath, before);
	const decoded = decodeText(before.bytes, before.meta.encoding);
	if (decoded.kind !== 'text')
		return failure(
			`${filePath} cannot be edited as text: ${decoded.kind === 'binary' ? 'it is a binary file' : decoded.reason}. Nothing was changed. Use Bash with a program that understands it.`,
			'not a text file',
		);
	const text = decoded.file.eol === 'mixed' ? toLf(decoded.file.text) : decoded.file.text;
	return { file: resolved.file, absolute: resolved.absolute, before, text };
}
