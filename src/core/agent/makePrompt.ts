/** What the user typed, made into a prompt. A very long text becomes an attachment, so that the transcript stays readable. */
import { UserError } from '../../base/errors.ts';
import { cutText } from '../../base/text.ts';
import type { Prompt } from './turnTypes.ts';

const MAX_PROMPT_CHARS = 100_000;
const HEAD_CHARS = 300;
/** The attachment that a very long prompt is moved to. */
export const LONG_PROMPT_NAME = 'prompt.txt';
const NOTE = `characters; all of it is in the attachment ${LONG_PROMPT_NAME}. It begins:`;

/** Throws UserError `empty-prompt` when there is neither text nor attachment. */
export function makePrompt(text: string, attachments: Prompt['attachments'] = []): Prompt {
	const trimmed = text.trim();
	if (trimmed === '' && attachments.length === 0)
		throw new UserError('empty-prompt', 'The message is empty. Nothing was sent. Type what you want done.');
	if (trimmed.length <= MAX_PROMPT_CHARS) return { text: trimmed, attachments };
	const length = trimmed.length.toLocaleString('en-US');
	return {
		text: `The message has ${length} ${NOTE}\n\n${cutText(trimmed, HEAD_CHARS)}…`,
		attachments: [{ name: LONG_PROMPT_NAME, content: [{ type: 'text', text: trimmed }] }, ...attachments],
	};
}

/** Whether this is what stands in the place of a prompt that was moved to an attachment. */
export function isLongPromptNote(text: string): boolean {
	return text.startsWith('The message has ') && text.includes(NOTE);
}
