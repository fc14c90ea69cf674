/** The row of a hook that said something, held something up, changed something or failed. Pure. */
import { plural } from '../../base/text.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { ItemOf, TranscriptInputs } from './transcriptRows.ts';

export function hookRow(entry: EntryOf<'hook'>): ItemOf<'tool'> {
	const { point, command, outcome = entry.exitCode === 0 ? 'ok' : 'failed', note, updatedInput, output } = entry;
	const changed = updatedInput === undefined ? [] : [`New input: ${JSON.stringify(updatedInput)}`];
	const whole = [...(note === undefined ? [] : [note]), ...changed, ...(output === note ? [] : [output])];
	return {
		kind: 'tool',
		id: entry.id,
		verb: 'Hook',
		target: `${point}: ${command}`,
		state: outcome === 'failed' ? 'failed' : outcome === 'blocked' ? 'interrupted' : 'done',
		summary: summaryOf(entry, outcome),
		...(note === undefined || note === '' || outcome === 'ok' ? {} : { note }),
		durationMs: entry.durationMs,
		preview: whole.filter((part) => part !== '').join('\n'),
		isTruncated: false,
	};
}

function summaryOf(
	{ point, changedFiles = 0, updatedInput }: EntryOf<'hook'>,
	outcome: NonNullable<EntryOf<'hook'>['outcome']>,
): string {
	const files = changedFiles === 0 ? [] : [`changed ${plural(changedFiles, 'file')}`];
	const input = updatedInput === undefined ? [] : ['changed the input'];
	switch (outcome) {
		case 'failed':
			return ['failed', ...files].join(', ');
		case 'blocked':
			return [HELD_UP[point] ?? 'blocked', ...files].join(', ');
		case 'ok':
			return [...input, ...files].join(', ');
	}
}

const HELD_UP: Readonly<Record<string, string>> = {
	Stop: 'goes on',
	SubagentStop: 'goes on',
	PostToolUse: 'objects',
	UserPromptSubmit: 'held back',
};

/** The row of a call as it reads with the input that it really got. */
export function withInput(
	row: ItemOf<'tool'>,
	tool: string | undefined,
	input: unknown,
	inputs: TranscriptInputs,
): ItemOf<'tool'> {
	if (tool === undefined || input === undefined) return row;
	const { verb, target, path } = inputs.label(tool, input);
	return { ...row, verb, target, ...(path === undefined ? {} : { path }) };
}
