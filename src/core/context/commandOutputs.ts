/** Puts the outputs of a prompt's commands where the prompt has their marks. Pure: what is sent follows from the entries alone. */
import { type InputBlock, isTextBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { outputMark } from '../skills/expandInstruction.ts';

/** The outputs that stand in `entries`, by the call that gave them. */
export function outputsIn(entries: readonly Entry[]): ReadonlyMap<string, EntryOf<'attachment'>> {
	return new Map(
		entries.flatMap((entry) => (entry.type === 'attachment' && entry.ran ? [[entry.ran.toolUseId, entry]] : [])),
	);
}

/** The content of the prompt with outputs in it, and which of them are. A mark that is not there any more, say after an edit, takes none. */
export function withOutputs(
	{ command }: EntryOf<'user'>,
	content: readonly InputBlock[],
	textOf: (toolUseId: string) => string | undefined,
): { readonly content: readonly InputBlock[]; readonly placed: readonly string[] } {
	const [first, ...others] = content;
	const placed: string[] = [];
	if (!command?.runs || !first || !isTextBlock(first)) return { content, placed };
	let text = '';
	let from = 0;
	for (const { toolUseId, command: line, at, length } of command.runs) {
		const output = textOf(toolUseId);
		if (output === undefined || at < from || first.text.slice(at, at + length) !== outputMark(line)) continue;
		text += first.text.slice(from, at) + output;
		from = at + length;
		placed.push(toolUseId);
	}
	if (placed.length === 0) return { content, placed };
	return { content: [{ ...first, text: text + first.text.slice(from) }, ...others], placed };
}
