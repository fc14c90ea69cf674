/** What Edit and Write tell the model about an edit: done, changed by the user, or rejected. */
import { plural } from '../../base/text.ts';
import { success } from './paths.ts';
import type { EditOutcome, ToolOutcome } from './tool.ts';

/** Texts the user changed are given back whole up to this size. */
const MAX_USER_TEXT_CHARS = 6_000;

/** For the card: the user's own unsaved changes are theirs to save. */
const UNSAVED_NOTE = 'not saved: the file has unsaved changes of yours';

/** `done` says what was done, as a sentence without a dot. */
export function describeEdit(path: string, done: string, outcome: EditOutcome): ToolOutcome {
	if (outcome.kind === 'rejected') {
		const words = outcome.reason?.trim();
		const why = words ? ` The user says: ${words}` : '';
		return {
			isError: true,
			content: [
				{
					type: 'text',
					text: `The user rejected this edit of ${path}; the file is unchanged.${why}\nDo not make the same edit again. ${words ? 'Follow what the user says.' : 'Ask what they want instead, or stop.'}`,
				},
			],
			summary: 'rejected',
		};
	}
	const counts = `+${outcome.addedLines} −${outcome.removedLines}`;
	const lines = [`${done} (${counts} lines).`];
	if (outcome.userText !== undefined) lines.push(userTextNote(path, outcome.userText));
	if (!outcome.isSaved)
		lines.push(
			`${path} is open with unsaved changes, so it was edited in the editor and not saved: commands still see the old content until the user saves it.`,
		);
	return success(lines.join('\n'), outcome.isSaved ? counts : `${counts}, ${UNSAVED_NOTE}`);
}

function userTextNote(path: string, text: string): string {
	const start = 'The user changed your proposal before accepting it. Keep their version; do not put yours back.';
	if (text.length > MAX_USER_TEXT_CHARS) return `${start} Read ${path} again before you edit it further.`;
	return `${start} ${path} now has ${plural(text.split('\n').length, 'line')}:\n${text}`;
}
