/** What is asked before sessions go to the trash, and before the trash is emptied. Pure. */
import { plural } from '../../base/text.ts';
import { plainMessage } from '../plainLabel.ts';

export type Dialog = { readonly message: string; readonly detail: string; readonly button: string };

const MAX_NAMES = 8;

export function deleteDialog(sessions: {
	readonly names: readonly string[];
	/** How many of them are in a turn. */
	readonly running: number;
	/** Kept on the disk. */
	readonly isPersisted: boolean;
	/** What else goes. */
	readonly note?: string;
}): Dialog {
	const { names, running, isPersisted, note = '' } = sessions;
	const isOne = names.length === 1;
	const details = isOne ? [] : [listOf(names)];
	if (running > 0)
		details.push(isOne ? 'It is running and is stopped first.' : `${running} of them are stopped first.`);
	const [they, are] = isOne ? ['It', 'is'] : ['They', 'are'];
	const end = isPersisted ? '' : ' until this window closes, since sessions are not kept on disk here';
	details.push(`${they} ${are} moved to the trash and can be restored from there${end}. No file of yours is changed.`);
	if (note !== '') details.push(note);
	return {
		message: plainMessage(isOne ? `Delete “${names[0]}”?` : `Delete ${plural(names.length, 'session')}?`),
		detail: plainMessage(details.join('\n\n')),
		button: 'Move to Trash',
	};
}

export function emptyTrashDialog(names: readonly string[]): Dialog {
	return {
		message: `Delete ${plural(names.length, 'session')} for good?`,
		detail: plainMessage(`${listOf(names)}\n\nThis cannot be undone. What a fork still reads is kept.`),
		button: 'Empty Trash',
	};
}

function listOf(names: readonly string[]): string {
	const shown = names.slice(0, MAX_NAMES).map((name) => `“${name}”`);
	if (names.length > shown.length) shown.push(`and ${names.length - shown.length} more`);
	return shown.join('\n');
}
