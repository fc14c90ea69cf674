/** Puts the outputs of a prompt's commands where the prompt has their marks. Pure: what is sent follows from the entries alone. */
import { type InputBlock, isTextBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { reportMark, withOutputsAt } from '../skills/expandInstruction.ts';

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
	if (!command || !first || !isTextBlock(first)) return { content, placed: [] };
	const { runs = [], fork } = command;
	if (fork) {
		// What was run stands in the conversation of the agent.
		const ran = runs.map(({ toolUseId }) => toolUseId);
		const report = textOf(fork.toolUseId);
		const line = `/${command.name}${command.argument === '' ? '' : ` ${command.argument}`}`;
		if (report === undefined || first.text !== reportMark(line, fork.kind)) return { content, placed: ran };
		const text = `${line}\n\nAn agent (${fork.kind}) has done this. Its report:\n\n${report}`;
		return { content: [{ ...first, text }, ...others], placed: [fork.toolUseId, ...ran] };
	}
	const { text, placed } = withOutputsAt(first.text, runs, ({ toolUseId }) => textOf(toolUseId));
	if (placed.length === 0) return { content, placed: [] };
	return { content: [{ ...first, text }, ...others], placed: placed.map(({ toolUseId }) => toolUseId) };
}
