/** What is looked at before a prompt leaves: credentials in it, and whether it can fit at all. Pure; whether it is sent all the same is the user's word. */
import { isTextBlock } from '../session/content.ts';
import { foundSecrets } from './maskSecrets.ts';
import type { Prompt } from './turnTypes.ts';

/** Sentences for the user. */
export type PromptProblem = { readonly code: 'secret' | 'tooLarge'; readonly text: string };

export type PromptSurroundings = {
	/** The context window, in tokens. */
	readonly windowTokens: number;
	/** Nothing of the prompt leaves this machine. */
	readonly isLocal: boolean;
};

type PromptCheck = (texts: readonly string[], around: PromptSurroundings) => PromptProblem | undefined;

/** In their order; each says at most one thing. */
const CHECKS: readonly PromptCheck[] = [secretCheck, sizeCheck];

export function promptProblems({ text, attachments }: Prompt, around: PromptSurroundings): readonly PromptProblem[] {
	const attached = attachments.flatMap(({ content }) =>
		content.flatMap((block) => (isTextBlock(block) ? [block.text] : [])),
	);
	return CHECKS.flatMap((check) => check([text, ...attached], around) ?? []);
}

const MAX_NAMED = 4;

function secretCheck(texts: readonly string[], { isLocal }: PromptSurroundings): PromptProblem | undefined {
	if (isLocal) return undefined;
	const found = [
		...new Set(texts.flatMap((text) => foundSecrets(text)).map(({ name, sample }) => `${name} ${sample}`)),
	];
	if (found.length === 0) return undefined;
	const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : '';
	const what = found.slice(0, MAX_NAMED).join(', ');
	return {
		code: 'secret',
		text: `It seems to hold credentials: ${what}${more}. They would be sent to the model and kept in the session’s log.`,
	};
}

/** Text has at most about so many characters per token; with fewer it is even larger. */
const MOST_CHARS_PER_TOKEN = 5;

function sizeCheck(texts: readonly string[], { windowTokens }: PromptSurroundings): PromptProblem | undefined {
	const least = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / MOST_CHARS_PER_TOKEN);
	if (least < windowTokens) return undefined;
	const [has, fits] = [least, windowTokens].map((count) => count.toLocaleString('en-US'));
	return {
		code: 'tooLarge',
		text: `It has at least ${has} tokens, and the context window of the model has ${fits}, so it will most likely be refused.`,
	};
}
