/** The name of a session, made from its first prompt. Pure; names by the model or the user are entries like any other. */
import { cutText } from '../../base/text.ts';
import { isBlobRef, isTextBlock, type StoredInputBlock, textOfHead } from './content.ts';

/** Shown before the first prompt. */
export const NEW_SESSION_TITLE = 'New session';
/** Shown when a log has prompts but no name can be found in the part that was read. */
export const UNTITLED_SESSION = 'Untitled session';
/** Long enough to tell sessions apart, short enough for one row of a side bar. */
const MAX_TITLE_CHARS = 60;
/** Of a prompt that is a pasted file; its name stands near its start or nowhere. */
const MAX_READ_CHARS = 4_000;
/** What a list row may show of the last prompt. */
const MAX_PROMPT_CHARS = 200;

/** The first line that has text, its white space collapsed, at most 60 characters. */
export function titleFromPrompt(text: string): string {
	const start = cutText(text, MAX_READ_CHARS);
	const line = start.split(/[\r\n]+/).find((candidate) => plainName(candidate) !== '') ?? '';
	const title = plainName(line);
	if (title === '') return UNTITLED_SESSION;
	return title.length <= MAX_TITLE_CHARS ? title : `${cutText(title, MAX_TITLE_CHARS - 1).trimEnd()}…`;
}

/** `Name (fork)`, and `Name (fork 2)` for a fork of that. */
export function forkTitle(title: string): string {
	const fork = FORK_MARK.exec(title);
	if (!fork) return `${title} (fork)`;
	return `${title.slice(0, fork.index)} (fork ${Number(fork[1] ?? 1) + 1})`;
}

/** Whether a name still says that the session is a fork. */
export const isForkTitle = (title: string): boolean => FORK_MARK.test(title);
const FORK_MARK = / \(fork(?: (\d+))?\)$/;

/** The whole prompt on one line, cut for a list row. */
export function promptPreview(text: string): string {
	// Cut first: a prompt can be very long and only its start is shown.
	return cutText(plainName(cutText(text, 4 * MAX_PROMPT_CHARS)), MAX_PROMPT_CHARS);
}

/** The text of a prompt; of a stored block only what its reference shows. */
export function promptText(content: readonly StoredInputBlock[]): string {
	const texts: string[] = [];
	for (const block of content) {
		if (isBlobRef(block)) texts.push(textOfHead(block));
		else if (isTextBlock(block)) texts.push(block.text);
	}
	return texts.join('\n');
}

/**
 * Text as one line that can stand in a list, a tab or a message, wherever it came from: without controls, marks that turn the direction
 * around, and halves of characters; and no link, since a message of VS Code would make it one that runs a command.
 */
export function plainName(text: string): string {
	return text
		.replace(/(?![\u200c\u200d])[\p{Cf}\p{Co}\p{Cs}]/gu, '')
		.replace(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+/gu, ' ')
		.replace(/\]\((?=\S)/g, '] (')
		.trim();
}
