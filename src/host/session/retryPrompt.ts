/** What *Try Again* sends after a turn that broke off. Pure. */
import type { Prompt, PromptCommand } from '../../core/agent/turnTypes.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';

export type Retry =
	/** Nothing came of it: the prompt once more, in its own place. */
	| { readonly kind: 'again'; readonly prompt: EntryOf<'user'> }
	/** The model is asked to go on. */
	| { readonly kind: 'goOn'; readonly prompt: Prompt };

export function retryOf(branch: readonly Entry[]): Retry {
	const at = branch.findLastIndex((entry) => entry.type === 'user');
	const prompt = branch[at];
	if (prompt?.type !== 'user') return goOn(undefined);
	// Memory files and lists come again by themselves.
	const isTouched = branch
		.slice(at + 1)
		.some((entry) => entry.type === 'assistant' || (entry.type === 'attachment' && !(entry.memory ?? entry.list)));
	return isTouched ? goOn(prompt.command) : { kind: 'again', prompt };
}

/**
 * The work of a slash command goes on as it began: with the model, the effort and the rules that its file brought, by the same answer about
 * just that content. What was run beforehand stands in the conversation.
 */
function goOn(command: PromptCommand | undefined): Retry {
	const prompt = { text: 'Continue.', attachments: [] };
	if (!command) return { kind: 'goOn', prompt };
	const { name, argument, grant, denied, model, tuning } = command;
	const continued: PromptCommand = { name, argument, continues: true, grant, denied, model, tuning };
	return { kind: 'goOn', prompt: { ...prompt, command: continued } };
}
